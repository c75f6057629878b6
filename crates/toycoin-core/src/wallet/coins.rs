//! A wallet's coins as the chain has them, in the order in which they are spent: first in, first out.

use std::collections::BTreeMap;

use crate::{
    amount::Amount,
    digest::Txid,
    transaction::{OutPoint, TxOut},
    utxo::Coin,
};

/// Where the chain made a coin: height, place in the block, place among the outputs. Older ones are smaller.
type Age = (u64, usize, u32);

/// A coin that was made on the active chain.
#[derive(Debug, Clone)]
struct OwnCoin {
    coin: Coin,
    age: Age,
    /// The transaction of the active chain that spends it. Such coins are kept: a reorganisation may bring them back.
    spent_by: Option<Txid>,
}

/// The coins of one owner that the active chain made.
#[derive(Debug, Clone, Default)]
pub(super) struct Coins {
    all: BTreeMap<OutPoint, OwnCoin>,
    unspent: BTreeMap<Age, OutPoint>,
}

impl Coins {
    pub(super) fn create(&mut self, outpoint: OutPoint, output: TxOut, height: u64, place: usize) {
        // the coinbase comes first; genesis' coins are ordinary ones, which its height of zero says
        let coinbase_height = if place == 0 { height } else { 0 };
        let age = (height, place, outpoint.vout);
        self.unspent.insert(age, outpoint);
        self.all.insert(outpoint, OwnCoin { coin: Coin { output, coinbase_height }, age, spent_by: None });
    }

    /// Takes back [`create`](Self::create).
    pub(super) fn remove(&mut self, outpoint: &OutPoint) {
        if let Some(own) = self.all.remove(outpoint) {
            self.unspent.remove(&own.age);
        }
    }

    /// Notes that the chain spends a coin, and returns what it was worth if it is one of these.
    pub(super) fn spend(&mut self, outpoint: &OutPoint, by: Txid) -> Option<Amount> {
        let own = self.all.get_mut(outpoint)?;
        own.spent_by = Some(by);
        self.unspent.remove(&own.age);
        Some(own.coin.output.value)
    }

    /// Takes back [`spend`](Self::spend).
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
