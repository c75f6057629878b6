//! Precomputed changes of the UTXO hash: the effect of transactions that no block holds yet.
//!
//! A coin's element does not depend on the block that confirms it, and a txid fixes the coins that a transaction spends
//! and creates. The transaction's change of the sum can therefore be computed once, when a mempool admits it. In a
//! block, a transaction seen before then costs one addition of 1,024 lanes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{digest::Txid, keyed_map::KeyedMap, state::LtHash, transaction::Transaction, utxo::Coin};

/// A bounded cache of changes by transaction. The oldest are evicted first.
///
/// Clones are the same cache. Chains of one network may share one, because a txid fixes the change. It takes as much
/// memory as the cache of a single chain then, and computes each change once.
#[derive(Debug, Clone, Default)]
pub struct Deltas {
    capacity: usize,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    by_txid: KeyedMap<Txid, Arc<LtHash>>,
    order: VecDeque<Txid>,
}

impl Deltas {
    /// Makes an empty cache for `capacity` changes, 2,048 bytes each.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// Computes the change by a transaction, unless it is cached. `txid` is the transaction's id, and `spent` are the
    /// coins that its inputs name, in their order.
    pub fn prepare(&self, txid: Txid, transaction: &Transaction, spent: &[Coin]) {
        let mut known = self.known();
        if self.capacity == 0 || known.by_txid.contains_key(&txid) {
            return;
        }
        if known.order.len() >= self.capacity
            && let Some(oldest) = known.order.pop_front()
        {
            known.by_txid.remove(&oldest);
        }
        let mut delta = LtHash::default();
        add_delta(&mut delta, txid, transaction, spent);
        known.by_txid.insert(txid, Arc::new(delta));
        known.order.push_back(txid);
    }

    /// Returns the cached change by a transaction.
    pub fn get(&self, txid: &Txid) -> Option<Arc<LtHash>> {
        self.known().by_txid.get(txid).cloned()
    }

    /// Returns how many changes are cached.
    pub fn len(&self) -> usize {
        self.known().by_txid.len()
    }

    /// Returns whether the cache is empty.
    pub fn is_empty(&self) -> bool {
        self.known().by_txid.is_empty()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // nothing that holds the lock leaves a change half done
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds the change by a transaction to a sum: the coins that it creates minus the coins that it spends.
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
        let deltas = Deltas::new(3);
        for i in 0..10 {
            deltas.prepare(Txid::from_bytes([i; 32]), &transaction, &[]);
            deltas.prepare(Txid::from_bytes([i; 32]), &transaction, &[]);
            assert!(deltas.len() <= 3);
        }
        assert!(deltas.get(&Txid::from_bytes([7; 32])).is_some() && deltas.get(&Txid::from_bytes([6; 32])).is_none());
    }

    #[test]
    fn clones_are_one_cache() {
        let transaction = Transaction { version: 1, inputs: vec![], outputs: vec![], signatures: vec![] };
        let (one, txid) = (Deltas::new(2), Txid::from_bytes([1; 32]));
        let other = one.clone();
        one.prepare(txid, &transaction, &[]);
        let (known, same) = (one.get(&txid).unwrap(), other.get(&txid).unwrap());
        assert!(Arc::ptr_eq(&known, &same));
        other.prepare(txid, &transaction, &[]);
        assert!(Arc::ptr_eq(&known, &one.get(&txid).unwrap()), "it is not computed again");
    }
}
