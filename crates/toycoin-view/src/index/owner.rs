//! What the index knows of one owner.

use std::collections::BTreeSet;

use toycoin_core::{OutPoint, TxOut, Txid};

/// An owner's history on the active chain.
#[derive(Debug, Default)]
pub(crate) struct Owner {
    /// The transactions that pay the owner or spend the owner's coins, each once, in the order of the chain.
    pub(crate) history: Vec<Txid>,
    /// The owner's unspent coins.
    pub(crate) coins: BTreeSet<OutPoint>,
    /// The sums over the history.
    pub(crate) totals: Totals,
}

/// Numbers and sums of an owner's outputs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Number of outputs that paid the owner.
    pub(crate) funded: u64,
    /// Their sum in grains.
    pub(crate) funded_sum: u64,
    /// Number of those that are spent.
    pub(crate) spent: u64,
    /// Their sum in grains.
    pub(crate) spent_sum: u64,
}

impl Totals {
    pub(crate) const fn fund(&mut self, output: &TxOut) {
        self.funded += 1;
        self.funded_sum = self.funded_sum.saturating_add(output.value.grains());
    }

    pub(crate) const fn spend(&mut self, output: &TxOut) {
        self.spent += 1;
        self.spent_sum = self.spent_sum.saturating_add(output.value.grains());
    }

    const fn unfund(&mut self, output: &TxOut) {
        self.funded = self.funded.saturating_sub(1);
        self.funded_sum = self.funded_sum.saturating_sub(output.value.grains());
    }

    const fn unspend(&mut self, output: &TxOut) {
        self.spent = self.spent.saturating_sub(1);
        self.spent_sum = self.spent_sum.saturating_sub(output.value.grains());
    }
}

impl Owner {
    /// Adds an output that pays the owner.
    pub(super) fn fund(&mut self, outpoint: OutPoint, output: &TxOut) {
        self.coins.insert(outpoint);
        self.totals.fund(output);
        self.touch(outpoint.txid);
    }

    /// Adds a transaction that spends a coin of the owner.
    pub(super) fn spend(&mut self, outpoint: &OutPoint, output: &TxOut, by: Txid) {
        self.coins.remove(outpoint);
        self.totals.spend(output);
        self.touch(by);
    }

    /// Undoes [`fund`](Self::fund).
    pub(super) fn unfund(&mut self, outpoint: &OutPoint, output: &TxOut) {
        self.coins.remove(outpoint);
        self.totals.unfund(output);
        self.untouch(outpoint.txid);
    }

    /// Undoes [`spend`](Self::spend).
    pub(super) fn unspend(&mut self, outpoint: OutPoint, output: &TxOut, by: Txid) {
        self.coins.insert(outpoint);
        self.totals.unspend(output);
        self.untouch(by);
    }

    pub(super) const fn is_unused(&self) -> bool {
        self.history.is_empty()
    }

    // a transaction's inputs and outputs come one after the other, so that it can only be the last one
    fn touch(&mut self, txid: Txid) {
        if self.history.last() != Some(&txid) {
            self.history.push(txid);
        }
    }

    fn untouch(&mut self, txid: Txid) {
        self.history.pop_if(|last| *last == txid);
    }
}
