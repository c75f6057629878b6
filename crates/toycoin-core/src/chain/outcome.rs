//! The outcomes of what a chain is asked to do.

use crate::{consensus::RuleError, digest::BlockHash};

/// The outcome of [`Chain::apply`](crate::Chain::apply).
#[derive(Debug, Clone)]
pub enum Applied {
    /// The active chain grew by this block, and perhaps by others that had waited for it.
    Extended {
        /// The height of the new tip.
        height: u64,
    },
    /// Another branch became the active chain: a reorganisation.
    Reorganised {
        /// The blocks that left the active chain, the old tip first.
        disconnected: Vec<BlockHash>,
        /// The blocks that entered the active chain, the new tip last.
        connected: Vec<BlockHash>,
    },
    /// The block is kept on another branch, whose work does not exceed the work of the active chain: a stale block.
    SideChain,
    /// The block was known already.
    Known,
}

/// The outcome of [`Chain::insert_block`](crate::Chain::insert_block).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// The block is stored, and [`Chain::advance`](crate::Chain::advance) may have something to do.
    New,
    /// The block was stored already.
    Known,
}

/// The outcome of one call of [`Chain::advance`](crate::Chain::advance).
#[derive(Debug, Clone)]
pub enum Advance {
    /// There is nothing to do.
    Idle,
    /// One block of a reorganisation was judged, or the store was compared with its checksums. There is more to do.
    Working,
    /// The tip moved. There may be more to do.
    Moved(Moved),
    /// A block breaks a rule. The block and its descendants are marked as invalid, the active chain is unchanged.
    Invalid {
        /// The invalid block.
        hash: BlockHash,
        /// The rule that it breaks.
        error: RuleError,
    },
}

/// A move of the tip, as the hashes of the blocks that leave and enter the active chain.
///
/// Hashes only, because the blocks of a deep reorganisation may together be larger than memory. A follower reads them
/// one by one with [`Chain::block`](crate::Chain::block).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The blocks that left the active chain, the old tip first.
    pub disconnected: Vec<BlockHash>,
    /// The blocks that entered the active chain, the new tip last.
    pub connected: Vec<BlockHash>,
}
