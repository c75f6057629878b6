//! How long branches paused one miner.

use std::{collections::VecDeque, time::Duration};

use toycoin_core::BlockHash;

/// Pause account of one miner.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pause {
    /// Time at which the miner was last observed.
    pub(super) seen: Duration,
    /// Whether the miner was pausing then: it did not search, although nothing except a branch could stop it.
    pub(super) is_on: bool,
    /// Pause time that was used up and has not come back.
    pub(super) used: Duration,
    /// The tip when the miner was last observed.
    pub(super) tip: BlockHash,
    /// Work of that block.
    pub(super) tip_work: f64,
    /// Bodies that were delivered but that the node has not stored yet, with their work.
    pub(super) delivered: VecDeque<(BlockHash, f64)>,
}
