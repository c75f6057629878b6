//! Snapshots of a chain, for tests that begin another chain there.

use std::fmt::Debug;

use crate::{
    chain::Chain,
    snapshot::{CoinBytes, KeptSnapshot},
    store::{ChainStore, SnapshotRoot},
};

/// Returns what a chain needs that begins at the block of the active chain at `height`.
///
/// # Panics
/// When the chain has no such block, or nothing below it.
pub fn snapshot_root<S: ChainStore>(chain: &Chain<S>, height: u64) -> SnapshotRoot {
    let entry = |height| chain.header_at(height).expect("a block of the active chain");
    let (previous, block) = (entry(height - 1), entry(height));
    SnapshotRoot { previous: previous.header, previous_work: previous.work, header: block.header, work: block.work }
}

/// Returns the coins of a snapshot that the chain offers.
///
/// # Panics
/// When the store fails or lacks a chunk.
pub fn snapshot_coins<S: ChainStore<Error: Debug>>(chain: &Chain<S>, kept: &KeptSnapshot) -> Vec<CoinBytes> {
    let chunk = |place| chain.snapshot_chunk(&kept.id, place).expect("a sound store").expect("a chunk of the snapshot");
    (0..).take(kept.manifest.chunks.len()).flat_map(chunk).collect()
}
