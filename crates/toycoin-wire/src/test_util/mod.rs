//! Strategies for property tests of this crate and its users: every message of both layers.
//!
//! The messages are well-formed, so that each can be encoded and decoded without change. Most of them break consensus
//! rules, which this crate does not check.

mod light;
mod node;
mod relay;

pub use node::{
    any_block, any_block_hash, any_coinbase, any_header, any_node_message, any_status, any_transaction,
    chain_node_message,
};
pub use relay::{RelayMessageBuf, any_channel, any_conversation, any_node_id, any_relay_message};
