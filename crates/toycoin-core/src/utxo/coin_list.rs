//! The coins of one side of a change.

use std::sync::OnceLock;

use crate::{keyed_map::KeyedMap, transaction::OutPoint, utxo::Coin};

/// Coins by outpoint, each once.
///
/// The index by which they are found is made when somebody first looks for one. Most changes are those of a single
/// block, which are only counted, sorted and applied.
#[derive(Debug, Clone, Default)]
pub(super) struct CoinList {
    coins: Vec<(OutPoint, Coin)>,
    index: OnceLock<KeyedMap<OutPoint, usize>>,
}

impl CoinList {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { coins: Vec::with_capacity(capacity), index: OnceLock::new() }
    }

    pub(super) const fn len(&self) -> usize {
        self.coins.len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.coins.is_empty()
    }

    /// Returns the coins in no particular order.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&OutPoint, &Coin)> {
        self.coins.iter().map(|(outpoint, coin)| (outpoint, coin))
    }

    pub(super) fn get(&self, outpoint: &OutPoint) -> Option<&Coin> {
        self.coins.get(self.find(outpoint)?).map(|(_, coin)| coin)
    }

    /// Inserts a coin in place of the one with the same outpoint, if there is one.
    pub(super) fn insert(&mut self, outpoint: OutPoint, coin: Coin) {
        match self.find(&outpoint).and_then(|place| self.coins.get_mut(place)) {
            Some((_, other)) => *other = coin,
            None => self.push(outpoint, coin),
        }
    }

    /// Inserts a coin with a new outpoint.
    pub(super) fn push(&mut self, outpoint: OutPoint, coin: Coin) {
        if let Some(index) = self.index.get_mut() {
            index.insert(outpoint, self.coins.len());
        }
        self.coins.push((outpoint, coin));
    }

    pub(super) fn remove(&mut self, outpoint: &OutPoint) -> Option<Coin> {
        let place = self.find(outpoint)?;
        let (_, coin) = self.coins.swap_remove(place);
        if let Some(index) = self.index.get_mut() {
            index.remove(outpoint);
            // the last coin took its place
            if let Some((moved, _)) = self.coins.get(place) {
                index.insert(*moved, place);
            }
        }
        Some(coin)
    }

    fn find(&self, outpoint: &OutPoint) -> Option<usize> {
        if self.coins.is_empty() {
            return None;
        }
        let places = || self.coins.iter().map(|(outpoint, _)| *outpoint).zip(0..).collect();
        self.index.get_or_init(places).get(outpoint).copied()
    }
}

/// Equal lists have the same coins, in whatever order.
impl PartialEq for CoinList {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(outpoint, coin)| other.get(outpoint) == Some(coin))
    }
}

impl Eq for CoinList {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::utxo::samples::numbered_coin as coin;

    proptest! {
        #[test]
        fn behaves_as_a_map_with_and_without_an_index(script: Vec<(u8, u8, u8)>) {
            let (mut list, mut model) = (CoinList::default(), BTreeMap::new());
            for (what, number, grains) in script {
                let (outpoint, coin) = coin(number % 8, grains);
                match what % 8 {
                    0 => prop_assert_eq!(list.get(&outpoint), model.get(&outpoint)),
                    1..=2 => prop_assert_eq!(list.remove(&outpoint), model.remove(&outpoint)),
                    3..=6 if !model.contains_key(&outpoint) => {
                        list.push(outpoint, coin);
                        model.insert(outpoint, coin);
                    }
                    _ => {
                        list.insert(outpoint, coin);
                        model.insert(outpoint, coin);
                    }
                }
                let held: BTreeMap<_, _> = list.iter().map(|(outpoint, coin)| (*outpoint, *coin)).collect();
                prop_assert_eq!(&held, &model);
                prop_assert_eq!(list.len(), model.len());
            }
            let mut same = CoinList::with_capacity(model.len());
            model.into_iter().rev().for_each(|(outpoint, coin)| same.push(outpoint, coin));
            prop_assert_eq!(&list, &same);
            let (outpoint, other) = coin(9, 0);
            same.push(outpoint, other);
            prop_assert!(list != same);
        }
    }
}
