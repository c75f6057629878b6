//! Snapshots: the coins after a block in chunks, under an id that no other set of coins has.
//!
//! A new node can take the UTXO set from strangers instead of computing it from all blocks. The header at that height
//! commits to the set by its LtHash, so a set is right if its sum is. But the sum is known only at the end. The manifest
//! names the hash of each chunk, so that a false chunk is found when it comes, and its sender with it:
//!
//! ```text
//!   header h ── state root ── digest of the sum, number of coins
//!                                │
//!   manifest = header, opening, sum, chunk hashes ── id     a peer vouches for the id by sending the manifest
//!                                       │
//!   chunk 0 │ chunk 1 │ … │ rest     4,096 coins of 84 bytes each, strictly ascending by outpoint
//! ```
//!
//! | what does not match | [convicts](SnapshotError::convicts) |
//! | --- | --- |
//! | the manifest and the header | who sent the manifest |
//! | a chunk and its hash in the manifest | who sent the chunk |
//! | anything after that | everybody who sent this manifest: they chose its hashes |
//!
//! An honest peer announces only the true id and sends chunks that match it, so nobody can have it convicted.
//!
//! A [`Maker`] cuts a UTXO set into chunks, and a [`Collector`] checks chunks in any order. Neither holds more than one.

mod coin_bytes;
mod collector;
mod error;
mod kept;
mod limits;
mod maker;
mod manifest;
#[cfg(test)]
mod tests;

pub use self::{
    coin_bytes::{COIN_BYTES, CoinBytes},
    collector::Collector,
    error::{Convicts, SnapshotError},
    kept::{KEPT, KeptSnapshot},
    limits::{CHUNK_COINS, DEPTH, INTERVAL, MAX_CHUNKS, MAX_COINS},
    maker::{MadeChunk, MakeError, Maker},
    manifest::{Manifest, chunk_hash},
};
