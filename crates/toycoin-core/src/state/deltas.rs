//! What transactions change in the sum over all coins, computed before a block holds them.
//!
//! A coin's element does not depend on the block that confirms it, and a txid fixes which coins a transaction spends and
//! makes. So its change of the sum can be computed once, when a mempool admits it, and a block of transactions that were
//! seen before costs an addition of 1,024 lanes for each.

use std::collections::VecDeque;

use crate::{digest::Txid, keyed_map::KeyedMap, state::LtHash, transaction::Transaction, utxo::Coin};

/// Changes of the sum by transaction, a bounded number: the oldest go first.
#[derive(Debug, Clone, Default)]
pub struct Deltas {
    capacity: usize,
    by_txid: KeyedMap<Txid, LtHash>,
    order: VecDeque<Txid>,
}

impl Deltas {
    /// Makes an empty memory of so many changes, each of two kilobytes.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// Computes what a transaction changes, if that is not known. `spent` are the coins that its inputs name, in their
    /// order, and `txid` is its own.
    pub fn prepare(&mut self, txid: Txid, transaction: &Transaction, spent: &[Coin]) {
        if self.capacity == 0 || self.by_txid.contains_key(&txid) {
            return;
        }
        if self.order.len() >= self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_txid.remove(&oldest);
        }
        let mut delta = LtHash::default();
        add_delta(&mut delta, txid, transaction, spent);
        self.by_txid.insert(txid, delta);
        self.order.push_back(txid);
    }

    /// Returns what is known of a transaction.
    pub fn get(&self, txid: &Txid) -> Option<&LtHash> {
        self.by_txid.get(txid)
    }

    /// Returns how many are known.
    pub fn len(&self) -> usize {
        self.by_txid.len()
    }

    /// Returns whether none is.
    pub fn is_empty(&self) -> bool {
        self.by_txid.is_empty()
    }
}

/// Adds to a sum what a transaction changes: what it makes less what it spends.
pub(crate) fn add_delta<'a>(
    sum: &mut LtHash,
    txid: Txid,
    transaction: &Transaction,
    spent: impl IntoIterator<Item = &'a Coin>,
) {
    for (outpoint, coin) in transaction.inputs.iter().zip(spent) {
        sum.remove(outpoint, coin);
    }
    for (outpoint, output) in transaction.outpoints(txid) {
        sum.add(&outpoint, &Coin { output: *output, coinbase_height: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_no_more_than_it_may() {
        let transaction = Transaction { version: 1, inputs: vec![], outputs: vec![], signatures: vec![] };
        let mut deltas = Deltas::new(3);
        for i in 0..10 {
            deltas.prepare(Txid::from_bytes([i; 32]), &transaction, &[]);
            deltas.prepare(Txid::from_bytes([i; 32]), &transaction, &[]);
            assert!(deltas.len() <= 3);
        }
        assert!(deltas.get(&Txid::from_bytes([7; 32])).is_some() && deltas.get(&Txid::from_bytes([6; 32])).is_none());
    }
}
