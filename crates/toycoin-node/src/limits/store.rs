//! Bounds on the store: its cache, the groups that it writes, and the free space in its database.

use std::time::Duration;

/// Memory for pages that were read from the store's database, in bytes: 64 MiB.
pub const STORE_CACHE: usize = 64 << 20;

/// Most blocks that a store holds back during initial block download (IBD), to write them together.
pub const GROUP_BLOCKS: usize = 10_000;

/// Approximate bytes of memory of blocks after which a store writes what it holds back: 48 MiB, some 11 full blocks.
/// Each group of full blocks rewrites most of the UTXO set's pages, so fewer groups are written faster.
pub const GROUP_BYTES: u64 = 48 << 20;

/// Number of blocks that a store which writes behind writes together, if its thread is idle. With fewer, less is left to
/// write at the tip. With more, more coins are spent in the group that made them, and never reach the database.
pub const BEHIND_BLOCKS: usize = 5_000;

/// Longest time for which a store holds blocks back.
pub const GROUP_TIME: Duration = Duration::from_secs(2);

/// Most blocks in a group that counts as written at the tip. After a larger group the store does not compact its
/// database, because initial block download (IBD) needs the space again at once.
pub const FEW_BLOCKS: usize = 8;

/// Bytes that a store's database may exceed two and a half times its pages in use before it is compacted: 64 KiB.
pub const INDEX_SLACK: u64 = 64 << 10;

/// Bytes that what was written of a store's database may exceed one and a quarter times its pages in use before it is
/// compacted after initial block download (IBD): 1 MiB.
pub const WRITTEN_SLACK: u64 = 1 << 20;
