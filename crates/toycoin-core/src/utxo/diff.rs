//! Changes of the UTXO set.

use crate::{
    transaction::OutPoint,
    utxo::{Coin, coin_list::CoinList},
};

/// A net change of the UTXO set: the coins that were spent, with their contents, and the coins that were created.
///
/// A coin that is created and spent within the change is in neither part. Iteration is by outpoint, so two equal
/// changes look the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UtxoDiff {
    spent: CoinList,
    created: CoinList,
}

impl UtxoDiff {
    /// Makes an empty change with room for `spent` and `created` coins.
    pub(crate) fn with_capacity(spent: usize, created: usize) -> Self {
        Self { spent: CoinList::with_capacity(spent), created: CoinList::with_capacity(created) }
    }

    /// Records that a coin was spent.
    pub fn spend(&mut self, outpoint: OutPoint, coin: Coin) {
        if self.created.remove(&outpoint).is_none() {
            self.spent.insert(outpoint, coin);
        }
    }

    /// Records that a coin was created.
    pub fn create(&mut self, outpoint: OutPoint, coin: Coin) {
        // a reorg can create a coin again that it first removed; it is the same coin, since its outpoint fixes its
        // content
        if self.spent.get(&outpoint) == Some(&coin) {
            self.spent.remove(&outpoint);
        } else {
            self.created.insert(outpoint, coin);
        }
    }

    /// Records that a coin was spent which this change has neither created nor spent.
    pub(crate) fn spend_older(&mut self, outpoint: OutPoint, coin: Coin) {
        self.spent.push(outpoint, coin);
    }

    /// Records that a coin was created which this change has neither spent nor created.
    pub(crate) fn create_new(&mut self, outpoint: OutPoint, coin: Coin) {
        self.created.push(outpoint, coin);
    }

    /// Appends a later change.
    pub fn append(&mut self, later: &Self) {
        for (outpoint, coin) in later.spent.iter() {
            self.spend(*outpoint, *coin);
        }
        for (outpoint, coin) in later.created.iter() {
            self.create(*outpoint, *coin);
        }
    }

    /// Appends as [`append`](Self::append) does, but takes over `later` as a whole when this change is empty.
    pub(crate) fn extend(&mut self, later: Self) {
        if self.is_empty() {
            *self = later;
        } else {
            self.append(&later);
        }
    }

    /// Returns the change that undoes this one.
    #[must_use]
    pub fn inverse(self) -> Self {
        Self { spent: self.created, created: self.spent }
    }

    /// Returns the spent coins in the order of their outpoints.
    pub fn spent(&self) -> impl ExactSizeIterator<Item = (&OutPoint, &Coin)> {
        sorted(&self.spent)
    }

    /// Returns the created coins in the order of their outpoints.
    pub fn created(&self) -> impl ExactSizeIterator<Item = (&OutPoint, &Coin)> {
        sorted(&self.created)
    }

    /// Returns the spent coins in no particular order, for sums over them.
    pub fn spent_unordered(&self) -> impl ExactSizeIterator<Item = (&OutPoint, &Coin)> {
        self.spent.iter()
    }

    /// Returns the created coins in no particular order, for sums over them.
    pub fn created_unordered(&self) -> impl ExactSizeIterator<Item = (&OutPoint, &Coin)> {
        self.created.iter()
    }

    /// Returns the effect on an outpoint: `Some(None)` if its coin was spent, `None` if it is not changed.
    pub fn get(&self, outpoint: &OutPoint) -> Option<Option<Coin>> {
        match self.created.get(outpoint) {
            Some(coin) => Some(Some(*coin)),
            None => self.spent.get(outpoint).map(|_| None),
        }
    }

    /// Returns how many coins were spent or created.
    pub(crate) fn len(&self) -> usize {
        self.spent.len() + self.created.len()
    }

    /// Returns whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.spent.is_empty() && self.created.is_empty()
    }
}

fn sorted(coins: &CoinList) -> std::vec::IntoIter<(&OutPoint, &Coin)> {
    let mut coins: Vec<_> = coins.iter().collect();
    coins.sort_unstable_by_key(|(outpoint, _)| *outpoint);
    coins.into_iter()
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
    fn is_shown_by_outpoint() {
        let mut diff = UtxoDiff::default();
        for vout in [5, 1, 9, 3, 0, 7] {
            let (outpoint, made) = coin(vout);
            diff.create(outpoint, made);
            diff.spend(OutPoint { txid: Txid::from_bytes([1; 32]), ..outpoint }, made);
        }
        let vouts =
            |coins: &mut dyn Iterator<Item = (&OutPoint, &Coin)>| coins.map(|(at, _)| at.vout).collect::<Vec<_>>();
        assert_eq!(vouts(&mut diff.created()), [0, 1, 3, 5, 7, 9]);
        assert_eq!(vouts(&mut diff.spent()), [0, 1, 3, 5, 7, 9]);
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
