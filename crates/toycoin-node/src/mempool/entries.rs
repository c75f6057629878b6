//! The pool's transactions, who spends what, who spends from whom, and what they are worth together.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use toycoin_core::{Amount, OutPoint, Transaction, Txid, utxo::Coin};

use crate::mempool::package::{Package, Rate};

/// A transaction in the pool.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) transaction: Transaction,
    /// It alone.
    pub(super) own: Package,
    /// It and all that it spends from.
    pub(super) ancestors: Package,
    /// It and all that spends from it.
    pub(super) descendants: Package,
    /// When it came, counted in transactions; what a reorganisation brings back came before all others.
    pub(super) arrival: i64,
    /// The height of the youngest coinbase that it spends from directly, 0 for none.
    pub(super) coinbase_height: u64,
}

impl Entry {
    /// Returns what the pool loses with it, a byte.
    ///
    /// A poor child must not make a rich parent go, so its own rate counts if that is better.
    pub(super) fn keeping_rate(&self) -> Rate {
        self.own.rate().max(self.descendants.rate())
    }

    /// Orders parents before children: an ancestor has fewer ancestors.
    pub(super) const fn rank(&self) -> (usize, i64) {
        (self.ancestors.count, self.arrival)
    }

    /// The worst payer first, of equals the last that came.
    fn keeping_key(&self) -> KeepingKey {
        (self.keeping_rate(), Reverse(self.arrival))
    }

    /// The best package first, of equals the first that came.
    fn mining_key(&self) -> MiningKey {
        (Reverse(self.ancestors.rate()), self.arrival)
    }
}

pub(super) type KeepingKey = (Rate, Reverse<i64>);
pub(super) type MiningKey = (Reverse<Rate>, i64);

/// A transaction that was judged, on its way in.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) txid: Txid,
    pub(super) transaction: Transaction,
    pub(super) fee: Amount,
    pub(super) coinbase_height: u64,
}

/// Transactions by id.
#[derive(Debug, Default)]
pub(super) struct Entries {
    by_txid: BTreeMap<Txid, Entry>,
    spenders: BTreeMap<OutPoint, Txid>,
    keeping: BTreeMap<KeepingKey, Txid>,
    mining: BTreeMap<MiningKey, Txid>,
    bytes: u64,
    last_arrival: i64,
    first_arrival: i64,
    generation: u64,
}

impl Entries {
    pub(super) fn get(&self, txid: &Txid) -> Option<&Entry> {
        self.by_txid.get(txid)
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

    /// Changes with every transaction that comes or goes.
    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Txid, &Entry)> {
        self.by_txid.iter()
    }

    /// Returns the transactions as they would be let go, the worst payer first.
    pub(super) fn by_keeping(&self) -> impl Iterator<Item = (&KeepingKey, &Txid)> {
        self.keeping.iter()
    }

    /// Returns the transactions as they would be mined, the best package first.
    pub(super) fn by_mining(&self) -> impl Iterator<Item = (&MiningKey, &Txid)> {
        self.mining.iter()
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

    /// Puts a transaction behind all others.
    pub(super) fn insert(&mut self, newcomer: Newcomer) {
        self.last_arrival += 1;
        self.put(newcomer, self.last_arrival);
    }

    /// Makes room before all others for so many, and returns the first one's arrival.
    pub(super) fn arrivals_in_front(&mut self, count: usize) -> i64 {
        self.first_arrival -= i64::try_from(count).unwrap_or(i64::MAX);
        self.first_arrival
    }

    /// Puts a transaction into its place; its children may be here already, after a reorganisation.
    pub(super) fn put(&mut self, newcomer: Newcomer, arrival: i64) {
        let Newcomer { txid, transaction, fee, coinbase_height } = newcomer;
        let own = Package::one(fee, transaction.size());
        let ancestors = self.ancestors(&transaction);
        let before = self.lines_below(&txid, &transaction);
        for outpoint in &transaction.inputs {
            self.spenders.insert(*outpoint, txid);
        }
        self.bytes += own.bytes;
        self.generation += 1;
        let entry = Entry { transaction, own, ancestors: own, descendants: own, arrival, coinbase_height };
        self.index(txid, &entry);
        self.by_txid.insert(txid, entry);
        for ancestor in ancestors {
            self.relate(txid, ancestor, Package::add);
        }
        for (descendant, before) in before {
            for ancestor in self.ancestors_of(&descendant).difference(&before) {
                self.relate(descendant, *ancestor, Package::add);
            }
        }
    }

    /// Takes one transaction out and leaves all others, its children too: a block has it.
    pub(super) fn remove(&mut self, txid: &Txid) -> Option<Entry> {
        let transaction = &self.by_txid.get(txid)?.transaction;
        let ancestors = self.ancestors(transaction);
        let before = self.lines_below(txid, transaction);
        for ancestor in ancestors {
            self.relate(*txid, ancestor, Package::subtract);
        }
        // while it is still here: what it is worth is taken from those below it
        for (descendant, _) in &before {
            self.relate(*descendant, *txid, Package::subtract);
        }
        let entry = self.by_txid.remove(txid)?;
        self.unindex(&entry);
        for (descendant, mut before) in before {
            before.remove(txid);
            for ancestor in before.difference(&self.ancestors_of(&descendant)) {
                self.relate(descendant, *ancestor, Package::subtract);
            }
        }
        for outpoint in &entry.transaction.inputs {
            self.spenders.remove(outpoint);
        }
        self.bytes -= entry.own.bytes;
        self.generation += 1;
        Some(entry)
    }

    /// Returns all that a transaction spends from, itself left out.
    pub(super) fn ancestors(&self, transaction: &Transaction) -> BTreeSet<Txid> {
        self.ancestors_within(transaction, usize::MAX).unwrap_or_default()
    }

    /// Returns all that a transaction spends from, itself left out, `None` if they are more than `most`.
    pub(super) fn ancestors_within(&self, transaction: &Transaction, most: usize) -> Option<BTreeSet<Txid>> {
        let mut found = BTreeSet::new();
        let mut queue: Vec<_> = self.parents(transaction).collect();
        while let Some(txid) = queue.pop() {
            if found.insert(txid)
                && let Some(entry) = self.by_txid.get(&txid)
            {
                if found.len() > most {
                    return None;
                }
                queue.extend(self.parents(&entry.transaction));
            }
        }
        Some(found)
    }

    /// Returns a transaction and all that spends from it.
    pub(super) fn descendants(&self, txid: &Txid) -> BTreeSet<Txid> {
        let Some(entry) = self.by_txid.get(txid) else { return BTreeSet::new() };
        let mut found = self.below(txid, &entry.transaction);
        found.insert(*txid);
        found
    }

    /// Returns what a set is worth together.
    pub(super) fn package<'a>(&self, txids: impl IntoIterator<Item = &'a Txid>) -> Package {
        txids.into_iter().filter_map(|txid| self.by_txid.get(txid)).map(|entry| entry.own).sum()
    }

