//! A wallet's coins on the active chain, in the order in which they are spent: first in, first out.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    amount::Amount,
    digest::Txid,
    keys::PublicKey,
    transaction::{OutPoint, TxOut},
    utxo::Coin,
};

/// The age of a coin: block height, transaction index in the block, output index. Older coins are smaller.
type Age = (u64, usize, u32);

/// A coin that the active chain has created.
#[derive(Debug, Clone)]
struct OwnCoin {
    coin: Coin,
    age: Age,
    /// The transaction on the active chain that spends the coin. Spent coins stay here, because a reorganisation may
    /// bring them back.
    spent_by: Option<Txid>,
}

/// The coins of the wallet's owners that the active chain has created.
#[derive(Debug, Clone, Default)]
pub(super) struct Coins {
    all: BTreeMap<OutPoint, OwnCoin>,
    unspent: BTreeMap<Age, OutPoint>,
}

impl Coins {
    pub(super) fn create(&mut self, outpoint: OutPoint, output: TxOut, height: u64, place: usize) {
        // the coinbase is at index 0; coins of genesis are ordinary, so their height is 0
        let coinbase_height = if place == 0 { height } else { 0 };
        let age = (height, place, outpoint.vout);
        self.unspent.insert(age, outpoint);
        self.all.insert(outpoint, OwnCoin { coin: Coin { output, coinbase_height }, age, spent_by: None });
    }

    /// Undoes [`create`](Self::create).
    pub(super) fn remove(&mut self, outpoint: &OutPoint) {
        if let Some(own) = self.all.remove(outpoint) {
            self.unspent.remove(&own.age);
        }
    }

    /// Returns a coin's value, `None` if it is not one of these.
    pub(super) fn value(&self, outpoint: &OutPoint) -> Option<Amount> {
        self.all.get(outpoint).map(|own| own.coin.output.value)
    }

    /// Returns a coin and the transaction on the active chain that spends it, `None` if it is not one of these.
    pub(super) fn get(&self, outpoint: &OutPoint) -> Option<(Coin, Option<Txid>)> {
        self.all.get(outpoint).map(|own| (own.coin, own.spent_by))
    }

    /// Returns the owners of all coins, spent or not.
    pub(super) fn owners(&self) -> BTreeSet<PublicKey> {
        self.all.values().map(|own| own.coin.output.owner).collect()
    }

    /// Marks a coin as spent and returns its value, `None` if it is not one of these.
    pub(super) fn spend(&mut self, outpoint: &OutPoint, by: Txid) -> Option<Amount> {
        let own = self.all.get_mut(outpoint)?;
        own.spent_by = Some(by);
        self.unspent.remove(&own.age);
        Some(own.coin.output.value)
    }

    /// Undoes [`spend`](Self::spend).
    pub(super) fn restore(&mut self, outpoint: &OutPoint) {
        if let Some(own) = self.all.get_mut(outpoint) {
            own.spent_by = None;
            self.unspent.insert(own.age, *outpoint);
        }
    }

    /// Returns the unspent coins, the oldest first.
    pub(super) fn unspent(&self) -> impl Iterator<Item = (OutPoint, Coin)> {
        self.unspent.values().filter_map(|outpoint| Some((*outpoint, self.all.get(outpoint)?.coin)))
    }
}
