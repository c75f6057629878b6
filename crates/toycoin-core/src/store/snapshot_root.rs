//! Where a chain begins that was not computed from genesis.

use crate::{digest::BlockHash, header::Header, target::Work};

/// The block of a snapshot at which a chain begins, with what the rules for the next header need.
///
/// ```text
///   genesis ··· no headers, no blocks ··· previous ── header ── h + 1 ── h + 2 ──▶
///                                                     state after it: from the snapshot
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRoot {
    /// The header of the block's parent.
    pub previous: Header,
    /// The chain's work up to and including the parent.
    pub previous_work: Work,
    /// The block's header.
    pub header: Header,
    /// The chain's work up to and including the block.
    pub work: Work,
}

impl SnapshotRoot {
    /// Returns the block's hash.
    pub fn hash(&self) -> BlockHash {
        self.header.hash()
    }

    /// Returns whether the block follows its parent, and its work the parent's. Neither of them is genesis.
    pub fn is_coherent(&self) -> bool {
        let own = self.header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        self.previous.height > 0
            && self.previous.height.checked_add(1) == Some(self.header.height)
            && self.previous.hash() == self.header.previous
            && self.previous_work + own == self.work
    }
}
