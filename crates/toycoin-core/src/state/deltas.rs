//! Precomputed changes of the UTXO hash: the effect of transactions that no block holds yet.
//!
//! A coin's element does not depend on the block that confirms it, and a txid fixes the coins that a transaction spends
//! and creates. The transaction's change of the sum can therefore be computed once, when a mempool admits it. In a
//! block, a transaction seen before then costs one addition of 1,024 lanes.
//!
//! Beside its change, a short transaction is kept whole. A block's transactions are found here by their first input and
//! compared byte by byte, signatures included. Equal bytes have equal ids, so nothing is hashed again. Whether its
//! signatures hold for the coins that it spent then is kept too. A block's transaction needs no other look at its
//! signatures if it is the same and spends the same coins.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    digest::{BlockHash, Txid},
    identified_transaction::IdentifiedTransaction,
    identity::Identity,
    keyed_map::KeyedMap,
    state::{LtHash, Prepared},
    transaction::{OutPoint, Transaction},
    utxo::Coin,
};

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
    by_txid: KeyedMap<Txid, Arc<Prepared>>,
    /// The latest transaction by the first coin that it spends.
    by_input: KeyedMap<OutPoint, Arc<Prepared>>,
    order: VecDeque<Txid>,
}

impl Deltas {
    /// Makes an empty cache for `capacity` changes: 2,048 bytes each, and up to some 2 kB for the transaction.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// Returns an empty cache of the same capacity.
    pub(crate) fn emptied(&self) -> Self {
        Self::new(self.capacity)
    }

    /// Computes the change by a transaction, unless it is cached. `spent` are the coins that its inputs name, in their
    /// order.
    pub fn prepare(&self, transaction: &IdentifiedTransaction, spent: &[Coin]) {
        self.prepare_with(transaction, spent, || None);
    }

    /// Computes the change by a transaction, unless it is cached. `verified_on` names the network on which the signatures
    /// are known to be valid for the spent coins.
    pub(crate) fn prepare_with(
        &self,
        transaction: &IdentifiedTransaction,
        spent: &[Coin],
        verified_on: impl FnOnce() -> Option<BlockHash>,
    ) {
        let txid = transaction.txid();
        let mut known = self.known();
        if self.capacity == 0 || known.by_txid.contains_key(&txid) {
            return;
        }
        if known.order.len() >= self.capacity
            && let Some(oldest) = known.order.pop_front()
        {
            known.remove(&oldest);
        }
        let prepared = Arc::new(Prepared::new(transaction, spent, verified_on));
        if let Some(first) = prepared.first_input() {
            known.by_input.insert(*first, Arc::clone(&prepared));
        }
        known.by_txid.insert(txid, prepared);
        known.order.push_back(txid);
    }

    /// Returns the identities of transactions that are kept whole, in the order of `transactions`. The list is empty if
    /// nothing is cached.
    pub(crate) fn identify(&self, transactions: &[Transaction]) -> Vec<Option<Identity>> {
        let known = self.known();
        if known.by_input.is_empty() {
            return Vec::new();
        }
        let identify =
            |transaction: &Transaction| known.by_input.get(transaction.inputs.first()?)?.identify(transaction);
        transactions.iter().map(identify).collect()
    }

    /// Returns what is cached of transactions, in the order of their ids. The list is empty if nothing is.
    pub(crate) fn prepared(&self, txids: impl Iterator<Item = Txid>) -> Vec<Option<Arc<Prepared>>> {
        let known = self.known();
        if known.by_txid.is_empty() {
            return Vec::new();
        }
        let prepared: Vec<_> = txids.map(|txid| known.by_txid.get(&txid).cloned()).collect();
        if prepared.iter().any(Option::is_some) { prepared } else { Vec::new() }
    }

    /// Returns the cached change by a transaction.
    pub fn get(&self, txid: &Txid) -> Option<LtHash> {
        self.known().by_txid.get(txid).map(|prepared| prepared.delta.clone())
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

impl Known {
    fn remove(&mut self, txid: &Txid) {
        let Some(removed) = self.by_txid.remove(txid) else { return };
        // another transaction may have taken its place there
        if let Some(first) = removed.first_input()
            && self.by_input.get(first).is_some_and(|latest| Arc::ptr_eq(latest, &removed))
        {
            self.by_input.remove(first);
        }
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
    use crate::keys::Signature;

    /// Returns a transaction that spends this coin of transaction zero, with one signature of equal bytes.
    fn spend(vout: u32, signature: u8) -> IdentifiedTransaction {
        let inputs = vec![OutPoint { txid: Txid::ZERO, vout }];
        let signatures = vec![Signature::from_bytes([signature; 64])];
        Transaction { version: 1, inputs, outputs: vec![], signatures }.into()
    }

    #[test]
    fn remembers_no_more_than_it_may() {
        let deltas = Deltas::new(3);
        for vout in 0..10 {
            deltas.prepare(&spend(vout, 1), &[]);
            deltas.prepare(&spend(vout, 1), &[]);
            assert!(deltas.len() <= 3);
        }
        assert!(deltas.get(&spend(7, 1).txid()).is_some() && deltas.get(&spend(6, 1).txid()).is_none());
    }

    #[test]
    fn identifies_the_same_bytes_and_no_others() {
        let deltas = Deltas::new(2);
        let identify = |transactions: &[&IdentifiedTransaction]| {
            let transactions: Vec<_> = transactions.iter().map(|known| known.transaction().clone()).collect();
            deltas.identify(&transactions)
        };
        let [first, resigned, other] = [spend(0, 1), spend(0, 2), spend(1, 1)];
        assert!(identify(&[&first]).is_empty());
        deltas.prepare(&first, &[]);
        let identity = Some(Identity::of(&first));
        assert_eq!(identify(&[&first, &resigned, &other]), [identity, None, None]);
        let rival = IdentifiedTransaction::from(Transaction { version: 7, ..first.transaction().clone() });
        deltas.prepare(&rival, &[]);
        assert_eq!(identify(&[&rival, &first]), [Some(Identity::of(&rival)), None]);
        // evicts the first, which must not take its rival along, and then the rival
        deltas.prepare(&other, &[]);
        assert_eq!(identify(&[&rival]), [Some(Identity::of(&rival))]);
        deltas.prepare(&spend(2, 1), &[]);
        assert_eq!(identify(&[&rival]), [None]);
    }

    #[test]
    fn clones_are_one_cache() {
        let (one, transaction) = (Deltas::new(2), spend(0, 1));
        let other = one.clone();
        let prepared = |deltas: &Deltas| deltas.prepared([transaction.txid()].into_iter())[0].clone().unwrap();
        one.prepare(&transaction, &[]);
        let known = prepared(&one);
        assert!(Arc::ptr_eq(&known, &prepared(&other)));
        other.prepare(&transaction, &[]);
        assert!(Arc::ptr_eq(&known, &prepared(&one)), "it is not computed again");
    }
}
