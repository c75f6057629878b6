//! The pool's transactions, who spends what, and who spends from whom.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{Amount, OutPoint, Transaction, Txid, utxo::Coin};

/// A transaction in the pool.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) transaction: Transaction,
    pub(super) fee: Amount,
    pub(super) size: u64,
    /// When it came, counted in transactions.
    pub(super) arrival: u64,
}

/// Transactions by id.
#[derive(Debug, Default)]
pub(super) struct Entries {
    by_txid: BTreeMap<Txid, Entry>,
    spenders: BTreeMap<OutPoint, Txid>,
    bytes: u64,
    arrivals: u64,
}

impl Entries {
    pub(super) fn get(&self, txid: &Txid) -> Option<&Entry> {
        self.by_txid.get(txid)
    }

    pub(super) fn len(&self) -> usize {
        self.by_txid.len()
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Txid, &Entry)> {
        self.by_txid.iter()
    }

    pub(super) fn spender(&self, outpoint: &OutPoint) -> Option<Txid> {
        self.spenders.get(outpoint).copied()
    }

    /// Returns the coin that a transaction of the pool makes.
    pub(super) fn coin(&self, outpoint: &OutPoint) -> Option<Coin> {
        let entry = self.by_txid.get(&outpoint.txid)?;
        let output = entry.transaction.outputs.get(usize::try_from(outpoint.vout).ok()?)?;
        Some(Coin { output: *output, coinbase_height: 0 })
    }

    pub(super) fn insert(&mut self, txid: Txid, transaction: Transaction, fee: Amount) {
        let size = transaction.size();
        for outpoint in &transaction.inputs {
            self.spenders.insert(*outpoint, txid);
        }
        self.bytes += size;
        self.arrivals += 1;
        self.by_txid.insert(txid, Entry { transaction, fee, size, arrival: self.arrivals });
    }

    pub(super) fn remove(&mut self, txid: &Txid) -> Option<Entry> {
        let entry = self.by_txid.remove(txid)?;
        for outpoint in &entry.transaction.inputs {
            self.spenders.remove(outpoint);
        }
        self.bytes -= entry.size;
        Some(entry)
    }

    /// Takes everything out, in the order in which it came: parents before children.
    pub(super) fn drain_in_order(&mut self) -> Vec<Transaction> {
        let mut entries: Vec<_> = std::mem::take(&mut self.by_txid).into_values().collect();
        self.spenders.clear();
        self.bytes = 0;
        entries.sort_by_key(|entry| entry.arrival);
        entries.into_iter().map(|entry| entry.transaction).collect()
    }

    /// Returns a transaction's parents in the pool.
    pub(super) fn parents<'a>(&'a self, transaction: &'a Transaction) -> impl Iterator<Item = Txid> + 'a {
        transaction.inputs.iter().map(|outpoint| outpoint.txid).filter(|txid| self.by_txid.contains_key(txid))
    }

    /// Returns all that a transaction spends from, itself left out.
    pub(super) fn ancestors(&self, transaction: &Transaction) -> BTreeSet<Txid> {
        let mut found = BTreeSet::new();
        let mut queue: Vec<_> = self.parents(transaction).collect();
        while let Some(txid) = queue.pop() {
            if found.insert(txid)
                && let Some(entry) = self.by_txid.get(&txid)
            {
                queue.extend(self.parents(&entry.transaction));
            }
        }
        found
    }

    /// Returns a transaction and all that spends from it.
    pub(super) fn descendants(&self, txid: &Txid) -> BTreeSet<Txid> {
        let mut found = BTreeSet::new();
        let mut queue = vec![*txid];
        while let Some(txid) = queue.pop() {
            let Some(entry) = self.by_txid.get(&txid) else { continue };
            if found.insert(txid) {
                let outputs = entry.transaction.outpoints(txid);
                queue.extend(outputs.filter_map(|(outpoint, _)| self.spender(&outpoint)));
            }
        }
        found
    }

    /// Returns fees and size of a set.
    pub(super) fn worth(&self, txids: &BTreeSet<Txid>) -> (Amount, u64) {
        let entries = || txids.iter().filter_map(|txid| self.by_txid.get(txid));
        (entries().map(|entry| entry.fee).sum(), entries().map(|entry| entry.size).sum())
    }
}

/// Compares two fee rates, fee by size, without dividing.
pub(super) fn compare_rates(one: (Amount, u64), other: (Amount, u64)) -> std::cmp::Ordering {
    let left = u128::from(one.0.grains()) * u128::from(other.1);
    left.cmp(&(u128::from(other.0.grains()) * u128::from(one.1)))
}
