//! Chunks of snapshots.

use serde::{Deserialize, Serialize};
use toycoin_core::snapshot::CoinBytes;

/// A request for a chunk, `GCHK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetChunk {
    /// The id of the snapshot's manifest.
    pub snapshot: [u8; 32],
    /// The place of the chunk, from 0.
    pub place: u32,
}

/// A chunk of a snapshot, `CHNK`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The id of the snapshot's manifest.
    pub snapshot: [u8; 32],
    /// The place of the chunk, from 0.
    pub place: u32,
    /// Its coins, in ascending order of their outpoints.
    pub coins: Vec<CoinBytes>,
}
