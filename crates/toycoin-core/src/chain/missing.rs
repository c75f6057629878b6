//! Which bodies a chain lacks.

use crate::{
    chain::{Chain, header_tree::NodeId},
    digest::BlockHash,
    store::ChainStore,
};

impl<S: ChainStore> Chain<S> {
    /// Returns blocks whose bodies are missing on the branch of the best header, lowest first: at most `limit` blocks,
    /// all within `window` blocks of the lowest.
    pub fn missing_blocks(&self, limit: usize, window: u64) -> Vec<BlockHash> {
        self.missing_towards(self.tree.best_node(), limit, window)
    }

    /// Returns blocks whose bodies are missing on the branch of another header, as
    /// [`missing_blocks`](Self::missing_blocks) does for the best one. Returns none when the header is unknown or
    /// invalid, or has no more work than the tip.
    ///
    /// A node needs it when the bodies of the best header's branch do not come.
    pub fn missing_blocks_towards(&self, header: &BlockHash, limit: usize, window: u64) -> Vec<BlockHash> {
        let header = self.tree.find(header).filter(|id| !self.tree.node(*id).invalid);
        header.map(|header| self.missing_towards(header, limit, window)).unwrap_or_default()
    }

    fn missing_towards(&self, header: NodeId, limit: usize, window: u64) -> Vec<BlockHash> {
        if self.tree.node(header).work <= self.tip().work {
            return Vec::new();
        }
        let top = self.tree.node(header).header.height;
        let Some(lowest) = self.lowest_missing(header) else { return Vec::new() };
        let Some(last) = self.tree.ancestor_node(header, top.min(lowest.saturating_add(window).saturating_sub(1)))
        else {
            return Vec::new();
        };
        // from the last block down to the lowest, then reversed: the window bounds the walk
        let path = std::iter::successors(Some(last), |id| Some(self.tree.parent(*id)));
        let mut missing: Vec<_> = path
            .take_while(|id| self.tree.node(*id).header.height >= lowest)
            .filter(|id| !self.candidates.has_body(*id))
            .map(|id| self.tree.node(id).hash)
            .collect();
        missing.reverse();
        missing.truncate(limit);
        missing
    }

    /// Returns the height of the first block on the branch of a header whose body is missing.
    ///
    /// Below that height every block is complete, from it on none is, so a binary search finds it on a branch of any
    /// length. While a node catches up, the height is close to the tip: the search starts there with steps that double.
    fn lowest_missing(&self, header: NodeId) -> Option<u64> {
        let is_complete = |height| {
            let ancestor = self.tree.ancestor_node(header, height);
            ancestor.is_none_or(|id| self.candidates.is_complete(id))
        };
        let top = self.tree.node(header).header.height;
        let (mut low, mut high) = (0, top.checked_add(1)?);
        let (mut leap, mut width) = (self.height().min(top), 1);
        while low < high {
            let middle = if (low..high).contains(&leap) { leap } else { low + (high - low) / 2 };
            if is_complete(middle) {
                low = middle + 1
            } else {
                high = middle
            }
            leap = low.saturating_add(width);
            width = width.saturating_mul(2);
        }
        (low <= top).then_some(low)
    }
}
