//! Strategies for property tests, of this crate and of its users.

mod relay;

pub use relay::{RelayMessageBuf, any_channel, any_conversation, any_node_id, any_relay_message};
