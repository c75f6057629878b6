//! The chain of an honest node, as numbers: when each block was found, how hard it was, who found it.

use std::time::Duration;

use toycoin_core::{Block, BlockHash};
use toycoin_sim::{Network, miner_key};

/// A block of an honest node's chain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) hash: BlockHash,
    /// The time in its header, in Unix milliseconds.
    pub(super) time: u64,
    /// Its work, in multiples of genesis's.
    pub(super) work: f64,
    /// The node that its coinbase pays.
    pub(super) miner: Option<usize>,
}

/// Returns the blocks of the first honest node's chain, genesis first.
pub(super) fn history(network: &Network, nodes: usize) -> Vec<Found> {
    let Some((_, chain)) = network.chains().next() else { return Vec::new() };
    let owners: Vec<_> = (0..nodes).map(|node| miner_key(node).public_key()).collect();
    let miner = |block: &Block| {
        let owner = block.coinbase.outputs.first()?.owner;
        owners.iter().position(|of| *of == owner)
    };
    let mut genesis = None;
    let found = |height| {
        let entry = chain.header_at(height)?;
        let work = entry.header.bits.to_target().ok()?.work().to_f64();
        let block = chain.block_at(height).ok().flatten();
        Some(Found {
            hash: entry.hash,
            time: entry.header.time,
            work: work / *genesis.get_or_insert(work),
            miner: block.and_then(|block| miner(block.block())),
        })
    };
    (0..=chain.height()).map_while(found).collect()
}

/// Returns the Unix time in milliseconds at which a run began, as clocks show it that are right.
pub(super) fn begun(network: &Network) -> u64 {
    network.unix_ms().saturating_sub(milliseconds(network.now()))
}

/// Returns a time in whole milliseconds.
pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Returns a height as a place in [`history`].
pub(super) fn place(height: u64) -> usize {
    usize::try_from(height).unwrap_or(usize::MAX)
}

/// Returns the time between two moments in Unix milliseconds, in spacings; below 0 if the second one comes first.
pub(super) fn spacings(from: u64, to: u64, spacing: Duration) -> f64 {
    let milliseconds = to as f64 - from as f64;
    milliseconds / 1_000.0 / spacing.as_secs_f64()
}
