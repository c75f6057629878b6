//! Messages between a relay and its clients.
//!
//! A relay forwards envelopes without looking inside. Its messages are cheap to read, because names, texts and payloads
//! are borrowed from the frame.

mod channel;
mod envelope;
mod message;
mod node_id;

pub use channel::{Channel, ChannelError, ChannelRef};
pub use message::{Deliver, Hello, Publish, RelayMessage, VERSION, Welcome};
pub use node_id::NodeId;
