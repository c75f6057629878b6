//! Bounds on the requests of the node's user.

/// Most headers on one page of all known headers, about 250 bytes each.
pub const HEADER_PAGE: usize = 1_000;

/// Most tips of branches in one answer.
pub const TIPS: usize = 100;

/// Most payments that the event of a reorganisation names.
pub const REORG_PAYMENTS: usize = 100;

/// Most requests that wait for confirmations.
pub const WAITS: usize = 4_096;

/// Most blocks in each direction of one answer about the tip's moves since a block.
pub const BLOCKS_SINCE: usize = 64;

/// Bytes of blocks, by formula, at which each direction of such an answer ends: 4 MB. The block that crosses the bound
/// is included.
pub const BLOCK_BYTES_SINCE: u64 = 4_000_000;
