//! Domain-separated hashing: consensus data is fed to a hasher field by field.
//!
//! `H_name(data) = BLAKE3.keyed_hash(BLAKE3("toycoin/1 " + name), data)`, docs/consensus.md "Hashing".
//!
//! No serializer is involved: integers are little-endian and of fixed width, a count is a `u32`. Two different values
//! therefore never have the same preimage, and no codec can split the network.

use std::sync::LazyLock;

/// The purpose of a hash. Hashes of two domains never collide.
///
/// The number of a variant is its index in the table of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// A transaction without its signatures.
    Txid,
    /// A transaction with its signatures.
    Wtxid,
    /// A coinbase.
    Coinbase,
    /// The message that signatures sign.
    Sighash,
    /// A transaction in the Merkle tree.
    MerkleLeaf,
    /// An inner node of the Merkle tree.
    MerkleNode,
    /// The top of the Merkle tree with the number of leaves.
    MerkleRoot,
    /// A coin in the UTXO hash.
    UtxoElement,
    /// The sum over all coins.
    UtxoDigest,
    /// A header in the Merkle mountain range.
    MmrLeaf,
    /// An inner node of the mountain range.
    MmrNode,
    /// The top of the mountain range with the number of headers.
    MmrRoot,
    /// The state as a whole.
    State,
    /// A point of a light client's sample.
    LightSample,
    /// An item of a block filter.
    Filter,
    /// A snapshot's manifest.
    Snapshot,
    /// A chunk of a snapshot.
    SnapshotChunk,
    /// The key of a compact block's short ids.
    Compact,
    /// A text that an owner signs, so that no signature of a text is one of a payment.
    Message,
}

impl Domain {
    /// Every domain, in the order of the enum.
    pub const ALL: [Self; 19] = [
        Self::Txid,
        Self::Wtxid,
        Self::Coinbase,
        Self::Sighash,
        Self::MerkleLeaf,
        Self::MerkleNode,
        Self::MerkleRoot,
        Self::UtxoElement,
        Self::UtxoDigest,
        Self::MmrLeaf,
        Self::MmrNode,
        Self::MmrRoot,
        Self::State,
        Self::LightSample,
        Self::Filter,
        Self::Snapshot,
        Self::SnapshotChunk,
        Self::Compact,
        Self::Message,
    ];

    /// Returns the name of the domain in docs/consensus.md and in the key.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Txid => "txid",
            Self::Wtxid => "wtxid",
            Self::Coinbase => "coinbase",
            Self::Sighash => "sighash",
            Self::MerkleLeaf => "merkle-leaf",
            Self::MerkleNode => "merkle-node",
            Self::MerkleRoot => "merkle-root",
            Self::UtxoElement => "utxo-element",
            Self::UtxoDigest => "utxo-digest",
            Self::MmrLeaf => "mmr-leaf",
            Self::MmrNode => "mmr-node",
            Self::MmrRoot => "mmr-root",
            Self::State => "state",
            Self::LightSample => "light-sample",
            Self::Filter => "filter",
            Self::Snapshot => "snapshot",
            Self::SnapshotChunk => "snapshot-chunk",
            Self::Compact => "compact",
            Self::Message => "message",
        }
    }

    /// Returns a hasher keyed for this domain.
    #[inline]
    pub fn hasher(self) -> Commitment {
        // one hash per domain and process, instead of one more per hash
        static KEYS: LazyLock<[[u8; 32]; 19]> = LazyLock::new(|| {
            Domain::ALL.map(|domain| blake3::hash(format!("toycoin/1 {}", domain.name()).as_bytes()).into())
        });
        let key = KEYS.get(self as usize).expect("the table has a key for each domain");
        Commitment { key, short: [0; MAX_SHORT], len: 0, long: None }
    }
}

