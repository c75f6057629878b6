//! What blocks change in the set of coins.

use std::collections::BTreeMap;

use crate::{transaction::OutPoint, utxo::Coin};

/// A net change of the coins: those gone with what they were, and those new.
///
/// A coin that is made and spent within the change is in neither part. Ordered by outpoint, so that two changes that
/// are equal are written alike.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UtxoDiff {
    spent: BTreeMap<OutPoint, Coin>,
    created: BTreeMap<OutPoint, Coin>,
}

impl UtxoDiff {
    /// Notes that a coin was spent.
    pub fn spend(&mut self, outpoint: OutPoint, coin: Coin) {
        if self.created.remove(&outpoint).is_none() {
            self.spent.insert(outpoint, coin);
        }
    }

    /// Notes that a coin was made.
    pub fn create(&mut self, outpoint: OutPoint, coin: Coin) {
        // a reorg brings back what it first took: the same coin, since an outpoint names its transaction's content
        if self.spent.get(&outpoint) == Some(&coin) {
            self.spent.remove(&outpoint);
        } else {
            self.created.insert(outpoint, coin);
        }
    }

    /// Makes this the change that comes from this one and then `later`.
    pub fn append(&mut self, later: &Self) {
        for (outpoint, coin) in &later.spent {
            self.spend(*outpoint, *coin);
        }
        for (outpoint, coin) in &later.created {
            self.create(*outpoint, *coin);
        }
    }

    /// As [`append`](Self::append), which an empty change need not do coin by coin.
    pub(crate) fn extend(&mut self, later: Self) {
        if self.is_empty() {
            *self = later;
        } else {
            self.append(&later);
        }
    }

    /// Returns the change that takes this one back.
    #[must_use]
    pub fn inverse(self) -> Self {
        Self { spent: self.created, created: self.spent }
    }

    /// Returns the coins that are gone, by outpoint.
    pub fn spent(&self) -> impl ExactSizeIterator<Item = (&OutPoint, &Coin)> {
        self.spent.iter()
    }

    /// Returns the coins that are new, by outpoint.
    pub fn created(&self) -> impl ExactSizeIterator<Item = (&OutPoint, &Coin)> {
        self.created.iter()
    }

    /// Returns what the change says of an outpoint: `Some(None)` for gone, `None` for nothing.
    pub fn get(&self, outpoint: &OutPoint) -> Option<Option<Coin>> {
        match self.created.get(outpoint) {
            Some(coin) => Some(Some(*coin)),
            None => self.spent.contains_key(outpoint).then_some(None),
        }
    }

    /// Returns whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.spent.is_empty() && self.created.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{amount::Amount, digest::Txid, keys::PublicKey, transaction::TxOut};

    fn coin(vout: u32) -> (OutPoint, Coin) {
        let output = TxOut { value: Amount::from_grains(1), owner: PublicKey::ZERO };
        (OutPoint { txid: Txid::ZERO, vout }, Coin { output, coinbase_height: 0 })
    }

    #[test]
    fn a_coin_made_and_spent_leaves_no_trace() {
        let mut diff = UtxoDiff::default();
        let (outpoint, made) = coin(1);
        diff.create(outpoint, made);
        diff.spend(outpoint, made);
        assert!(diff.is_empty());
    }

    #[test]
    fn a_change_and_its_inverse_are_nothing() {
        let mut diff = UtxoDiff::default();
        let ((one, coin_one), (two, coin_two)) = (coin(1), coin(2));
        diff.spend(one, coin_one);
        diff.create(two, coin_two);
        assert_eq!((diff.get(&one), diff.get(&two), diff.get(&coin(3).0)), (Some(None), Some(Some(coin_two)), None));
        let inverse = diff.clone().inverse();
        diff.append(&inverse);
        assert!(diff.is_empty());
    }
}
