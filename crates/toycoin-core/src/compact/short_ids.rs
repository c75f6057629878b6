//! The short ids of the payments in one compact block.

use super::ShortId;
use crate::{commitment::Domain, digest::Wtxid, header::Header};

/// The short ids of one compact block.
#[derive(Debug, Clone)]
pub struct ShortIds {
    key: [u8; 32],
}

impl ShortIds {
    /// Returns the short ids of a block with that header and nonce. Their key is `H_compact(header | nonce)`.
    pub fn new(header: &Header, nonce: u64) -> Self {
        Self { key: Domain::Compact.hasher().bytes(&header.to_bytes()).u64(nonce).finish() }
    }

    /// Returns the short id of a payment: the first 6 bytes of `BLAKE3.keyed_hash(key, wtxid)`.
    pub fn of(&self, wtxid: Wtxid) -> ShortId {
        let hash = blake3::keyed_hash(&self.key, wtxid.as_bytes());
        *hash.as_bytes().first_chunk().expect("a hash has more than 6 bytes")
    }
}
