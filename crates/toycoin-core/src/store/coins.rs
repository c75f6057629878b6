//! The coins of a store in memory: those that it shares with its clones, and its own changes to them.

use std::sync::Arc;

use crate::{
    keyed_map::{KeyedMap, MapSecret},
    transaction::OutPoint,
    utxo::Coin,
};

/// A UTXO set as a base, which clones share, and the changes to it. Every change differs from the base.
#[derive(Debug, Clone, Default)]
pub(super) struct Coins {
    base: Arc<KeyedMap<OutPoint, Coin>>,
    /// The coins that were created since, and `None` for those of the base that were spent.
    changed: KeyedMap<OutPoint, Option<Coin>>,
}

impl Coins {
    pub(super) fn with_secret(secret: &MapSecret) -> Self {
        let changed = KeyedMap::with_hasher(secret.clone());
        Self { base: Arc::new(KeyedMap::with_hasher(secret.clone())), changed }
    }

    pub(super) fn get(&self, outpoint: &OutPoint) -> Option<&Coin> {
        match self.changed.get(outpoint) {
            Some(changed) => changed.as_ref(),
            None => self.base.get(outpoint),
        }
    }

    pub(super) fn insert(&mut self, outpoint: OutPoint, coin: Coin) {
        match self.base.get(&outpoint) {
            Some(same) if *same == coin => self.changed.remove(&outpoint),
            _ => self.changed.insert(outpoint, Some(coin)),
        };
    }

    pub(super) fn remove(&mut self, outpoint: &OutPoint) {
        if self.base.contains_key(outpoint) {
            self.changed.insert(*outpoint, None);
        } else {
            self.changed.remove(outpoint);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&OutPoint, &Coin)> {
        let kept = self.base.iter().filter(|(outpoint, _)| !self.changed.contains_key(*outpoint));
        kept.chain(self.changed.iter().filter_map(|(outpoint, coin)| Some((outpoint, coin.as_ref()?))))
    }

    /// Makes the present coins the base.
    pub(super) fn share(&mut self) {
        if self.changed.is_empty() {
            return;
        }
        let coins = self.iter().map(|(outpoint, coin)| (*outpoint, *coin));
        let mut base = KeyedMap::with_hasher(self.base.hasher().clone());
        base.extend(coins);
        *self = Self { base: Arc::new(base), changed: KeyedMap::with_hasher(self.changed.hasher().clone()) };
    }

    /// Returns the changes to the base in no particular order, `None` for a coin that was spent.
    pub(super) fn changed(&self) -> impl ExactSizeIterator<Item = (&OutPoint, Option<&Coin>)> {
        self.changed.iter().map(|(outpoint, coin)| (outpoint, coin.as_ref()))
    }

    pub(super) fn has_base_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.base, &other.base)
    }
}

impl Extend<(OutPoint, Coin)> for Coins {
    fn extend<I: IntoIterator<Item = (OutPoint, Coin)>>(&mut self, coins: I) {
        let coins = coins.into_iter();
        // at once, since a map that grows step by step is copied at each
        self.changed.reserve(coins.size_hint().0);
        coins.for_each(|(outpoint, coin)| self.insert(outpoint, coin));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::utxo::samples::numbered_coin as coin;

    proptest! {
        #[test]
        fn behaves_as_a_map_and_every_change_differs(script: Vec<(u8, u8, u8)>) {
            let (mut coins, mut model) = (Coins::default(), BTreeMap::new());
            for (what, number, grains) in script {
                let (outpoint, coin) = coin(number % 8, grains % 2);
                match what % 8 {
                    0 => coins.share(),
                    1..=3 => {
                        coins.remove(&outpoint);
                        model.remove(&outpoint);
                    }
                    _ => {
                        coins.insert(outpoint, coin);
                        model.insert(outpoint, coin);
                    }
                }
                let held: BTreeMap<_, _> = coins.iter().map(|(outpoint, coin)| (*outpoint, *coin)).collect();
                prop_assert_eq!(&held, &model);
                prop_assert_eq!(coins.get(&outpoint), model.get(&outpoint));
                prop_assert!(coins.changed().all(|(outpoint, coin)| coins.base.get(outpoint) != coin));
            }
        }
    }

    #[test]
    fn clones_share_what_was_there_before() {
        let mut one = Coins::default();
        one.extend([coin(1, 1), coin(2, 1)]);
        one.share();
        let mut other = one.clone();
        other.remove(&coin(1, 1).0);
        assert!(other.has_base_of(&one) && other.get(&coin(1, 1).0).is_none());
        assert!(one.get(&coin(1, 1).0).is_some());
        other.insert(coin(1, 1).0, coin(1, 1).1);
        assert_eq!(other.changed().len(), 0, "it is as before");
        assert!(!Coins::default().has_base_of(&one));
    }
}
