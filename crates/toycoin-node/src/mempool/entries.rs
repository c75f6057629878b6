//! The mempool's transactions, the spender of each coin, and the orders by fee rate.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{OutPoint, Txid, keyed_map::KeyedMap, utxo::Coin};

use crate::mempool::{
    entry::{Entry, KeepingKey, MiningKey, Newcomer},
    order::Order,
    package::Package,
};

/// Transactions by id. The order of a map is never visible.
///
/// No two of them spend the same coin: the caller removes what a new transaction replaces before it inserts that.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// Each entry has a place of its own, so that the map grows without moving them.
    by_txid: KeyedMap<Txid, Box<Entry>>,
    spenders: KeyedMap<OutPoint, Txid>,
    keeping: Order<KeepingKey>,
    mining: Order<MiningKey>,
    bytes: u64,
    last_arrival: i64,
    first_arrival: i64,
    generation: u64,
}

impl Entries {
    pub(super) fn get(&self, txid: &Txid) -> Option<&Entry> {
        self.by_txid.get(txid).map(Box::as_ref)
    }

    pub(super) fn contains(&self, txid: &Txid) -> bool {
        self.by_txid.contains_key(txid)
    }

    pub(super) fn len(&self) -> usize {
        self.by_txid.len()
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns a number that changes with every insertion and removal.
    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the transactions in no particular order.
    pub(super) fn iter_unordered(&self) -> impl Iterator<Item = (&Txid, &Entry)> {
        self.by_txid.iter().map(|(txid, entry)| (txid, entry.as_ref()))
    }

    /// Returns the transactions in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Txid, &Entry)> {
        let mut all: Vec<_> = self.iter_unordered().collect();
        all.sort_unstable_by_key(|(txid, _)| **txid);
        all.into_iter()
    }

    /// Returns the transactions in the order of eviction, the worst fee rate first.
    pub(super) fn by_keeping(&self) -> impl Iterator<Item = (&KeepingKey, &Txid)> {
        self.keeping.iter(|| self.iter_unordered().map(|(txid, entry)| (entry.keeping_key(), *txid)))
    }

    /// Returns the transactions in the order of mining, the best package first.
    pub(super) fn by_mining(&self) -> impl Iterator<Item = (&MiningKey, &Txid)> {
        self.mining.iter(|| self.mining_keys())
    }

    /// Returns the transactions after a position in the order of mining.
    pub(super) fn by_mining_after(&self, after: Option<MiningKey>) -> impl Iterator<Item = (&MiningKey, &Txid)> {
        self.mining.after(after, || self.mining_keys())
    }

    fn mining_keys(&self) -> impl Iterator<Item = (MiningKey, Txid)> {
        self.iter_unordered().map(|(txid, entry)| (entry.mining_key(), *txid))
    }

    pub(super) fn spender(&self, outpoint: &OutPoint) -> Option<Txid> {
        self.spenders.get(outpoint).copied()
    }

    /// Returns the coin that a transaction of the pool creates.
    pub(super) fn coin(&self, outpoint: &OutPoint) -> Option<Coin> {
        let entry = self.by_txid.get(&outpoint.txid)?;
        let output = entry.transaction.outputs.get(usize::try_from(outpoint.vout).ok()?)?;
        Some(Coin { output: *output, coinbase_height: 0 })
    }

    /// Appends a transaction after all others.
    pub(super) fn insert(&mut self, newcomer: Newcomer) {
        self.last_arrival += 1;
        self.put(newcomer, self.last_arrival);
    }

    /// Reserves `count` arrival numbers before all others, and returns the first of them.
    pub(super) fn arrivals_in_front(&mut self, count: usize) -> i64 {
        self.first_arrival -= i64::try_from(count).unwrap_or(i64::MAX);
        self.first_arrival
    }

    /// Inserts a transaction with its arrival number. After a reorganisation its children may already be here.
    pub(super) fn put(&mut self, newcomer: Newcomer, arrival: i64) {
        let Newcomer { transaction, fee, coinbase_height, returned, since } = newcomer;
        let txid = transaction.txid();
        let own = Package::one(fee, transaction.size());
        let ancestors = self.ancestors(&transaction);
        let below = self.lines(self.spending_from(&txid, &transaction));
        for outpoint in &transaction.inputs {
            self.spenders.insert(*outpoint, txid);
        }
        self.bytes += own.bytes;
        self.generation += 1;
        let entry =
            Entry { transaction, own, ancestors: own, descendants: own, arrival, coinbase_height, returned, since };
        self.keeping.insert(txid, || entry.keeping_key());
        self.mining.insert(txid, || entry.mining_key());
        self.by_txid.insert(txid, Box::new(entry));
        self.relate(&txid, &ancestors);
        for (descendant, before) in below {
            let new: Vec<_> = self.ancestors_of(&descendant).difference(&before).copied().collect();
            self.relate(&descendant, &new);
        }
    }

