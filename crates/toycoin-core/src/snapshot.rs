//! Snapshots: the coins after a block in chunks, under an id that no other set of coins has.

use crate::{commitment::Domain, digest::BlockHash, header::Header, proof::Opening, state::LtHash};

/// The number of blocks between snapshots: there is one at each height that it divides, except 0.
pub const INTERVAL: u64 = 2_048;

/// The number of blocks that must lie above a snapshot before it is offered.
pub const DEPTH: u64 = 288;

/// The number of coins in a chunk; the last chunk has the rest.
pub const CHUNK_COINS: usize = 4_096;

/// The most chunks of a snapshot, and so the most coins: 134,217,728.
pub const MAX_CHUNKS: usize = 32_768;

/// Bytes of a coin in a snapshot.
pub const COIN_BYTES: usize = 84;

/// The manifest of a snapshot: what it commits to, and the hash of each chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Manifest {
    /// The header whose block's coins these are.
    pub header: Header,
    /// The opening of the state after that block.
    pub opening: Opening,
    /// The LtHash of the coins, whose digest is in the opening.
    pub sum: LtHash,
    /// The hash of each chunk.
    pub chunks: Vec<[u8; 32]>,
}

impl Manifest {
    /// Returns the manifest's id: `H_snapshot(header hash | coins digest | count u64 | n u32 | chunk hashes)`.
    ///
    /// The order of coins and the length of chunks are fixed, so a set of coins has one id.
    pub fn id(&self) -> [u8; 32] {
        let opened = Domain::Snapshot.hasher().bytes(self.header.hash().as_bytes()).bytes(&self.opening.coins);
        let counted = opened.u64(self.opening.count).count(self.chunks.len());
        counted.each(&self.chunks, |hash, chunk| hash.bytes(chunk)).finish()
    }
}

/// Returns the hash of a chunk: `H_snapshot-chunk(header hash | place u32 | bytes)`.
pub fn chunk_hash(block: BlockHash, place: u32, coins: &[CoinBytes]) -> [u8; 32] {
    let placed = Domain::SnapshotChunk.hasher().bytes(block.as_bytes()).u32(place);
    placed.each(coins, |hash, coin| hash.bytes(&coin.0)).finish()
}

/// A coin of a snapshot as bytes: `txid | vout u32 | value u64 | owner | coinbase height u64`, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoinBytes(pub [u8; COIN_BYTES]);

#[cfg(feature = "serde")]
impl serde::Serialize for CoinBytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::digest::serialize_bytes(&self.0, serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for CoinBytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::digest::deserialize_bytes(deserializer).map(Self)
    }
}
