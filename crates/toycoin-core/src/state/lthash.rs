//! LtHash: one hash of a set of coins, to which a coin can be added or removed in constant time.
//!
//! Each coin is hashed to 1,024 numbers of 16 bits. The hash of the set is the sum of its coins, lane by lane, modulo
//! 2^16. The order of the coins does not matter, and removing a coin subtracts it.
//!
//! Finding two different sets with the same sum is as hard as finding short vectors in a lattice (Lewi, Kim, Maykov,
//! Weis: "Securing Update Propagation with Homomorphic Hashing", 2019). The hash shows that two sets are equal. It
//! cannot show that a coin is in a set.

use std::fmt;

use crate::{
    commitment::Domain,
    transaction::OutPoint,
    utxo::{Coin, UtxoDiff},
};

/// The number of lanes in a sum.
const LANES: usize = 1024;
/// Fewest coins of a change that are hashed on several cores.
#[cfg(feature = "parallel")]
const MIN_PARALLEL_COINS: usize = 256;
/// The number of coins that a core hashes at a time.
#[cfg(feature = "parallel")]
const PARALLEL_SHARE: usize = 128;
/// The length of a sum, in bytes.
pub const BYTES: usize = 2 * LANES;

/// The lane-wise sum over a set of coins, or over a change of one.
#[derive(Clone, PartialEq, Eq)]
pub struct LtHash {
    lanes: Box<[u16; LANES]>,
}

impl LtHash {
    /// Adds a coin to the set.
    pub fn add(&mut self, outpoint: &OutPoint, coin: &Coin) {
        self.merge(&element(outpoint, coin), u16::wrapping_add);
    }

    /// Removes a coin from the set.
    pub fn remove(&mut self, outpoint: &OutPoint, coin: &Coin) {
        self.merge(&element(outpoint, coin), u16::wrapping_sub);
    }

    /// Applies a change to the set. With the feature `parallel`, several cores hash its coins.
    pub fn apply(&mut self, diff: &UtxoDiff) {
        #[cfg(feature = "parallel")]
        if diff.spent_unordered().len() + diff.created_unordered().len() >= MIN_PARALLEL_COINS {
            use rayon::prelude::*;
            let spent: Vec<_> = diff.spent_unordered().collect();
            let created: Vec<_> = diff.created_unordered().collect();
            let sum = |merge: fn(&mut Self, &OutPoint, &Coin), coins: &[(&OutPoint, &Coin)]| {
                let mut sum = Self::default();
                coins.iter().for_each(|(outpoint, coin)| merge(&mut sum, outpoint, coin));
                sum
            };
            // lanes wrap, so the sum does not depend on which core adds what
            let sums = spent.par_chunks(PARALLEL_SHARE).map(|coins| sum(Self::remove, coins));
            let sums = sums.chain(created.par_chunks(PARALLEL_SHARE).map(|coins| sum(Self::add, coins)));
            let change = sums.reduce(Self::default, |mut sum, other| {
                sum.combine(&other);
                sum
            });
            return self.combine(&change);
        }
        diff.spent_unordered().for_each(|(outpoint, coin)| self.remove(outpoint, coin));
        diff.created_unordered().for_each(|(outpoint, coin)| self.add(outpoint, coin));
    }

    /// Adds another sum, such as a precomputed change.
    pub fn combine(&mut self, change: &Self) {
        for (lane, other) in self.lanes.iter_mut().zip(change.lanes.iter()) {
            *lane = lane.wrapping_add(*other);
        }
    }

    /// Returns the sum as little-endian bytes.
    pub fn to_bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        for (pair, lane) in bytes.chunks_exact_mut(2).zip(self.lanes.iter()) {
            pair.copy_from_slice(&lane.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    pub fn from_bytes(bytes: &[u8; BYTES]) -> Self {
        let mut sum = Self::default();
        sum.merge(bytes, |_, lane| lane);
        sum
    }

    /// Returns `H_utxo-digest` of the sum.
    pub fn digest(&self) -> [u8; 32] {
        Domain::UtxoDigest.hasher().bytes(&self.to_bytes()).finish()
    }

    fn merge(&mut self, bytes: &[u8; BYTES], merge: impl Fn(u16, u16) -> u16) {
        for (lane, pair) in self.lanes.iter_mut().zip(bytes.chunks_exact(2)) {
            if let [low, high] = pair {
                *lane = merge(*lane, u16::from_le_bytes([*low, *high]));
            }
        }
    }
}

/// The empty set: all lanes zero.
impl Default for LtHash {
    fn default() -> Self {
        Self { lanes: Box::new([0; LANES]) }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for LtHash {
    /// Writes the 2,048 bytes of the sum.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::digest::serialize_bytes(&self.to_bytes(), serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for LtHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::digest::deserialize_bytes(deserializer).map(|bytes| Self::from_bytes(&bytes))
    }
}

impl fmt::Debug for LtHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LtHash({})", crate::hex::Hex(&self.digest()))
    }
}

/// Returns the numbers of a coin: 2,048 bytes of extended output of `H_utxo-element`.
fn element(outpoint: &OutPoint, coin: &Coin) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    Domain::UtxoElement
        .hasher()
        .bytes(outpoint.txid.as_bytes())
        .u32(outpoint.vout)
        .u64(coin.output.value.grains())
        .bytes(coin.output.owner.as_bytes())
        .u64(coin.coinbase_height)
        .finish_extended(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{amount::Amount, digest::Txid, keys::PublicKey, transaction::TxOut};

    fn coin(i: u32) -> (OutPoint, Coin) {
        let output = TxOut { value: Amount::from_grains(u64::from(i) + 1), owner: PublicKey::ZERO };
        (OutPoint { txid: Txid::ZERO, vout: i }, Coin { output, coinbase_height: 0 })
    }

    fn over(coins: impl IntoIterator<Item = u32>) -> LtHash {
        let mut sum = LtHash::default();
        for (outpoint, coin) in coins.into_iter().map(coin) {
            sum.add(&outpoint, &coin);
        }
        sum
    }

    #[test]
    fn order_does_not_matter_and_removing_is_the_inverse() {
        let mut sum = over([1, 2, 3, 4]);
        assert_eq!(sum, over([4, 2, 1, 3]));
        let (outpoint, two) = coin(2);
        sum.remove(&outpoint, &two);
        assert_eq!(sum, over([1, 3, 4]));
        assert_ne!(sum.digest(), over([1, 3]).digest());
    }

    #[test]
    fn a_change_is_a_sum_too() {
        let mut change = over([7, 8]);
        let (outpoint, one) = coin(1);
        change.remove(&outpoint, &one);
        let mut sum = over([1, 2]);
        sum.combine(&change);
        assert_eq!(sum, over([2, 7, 8]));
    }

    #[test]
    fn reads_the_bytes_that_it_writes() {
        let sum = over([1, 2, 3]);
        assert_eq!(LtHash::from_bytes(&sum.to_bytes()), sum);
    }

    #[test]
    fn a_coinbase_coin_is_another_element_than_an_ordinary_one() {
        let (outpoint, mut coin) = coin(1);
        let ordinary = element(&outpoint, &coin);
        coin.coinbase_height = 1;
        assert_ne!(element(&outpoint, &coin), ordinary);
    }
}
