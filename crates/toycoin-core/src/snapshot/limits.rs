//! The sizes and places of snapshots, which are the same on every network.

/// The number of blocks between snapshots: there is one at each height that it divides, except 0.
pub const INTERVAL: u64 = 2_048;

/// The number of blocks that must lie above a snapshot before it is offered.
pub const DEPTH: u64 = 288;

/// The number of coins in a chunk; the last chunk has the rest.
pub const CHUNK_COINS: usize = 4_096;

/// The most chunks of a snapshot, and so the most coins: 134,217,728.
pub const MAX_CHUNKS: usize = 32_768;

/// The most coins of a snapshot.
pub const MAX_COINS: u64 = MAX_CHUNKS as u64 * CHUNK_COINS as u64;
