//! Hash maps for keys that strangers choose: digests and outpoints, spread by a secret.
//!
//! ```
//! use toycoin_core::{Txid, keyed_map::KeyedMap};
//!
//! let mut heights = KeyedMap::default();
//! heights.insert(Txid::ZERO, 7);
//! assert_eq!(heights.get(&Txid::ZERO), Some(&7));
//! ```
//!
//! A stranger who can choose keys can search for many that collide in a map. The answer of std is SipHash, which takes
//! as long as everything else that a map does. The keys here consist of a few words, and their number is fixed. For
//! such keys there is a faster hash with a proof:
//!
//! ```text
//!   h = (a₀ + a₁w₁ + a₂w₂ + .. mod 2^128) / 2^64        wᵢ: the key's words of 64 bits;  aᵢ: 128 secret bits each
//! ```
//!
//! The hash is strongly universal (Lemire and Kaser, "Strongly universal string hashing is fast", 2014). Over the
//! choice of the aᵢ, the hashes of any two different keys of the same length are uniform and independent in every bit.
//! Keys chosen without seeing any hash therefore collide no more often than by chance.
//!
//! The formula is linear, so keys in a row, such as the coins of one transaction, would get hashes in a row. The last
//! step of MurmurHash3 prevents that. It is a bijection and so keeps the proof.
//!
//! The secret is drawn once per process, as std draws that of its own maps, or is passed in. The order of a map is
//! never visible, so the secret decides nothing.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Arc, LazyLock},
};

/// A map whose keys are digests, outpoints or others of a fixed number of words, at most 6 with the length that std
/// writes before an array.
pub type KeyedMap<K, V> = HashMap<K, V, MapSecret>;

/// A set of such keys.
pub type KeyedSet<K> = HashSet<K, MapSecret>;

/// The words of the longest key: a digest or an outpoint, with the length that std writes before an array.
const WORDS: usize = 6;

/// The secret by which a map spreads its keys. By default it is that of the process.
#[derive(Clone)]
pub struct MapSecret(Arc<[u128; WORDS + 1]>);

impl MapSecret {
    /// Expands 256 secret bits to as many as the hash needs.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let mut output =
            blake3::Hasher::new_derive_key("toycoin 2026-11 spread of map keys").update(secret).finalize_xof();
        Self(Arc::new(std::array::from_fn(|_| {
            let mut bytes = [0; 16];
            output.fill(&mut bytes);
            u128::from_le_bytes(bytes)
        })))
    }
}

/// The secret of this process.
impl Default for MapSecret {
    fn default() -> Self {
        static SECRET: LazyLock<MapSecret> = LazyLock::new(|| {
            #[expect(clippy::disallowed_methods, reason = "strangers must not know it, and no result follows from it")]
            let random = RandomState::new();
            let mut secret = [0; 32];
            for (number, word) in (0..4_u8).zip(secret.chunks_exact_mut(8)) {
                word.copy_from_slice(&random.hash_one(number).to_le_bytes());
            }
            MapSecret::new(&secret)
        });
        SECRET.clone()
    }
}

impl BuildHasher for MapSecret {
    type Hasher = MapHasher;

    #[inline]
    fn build_hasher(&self) -> MapHasher {
        let [first, words @ ..] = *self.0;
        MapHasher { sum: first, words, next: 0 }
    }
}

impl std::fmt::Debug for MapSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MapSecret")
    }
}

/// The hash of one key in progress.
pub struct MapHasher {
    sum: u128,
    words: [u128; WORDS],
    next: usize,
}

impl MapHasher {
    #[inline]
    fn word(&mut self, word: u64) {
        debug_assert!(self.next < WORDS, "keys are digests and outpoints");
        let factor = self.words.get(self.next % WORDS).copied().unwrap_or_default();
        self.sum = self.sum.wrapping_add(factor.wrapping_mul(u128::from(word)));
        self.next += 1;
    }
}

impl Hasher for MapHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.word(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            let mut word = [0; 8];
            word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.word(u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.word(u64::from(number));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.word(number);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.word(number as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        let hash = u64::try_from(self.sum >> 64).expect("half of the bits are left");
        let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^ (hash >> 33)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hash as _;

    use proptest::prelude::*;

    use super::*;
    use crate::{digest::Txid, transaction::OutPoint};

    fn words(outpoint: &OutPoint) -> Vec<u64> {
        let txid = outpoint.txid.as_bytes().as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        [32].into_iter().chain(txid).chain([u64::from(outpoint.vout)]).collect()
    }

    proptest! {
        #[test]
        fn is_the_formula(secret: [u8; 32], txid: [u8; 32], vout: u32) {
            let outpoint = OutPoint { txid: Txid::from_bytes(txid), vout };
            let secret = MapSecret::new(&secret);
            let (first, factors) = secret.0.split_first().unwrap();
            let products = factors.iter().zip(words(&outpoint)).map(|(factor, word)| factor.wrapping_mul(word.into()));
            let sum = products.fold(*first, u128::wrapping_add);
            let mut hasher = secret.build_hasher();
            outpoint.hash(&mut hasher);
            prop_assert_eq!(hasher.sum, sum);
        }
    }

    #[test]
    fn keys_that_differ_in_few_bits_spread_over_all_buckets() {
        // keys that a stranger might search for: equal except for a few bits
        let outpoint = |i: u16| {
            let mut txid = [7; 32];
            txid[..2].copy_from_slice(&i.to_le_bytes());
            OutPoint { txid: Txid::from_bytes(txid), vout: u32::from(i % 3) }
        };
        for secret in 0..8 {
            let secret = MapSecret::new(&[secret; 32]);
            let places: HashSet<_> = (0..4_096).map(|i| secret.hash_one(outpoint(i)) % 4_096).collect();
            // 4,096 (1 - 1/e) are expected by chance
            assert!((2_300..2_900).contains(&places.len()), "{}", places.len());
            let tags: HashSet<_> = (0..4_096).map(|i| secret.hash_one(outpoint(i)) >> 57).collect();
            assert_eq!(tags.len(), 128);
        }
    }

    #[test]
    fn another_secret_is_another_hash() {
        let hash = |secret: u8| MapSecret::new(&[secret; 32]).hash_one(Txid::ZERO);
        assert_ne!(hash(1), hash(2));
        assert_eq!(hash(1), hash(1));
        assert_eq!(MapSecret::default().hash_one(Txid::ZERO), MapSecret::default().hash_one(Txid::ZERO));
    }
}
