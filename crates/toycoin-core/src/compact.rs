//! Compact blocks: a block whose payments the receiver most likely has, in 3 % of its bytes.

use crate::{commitment::Domain, digest::Wtxid, header::Header, transaction::Coinbase};

/// A block with short ids in place of its payments.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompactBlock {
    /// The block's header.
    pub header: Header,
    /// A number that the sender drew, so that nobody can prepare payments whose short ids collide.
    pub nonce: u64,
    /// The block's coinbase.
    pub coinbase: Coinbase,
    /// The short ids of the payments, in the block's order.
    pub ids: Vec<ShortId>,
}

/// The short id of a payment within one compact block: the first 6 bytes of a keyed hash of its wtxid.
pub type ShortId = [u8; 6];

/// Returns the key of a block's short ids: `H_compact(header | nonce)`.
fn key(header: &Header, nonce: u64) -> [u8; 32] {
    Domain::Compact.hasher().bytes(&header.to_bytes()).u64(nonce).finish()
}

/// The short ids of one compact block.
#[derive(Debug, Clone)]
pub struct ShortIds {
    key: [u8; 32],
}

impl ShortIds {
    /// Returns the short ids of a block with that header and nonce.
    pub fn new(header: &Header, nonce: u64) -> Self {
        Self { key: key(header, nonce) }
    }

    /// Returns the short id of a payment: the first 6 bytes of `BLAKE3.keyed_hash(key, wtxid)`.
    pub fn of(&self, wtxid: Wtxid) -> ShortId {
        let hash = blake3::keyed_hash(&self.key, wtxid.as_bytes());
        *hash.as_bytes().first_chunk().expect("a hash has more than 6 bytes")
    }
}
