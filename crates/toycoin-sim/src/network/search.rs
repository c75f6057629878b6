//! A node's search for a block.

use toycoin_core::Header;
use toycoin_node::protocol::MiningJob;

use crate::network::queue::QueueKey;

/// A node's current search for a block.
#[derive(Debug)]
pub(crate) struct Search {
    pub(super) job: MiningJob,
    pub(super) place: Option<QueueKey>,
}

/// Returns the header with a nonce that meets its target, which takes a few hundred tries on this network, and
/// `MAX_GROWTH` times as many where a caller raised the hash rates.
pub(crate) fn solve_header(mut header: Header) -> Header {
    if let Ok(target) = header.bits.to_target() {
        while !target.is_met_by(&header.hash()) {
            header.nonce = header.nonce.wrapping_add(1);
        }
    }
    header
}

/// Changes a header's nonce until its hash misses its own target. Targets are easy here: another nonce alone may meet it.
pub(crate) fn spoil_header(header: &mut Header) {
    if let Ok(target) = header.bits.to_target() {
        while target.is_met_by(&header.hash()) {
            header.nonce = header.nonce.wrapping_add(1);
        }
    }
}