    /// Returns a set's entries, parents before children, of others the first that came first.
    pub(super) fn in_order<'a>(&'a self, txids: &BTreeSet<Txid>) -> Vec<(Txid, &'a Entry)> {
        let mut members: Vec<_> = txids.iter().filter_map(|txid| Some((*txid, self.by_txid.get(txid)?))).collect();
        members.sort_by_key(|(_, entry)| entry.rank());
        members
    }

    fn parents<'a>(&'a self, transaction: &'a Transaction) -> impl Iterator<Item = Txid> + 'a {
        transaction.inputs.iter().map(|outpoint| outpoint.txid).filter(|txid| self.by_txid.contains_key(txid))
    }

    fn ancestors_of(&self, txid: &Txid) -> BTreeSet<Txid> {
        self.by_txid.get(txid).map(|entry| self.ancestors(&entry.transaction)).unwrap_or_default()
    }

    /// Returns all that spends from a transaction, which may not be here itself.
    fn below(&self, txid: &Txid, transaction: &Transaction) -> BTreeSet<Txid> {
        let spenders = |txid: Txid, transaction: &Transaction| -> Vec<Txid> {
            transaction.outpoints(txid).filter_map(|(outpoint, _)| self.spender(&outpoint)).collect()
        };
        let mut found = BTreeSet::new();
        let mut queue = spenders(*txid, transaction);
        while let Some(txid) = queue.pop() {
            if found.insert(txid)
                && let Some(entry) = self.by_txid.get(&txid)
            {
                queue.extend(spenders(txid, &entry.transaction));
            }
        }
        found
    }

    /// Returns each that spends from a transaction, with its own ancestors as they are now.
    fn lines_below(&self, txid: &Txid, transaction: &Transaction) -> Vec<(Txid, BTreeSet<Txid>)> {
        let below = self.below(txid, transaction).into_iter();
        below.map(|descendant| (descendant, self.ancestors_of(&descendant))).collect()
    }

    /// Adds two relatives to each other's packages, or takes them away.
    fn relate(&mut self, descendant: Txid, ancestor: Txid, change: fn(&mut Package, Package)) {
        let own = |txid| self.by_txid.get(txid).map(|entry: &Entry| entry.own);
        let (Some(below), Some(above)) = (own(&descendant), own(&ancestor)) else { return };
        self.update(&descendant, |entry| change(&mut entry.ancestors, above));
        self.update(&ancestor, |entry| change(&mut entry.descendants, below));
    }

    fn update(&mut self, txid: &Txid, change: impl FnOnce(&mut Entry)) {
        let Some(mut entry) = self.by_txid.remove(txid) else { return };
        self.unindex(&entry);
        change(&mut entry);
        self.index(*txid, &entry);
        self.by_txid.insert(*txid, entry);
    }

    fn index(&mut self, txid: Txid, entry: &Entry) {
        self.keeping.insert(entry.keeping_key(), txid);
        self.mining.insert(entry.mining_key(), txid);
    }

    fn unindex(&mut self, entry: &Entry) {
        self.keeping.remove(&entry.keeping_key());
        self.mining.remove(&entry.mining_key());
    }
}
