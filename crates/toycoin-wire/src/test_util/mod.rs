//! Strategies for property tests, of this crate and of its users: every message of both layers.
//!
//! What they draw is well-formed, so that it encodes and comes back equal; most of it breaks the rules of consensus,
//! which are not this crate's matter.

mod node;
mod relay;

pub use node::{
    any_block, any_block_hash, any_coinbase, any_header, any_node_message, any_status, any_transaction,
    chain_node_message,
};
pub use relay::{RelayMessageBuf, any_channel, any_conversation, any_node_id, any_relay_message};
