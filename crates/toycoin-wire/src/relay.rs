//! Messages between a relay and its clients.

mod channel;
mod node_id;

pub use channel::{Channel, ChannelError, ChannelRef};
pub use node_id::NodeId;
