//! The message that publishes a block.

use toycoin_core::{Block, compact::CompactBlock};
use toycoin_wire::node::NodeMessage;

use crate::protocol::net::Net;

/// Returns the message that publishes a block: its compact form with a nonce of this node's own.
pub(in crate::protocol) fn message(block: &Block, net: &mut Net) -> NodeMessage {
    NodeMessage::CompactBlock(CompactBlock::of(block, net.random()))
}