    /// Removes transactions and keeps all others, their children included.
    ///
    /// The cost depends on the removed transactions and their remaining relatives, so that a block with long chains is
    /// removed at once.
    pub(super) fn remove_all(&mut self, gone: &BTreeSet<Txid>) {
        // building an order of those that stay costs less than removing more from it, and often nobody asks for it
        if gone.len() > self.len() / 2 {
            self.keeping.reset();
            self.mining.reset();
        }
        let (above, below) = self.relatives(gone);
        if above.is_empty() {
            return self.remove_with_all_above(gone, &below);
        }
        for txid in gone {
            let own = self.package([txid]);
            for ancestor in self.ancestors_of(txid).difference(gone) {
                self.update(ancestor, |entry| entry.descendants.subtract(own));
            }
        }
        let below = self.lines(below);
        self.forget_all(gone);
        for (txid, before) in below {
            let after = self.ancestors_of(&txid);
            let (own, mut ancestors) = (self.package([&txid]), self.package(&after));
            ancestors.add(own);
            self.update(&txid, |entry| entry.ancestors = ancestors);
            // ancestors that it had only by way of a removed transaction
            for ancestor in before.difference(&after) {
                self.update(ancestor, |entry| entry.descendants.subtract(own));
            }
        }
    }

    /// Removes transactions together with all their ancestors, as a block does. `below` are the remaining descendants,
    /// whose ancestor packages shrink.
    fn remove_with_all_above(&mut self, gone: &BTreeSet<Txid>, below: &BTreeSet<Txid>) {
        let mut less: BTreeMap<Txid, Package> = BTreeMap::new();
        if !below.is_empty() {
            for txid in gone {
                let own = self.package([txid]);
                for descendant in self.descendants(txid).intersection(below) {
                    less.entry(*descendant).or_default().add(own);
                }
            }
        }
        self.forget_all(gone);
        for (txid, less) in less {
            self.update(&txid, |entry| entry.ancestors.subtract(less));
        }
    }

    /// Returns each transaction of a set with its present ancestors.
    fn lines(&self, of: BTreeSet<Txid>) -> Vec<(Txid, BTreeSet<Txid>)> {
        of.into_iter().map(|txid| (txid, self.ancestors_of(&txid))).collect()
    }

    /// Adds a transaction and some of its ancestors to each other's packages.
    fn relate<'a>(&mut self, txid: &Txid, ancestors: impl IntoIterator<Item = &'a Txid>) {
        let own = self.package([txid]);
        let mut above = Package::default();
        for ancestor in ancestors {
            above.add(self.package([ancestor]));
            self.update(ancestor, |entry| entry.descendants.add(own));
        }
        self.update(txid, |entry| entry.ancestors.add(above));
    }

    /// Changes an entry and its positions in the orders; does nothing if the entry is gone.
    fn update(&mut self, txid: &Txid, change: impl FnOnce(&mut Entry)) {
        let Some(entry) = self.by_txid.get_mut(txid) else { return };
        let (keeping, mining) = (entry.keeping_key(), entry.mining_key());
        change(entry);
        if entry.keeping_key() != keeping {
            self.keeping.remove(|| keeping);
            self.keeping.insert(*txid, || entry.keeping_key());
        }
        if entry.mining_key() != mining {
            self.mining.remove(|| mining);
            self.mining.insert(*txid, || entry.mining_key());
        }
    }

    /// Removes transactions without updating their relatives.
    fn forget_all(&mut self, gone: &BTreeSet<Txid>) {
        // often a block takes all that wait, and then nothing has to be looked for
        if gone.len() == self.len() && gone.iter().all(|txid| self.contains(txid)) {
            self.by_txid.clear();
            self.spenders.clear();
            self.bytes = 0;
            self.generation += gone.len() as u64;
            return;
        }
        gone.iter().for_each(|txid| self.forget(txid));
    }

    /// Removes one transaction without updating its relatives.
    fn forget(&mut self, txid: &Txid) {
        let Some(entry) = self.by_txid.remove(txid) else { return };
        self.keeping.remove(|| entry.keeping_key());
        self.mining.remove(|| entry.mining_key());
        for outpoint in &entry.transaction.inputs {
            self.spenders.remove(outpoint);
        }
        self.bytes -= entry.own.bytes;
        self.generation += 1;
    }
}
