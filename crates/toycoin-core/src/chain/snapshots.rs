//! Snapshots of the UTXO set: when a chain makes one, which it offers, and where it began itself.

use std::sync::Arc;

use crate::{
    chain::{Chain, ChainError, header_tree::NodeId},
    digest::BlockHash,
    proof::Opening,
    snapshot::{CoinBytes, DEPTH, INTERVAL, KeptSnapshot},
    store::ChainStore,
};

impl<S: ChainStore> Chain<S> {
    /// Returns the height of the snapshot at which the chain began; `None` if it began at genesis.
    ///
    /// The coins up to that block were not computed from blocks. The proof of work covers them, and that is all that is
    /// known of them until somebody computes them from genesis. The chain has neither blocks nor headers below, but for
    /// the block's parent. So it proves nothing to others, and makes no snapshots.
    pub fn snapshot_height(&self) -> Option<u64> {
        let base = self.tree.base();
        (base > 0).then_some(base + 1)
    }

    /// Returns the snapshot of a block that the chain offers, `None` if it does not. Zeros stand for the newest one.
    ///
    /// A snapshot is offered when [`DEPTH`] blocks lie above its block, which is on the active chain.
    pub fn offered_snapshot(&self, block: &BlockHash) -> Option<Arc<KeptSnapshot>> {
        let is_wanted = |kept: &KeptSnapshot| *block == BlockHash::ZERO || kept.block == *block;
        let offered = self.offered_snapshots().filter(|kept| is_wanted(kept));
        offered.max_by_key(|kept| kept.manifest.header.height)
    }

    /// Returns the snapshot that the chain offers under an id.
    pub fn snapshot_of_id(&self, id: &[u8; 32]) -> Option<Arc<KeptSnapshot>> {
        self.offered_snapshots().find(|kept| kept.id == *id)
    }

    /// Returns a chunk of a snapshot that the chain offers; `None` if it does not, or there is no such chunk.
    ///
    /// # Errors
    /// An error of the store.
    pub fn snapshot_chunk(&self, id: &[u8; 32], place: u32) -> Result<Option<Vec<CoinBytes>>, ChainError<S::Error>> {
        match self.snapshot_of_id(id) {
            Some(kept) => self.store.snapshot_chunk(&kept.id, place).map_err(ChainError::Store),
            None => Ok(None),
        }
    }

    fn offered_snapshots(&self) -> impl Iterator<Item = Arc<KeptSnapshot>> {
        let height = self.height();
        let is_offered = move |kept: &Arc<KeptSnapshot>| {
            height.saturating_sub(DEPTH) >= kept.manifest.header.height && self.is_active(&kept.block)
        };
        let kept = if self.tree.base() == 0 { self.store.snapshots() } else { Vec::new() };
        kept.into_iter().filter(is_offered)
    }

    /// Has the store make the snapshot of the tip, if there is one at its height, and if it will be among the last two
    /// when all known headers are connected.
    pub(super) fn make_snapshot_if_due(&mut self) -> Result<(), ChainError<S::Error>> {
        let height = self.height();
        let is_superseded = self.tree.best().header.height >= height.saturating_add(2 * INTERVAL + DEPTH);
        if height == 0 || !height.is_multiple_of(INTERVAL) || is_superseded || self.tree.base() > 0 {
            return Ok(());
        }
        let header = self.tree.node(self.active.last().copied().unwrap_or(NodeId::ROOT)).header;
        self.store.make_snapshot(&header, &Opening::of(&self.state)).map_err(ChainError::Store)
    }
}

#[cfg(test)]
mod tests;
