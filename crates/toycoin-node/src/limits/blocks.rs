//! Bounds on blocks that wait, and on following a move of the tip.

/// Most blocks in the pool of orphan blocks, whose parent is unknown.
pub const ORPHAN_BLOCKS: usize = 16;

/// Most bytes of orphan blocks, and most bytes of deferred blocks: 4 MiB each.
pub const ORPHAN_BLOCK_BYTES: u64 = 4 << 20;

/// Number of blocks below our tip whose work an unrequested block's chain must reach. Any other unrequested block is
/// ignored.
pub const LATE_BLOCKS: u64 = 16;

/// Bytes of blocks, by formula, that are followed in one step after the tip moved: events and the mempool's update.
/// That is one full block or many small ones. A deep reorganisation takes many steps, with other work between.
pub const FOLLOWED_BYTES: u64 = 500_000;

/// Most blocks that wait until their timestamp is no longer in the future.
pub const DEFERRED_BLOCKS: usize = 64;

/// Most unconnected blocks whose sender is remembered.
pub const REMEMBERED_SENDERS: usize = 1_024;
