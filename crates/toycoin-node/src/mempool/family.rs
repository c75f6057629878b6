//! Who spends from whom.

use std::collections::BTreeSet;

use toycoin_core::{Transaction, Txid};

use crate::mempool::{entries::Entries, entry::Entry, package::Package};

impl Entries {
    /// Returns all that a transaction spends from, itself left out.
    pub(super) fn ancestors(&self, transaction: &Transaction) -> BTreeSet<Txid> {
        self.ancestors_within(transaction, usize::MAX).unwrap_or_default()
    }

    /// Returns all that a transaction spends from, itself left out, `None` if they are more than `most`.
    pub(super) fn ancestors_within(&self, transaction: &Transaction, most: usize) -> Option<BTreeSet<Txid>> {
        walk(self.parents(transaction).collect(), most, |txid, queue| {
            let entry = self.get(txid).into_iter();
            queue.extend(entry.flat_map(|entry| self.parents(&entry.transaction)));
        })
    }

    /// Returns all that a transaction of the pool spends from, itself left out.
    pub(super) fn ancestors_of(&self, txid: &Txid) -> BTreeSet<Txid> {
        self.get(txid).map(|entry| self.ancestors(&entry.transaction)).unwrap_or_default()
    }

    /// Returns all that spends from a transaction, which may not be here itself.
    pub(super) fn spending_from(&self, txid: &Txid, transaction: &Transaction) -> BTreeSet<Txid> {
        let found = walk(self.children(txid, transaction).collect(), usize::MAX, |txid, queue| {
            let entry = self.get(txid).into_iter();
            queue.extend(entry.flat_map(|entry| self.children(txid, &entry.transaction)));
        });
        found.unwrap_or_default()
    }

    /// Returns a transaction of the pool and all that spends from it.
    pub(super) fn descendants(&self, txid: &Txid) -> BTreeSet<Txid> {
        let Some(entry) = self.get(txid) else { return BTreeSet::new() };
        let mut found = self.spending_from(txid, &entry.transaction);
        found.insert(*txid);
        found
    }

    /// Returns all outside of a set that its members spend from, and all outside that spends from them.
    pub(super) fn relatives(&self, of: &BTreeSet<Txid>) -> (BTreeSet<Txid>, BTreeSet<Txid>) {
        // from all members at once, so that a way that leaves the set and comes back is no other way
        let parents = |txid: &Txid, queue: &mut Vec<Txid>| {
            let entry = self.get(txid).into_iter();
            queue.extend(entry.flat_map(|entry| self.parents(&entry.transaction)).filter(|txid| !of.contains(txid)));
        };
        let children = |txid: &Txid, queue: &mut Vec<Txid>| {
            let entry = self.get(txid).into_iter();
            let children = entry.flat_map(|entry| self.children(txid, &entry.transaction));
            queue.extend(children.filter(|txid| !of.contains(txid)));
        };
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for member in of {
            parents(member, &mut above);
            children(member, &mut below);
        }
        let above = walk(above, usize::MAX, parents).unwrap_or_default();
        (above, walk(below, usize::MAX, children).unwrap_or_default())
    }

    /// Returns what a set is worth together.
    pub(super) fn package<'a>(&self, txids: impl IntoIterator<Item = &'a Txid>) -> Package {
        txids.into_iter().filter_map(|txid| self.get(txid)).map(|entry| entry.own).sum()
    }

    /// Returns what a transaction is worth with all that spends from it, as if some others were gone.
    pub(super) fn descendants_without(&self, txid: &Txid, gone: &BTreeSet<Txid>) -> Package {
        let Some(entry) = self.get(txid) else { return Package::default() };
        let mut package = entry.descendants;
        if !gone.is_empty() {
            package.subtract(self.package(self.descendants(txid).intersection(gone)));
        }
        package
    }

    /// Returns a set's entries, parents before children, of others the first that came first.
    pub(super) fn in_order<'a>(&'a self, txids: &BTreeSet<Txid>) -> Vec<(Txid, &'a Entry)> {
        let mut members: Vec<_> = txids.iter().filter_map(|txid| Some((*txid, self.get(txid)?))).collect();
        members.sort_by_key(|(_, entry)| entry.rank());
        members
    }

    fn parents<'a>(&'a self, transaction: &'a Transaction) -> impl Iterator<Item = Txid> + 'a {
        transaction.inputs.iter().map(|outpoint| outpoint.txid).filter(|txid| self.contains(txid))
    }

    fn children<'a>(&'a self, txid: &Txid, transaction: &'a Transaction) -> impl Iterator<Item = Txid> + use<'a> {
        transaction.outpoints(*txid).filter_map(|(outpoint, _)| self.spender(&outpoint))
    }
}

/// Follows lines as far as they go, `None` if that finds more than `most`.
fn walk(mut queue: Vec<Txid>, most: usize, next: impl Fn(&Txid, &mut Vec<Txid>)) -> Option<BTreeSet<Txid>> {
    let mut found = BTreeSet::new();
    while let Some(txid) = queue.pop() {
        if found.insert(txid) {
            if found.len() > most {
                return None;
            }
            next(&txid, &mut queue);
        }
    }
    Some(found)
}
