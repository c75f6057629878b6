//! Domain-separated hashing: what the chain commits to is fed to a hasher field by field.
//!
//! `H_name(data) = BLAKE3.keyed_hash(BLAKE3("toycoin/1 " + name), data)`, docs/consensus.md "Hashing". No serializer
//! stands between a value and its hash: integers are little-endian and of fixed width, a count is a `u32`, so no two
//! values share a preimage and no codec's quirk can split the network.

use std::sync::LazyLock;

/// A purpose that a hash is for; hashes of two domains never collide.
///
/// A variant's number is its place in the table of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// A transaction without its signatures.
    Txid,
    /// A transaction with them.
    Wtxid,
    /// A coinbase.
    Coinbase,
    /// What signatures sign.
    Sighash,
    /// A transaction in the Merkle tree.
    MerkleLeaf,
    /// An inner node of it.
    MerkleNode,
    /// Its top with the number of leaves.
    MerkleRoot,
    /// A coin in the state.
    UtxoElement,
    /// The sum of all coins.
    UtxoDigest,
    /// A header in the mountain range.
    MmrLeaf,
    /// An inner node of it.
    MmrNode,
    /// Its top with the number of headers.
    MmrRoot,
    /// The state as a whole.
    State,
}

impl Domain {
    /// Every domain, in the order of the enum.
    pub const ALL: [Self; 13] = [
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
    ];

    /// Returns the name that stands in docs/consensus.md and in the key.
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
        }
    }

    /// Returns a hasher keyed for this domain.
    pub fn hasher(self) -> Commitment {
        // one hash a domain and process, instead of one more with every hash
        static HASHERS: LazyLock<[blake3::Hasher; 13]> = LazyLock::new(|| {
            Domain::ALL.map(|domain| {
                let key = blake3::hash(format!("toycoin/1 {}", domain.name()).as_bytes());
                blake3::Hasher::new_keyed(key.as_bytes())
            })
        });
        let hasher = HASHERS.get(self as usize).expect("the table has a hasher for each domain").clone();
        Commitment { hasher }
    }
}

/// A hash in the making, fed with fields of fixed width.
#[derive(Debug, Clone)]
pub struct Commitment {
    hasher: blake3::Hasher,
}

impl Commitment {
    /// Feeds bytes whose number the reader of the preimage knows.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.hasher.update(bytes);
        self
    }

    /// Feeds a little-endian `u32`.
    #[must_use]
    pub fn u32(self, value: u32) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Feeds a little-endian `u64`.
    #[must_use]
    pub fn u64(self, value: u64) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Feeds a count as a `u32`, held at `u32::MAX`: more items than that fit no block.
    #[must_use]
    pub fn count(self, items: usize) -> Self {
        self.u32(u32::try_from(items).unwrap_or(u32::MAX))
    }

    /// Feeds what `feed` feeds for each item.
    #[must_use]
    pub fn each<T>(self, items: impl IntoIterator<Item = T>, feed: impl Fn(Self, T) -> Self) -> Self {
        items.into_iter().fold(self, feed)
    }

    /// Returns the 32-byte hash.
    pub fn finish(&self) -> blake3::Hash {
        self.hasher.finalize()
    }

    /// Fills `output` from the hash's extended output.
    pub fn finish_extended(&self, output: &mut [u8]) {
        self.hasher.finalize_xof().fill(output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_keyed_hash() {
        let key = blake3::hash(b"toycoin/1 merkle-leaf");
        let expected = blake3::keyed_hash(key.as_bytes(), &[1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9]);
        assert_eq!(Domain::MerkleLeaf.hasher().u32(1).u64(2).bytes(&[9]).finish(), expected);
    }

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (place, domain) in Domain::ALL.into_iter().enumerate() {
            assert_eq!(domain as usize, place);
        }
    }
}