/// A hash in progress, fed with fields of fixed width.
///
/// Nearly all preimages are short. They are buffered and hashed in one call, because BLAKE3's incremental state has
/// almost 2,048 bytes: creating it takes longer than hashing a payment.
#[derive(Debug, Clone)]
pub struct Commitment {
    key: &'static [u8; 32],
    short: [u8; MAX_SHORT],
    /// How many bytes of `short` are used. It no longer grows once `long` is in use.
    len: usize,
    long: Option<Box<blake3::Hasher>>,
}

/// Greatest length of a short preimage, in bytes.
const MAX_SHORT: usize = 192;

impl Commitment {
    /// Feeds bytes whose number the preimage's format fixes.
    #[must_use]
    #[inline]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        match self.short.get_mut(self.len..self.len + bytes.len()) {
            Some(place) if self.long.is_none() => {
                place.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            _ => self.lengthen(bytes),
        }
        self
    }

    #[cold]
    fn lengthen(&mut self, bytes: &[u8]) {
        let (key, short) = (self.key, self.short.get(..self.len).unwrap_or_default());
        let begin = || {
            let mut hasher = Box::new(blake3::Hasher::new_keyed(key));
            hasher.update(short);
            hasher
        };
        self.long.get_or_insert_with(begin).update(bytes);
    }

    /// Feeds a little-endian `u32`.
    #[must_use]
    #[inline]
    pub fn u32(self, value: u32) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Feeds a little-endian `u64`.
    #[must_use]
    #[inline]
    pub fn u64(self, value: u64) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Feeds a count as a `u32`, clamped to `u32::MAX`: no block holds more items than that.
    #[must_use]
    #[inline]
    pub fn count(self, items: usize) -> Self {
        self.u32(u32::try_from(items).unwrap_or(u32::MAX))
    }

    /// Feeds each item with the function `feed`.
    #[must_use]
    #[inline]
    pub fn each<T>(self, items: impl IntoIterator<Item = T>, feed: impl Fn(Self, T) -> Self) -> Self {
        items.into_iter().fold(self, feed)
    }

    /// Returns the 32-byte hash.
    pub fn finish(&self) -> [u8; 32] {
        let hash = match &self.long {
            Some(hasher) => hasher.finalize(),
            None => blake3::keyed_hash(self.key, self.short.get(..self.len).unwrap_or_default()),
        };
        hash.into()
    }

    /// Fills `output` from the hash's extended output.
    pub fn finish_extended(&self, output: &mut [u8]) {
        let mut reader = match &self.long {
            Some(hasher) => hasher.finalize_xof(),
            None => {
                let short = self.short.get(..self.len).unwrap_or_default();
                blake3::Hasher::new_keyed(self.key).update(short).finalize_xof()
            }
        };
        reader.fill(output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_keyed_hash() {
        let key = blake3::hash(b"toycoin/1 merkle-leaf");
        let expected = blake3::keyed_hash(key.as_bytes(), &[1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9]);
        assert_eq!(Domain::MerkleLeaf.hasher().u32(1).u64(2).bytes(&[9]).finish(), *expected.as_bytes());
    }

    #[test]
    fn short_and_long_preimages_hash_alike_however_they_are_fed() {
        let key = blake3::hash(b"toycoin/1 txid");
        let bytes: Vec<u8> = (0..=255).cycle().take(3_000).collect();
        for len in [0, 1, 100, MAX_SHORT - 1, MAX_SHORT, MAX_SHORT + 1, 2 * MAX_SHORT, 3_000] {
            let expected = blake3::keyed_hash(key.as_bytes(), &bytes[..len]);
            for step in [1, 7, 100, MAX_SHORT, 3_000] {
                let pieces = bytes[..len].chunks(step);
                let commitment = Domain::Txid.hasher().each(pieces, |hash, piece| hash.bytes(piece));
                assert_eq!(commitment.finish(), *expected.as_bytes());
                let mut extended = [0; 100];
                commitment.finish_extended(&mut extended);
                assert_eq!(extended[..32], *expected.as_bytes());
            }
        }
    }

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (place, domain) in Domain::ALL.into_iter().enumerate() {
            assert_eq!(domain as usize, place);
        }
    }
}
