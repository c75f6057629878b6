//! Ancestors and descendants of transactions.

use std::collections::BTreeSet;

use toycoin_core::{Transaction, Txid};

use crate::mempool::{entries::Entries, entry::Entry, package::Package};

impl Entries {
    /// Returns a transaction's unconfirmed ancestors, itself excluded.
    pub(super) fn ancestors(&self, transaction: &Transaction) -> BTreeSet<Txid> {
        self.ancestors_within(transaction, usize::MAX).unwrap_or_default()
    }

    /// Returns a transaction's unconfirmed ancestors, itself excluded; `None` if there are more than `most`.
    pub(super) fn ancestors_within(&self, transaction: &Transaction, most: usize) -> Option<BTreeSet<Txid>> {
        walk(self.parents(transaction).collect(), most, |txid, queue| {
            let entry = self.get(txid).into_iter();
            queue.extend(entry.flat_map(|entry| self.parents(&entry.transaction)));
        })
    }

    /// Returns the ancestors of a transaction of the pool, itself excluded.
    pub(super) fn ancestors_of(&self, txid: &Txid) -> BTreeSet<Txid> {
        self.get(txid).map(|entry| self.ancestors(&entry.transaction)).unwrap_or_default()
    }

    /// Returns the descendants of a transaction, itself excluded. The transaction need not be in the pool.
    pub(super) fn spending_from(&self, txid: &Txid, transaction: &Transaction) -> BTreeSet<Txid> {
        let found = walk(self.children(txid, transaction).collect(), usize::MAX, |txid, queue| {
            let entry = self.get(txid).into_iter();
            queue.extend(entry.flat_map(|entry| self.children(txid, &entry.transaction)));
        });
        found.unwrap_or_default()
    }

    /// Returns a transaction of the pool and its descendants.
    pub(super) fn descendants(&self, txid: &Txid) -> BTreeSet<Txid> {
        let Some(entry) = self.get(txid) else { return BTreeSet::new() };
        let mut found = self.spending_from(txid, &entry.transaction);
        found.insert(*txid);
        found
    }

    /// Returns the ancestors and the descendants of a set's members, both without the members.
    pub(super) fn relatives(&self, of: &BTreeSet<Txid>) -> (BTreeSet<Txid>, BTreeSet<Txid>) {
        // the walks start at all members and enter none, so a path that leaves the set and comes back is covered
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
            let Some(entry) = self.get(member) else { continue };
            if entry.ancestors.count > 1 {
                parents(member, &mut above);
            }
            if entry.descendants.count > 1 {
                children(member, &mut below);
            }
        }
        let above = walk(above, usize::MAX, parents).unwrap_or_default();
        (above, walk(below, usize::MAX, children).unwrap_or_default())
    }

    /// Returns the package of a set of transactions.
    pub(super) fn package<'a>(&self, txids: impl IntoIterator<Item = &'a Txid>) -> Package {
        txids.into_iter().filter_map(|txid| self.get(txid)).map(|entry| entry.own).sum()
    }

    /// Returns the package of a transaction and its descendants, without those in `gone`.
    pub(super) fn descendants_without(&self, txid: &Txid, gone: &BTreeSet<Txid>) -> Package {
        let Some(entry) = self.get(txid) else { return Package::default() };
        let mut package = entry.descendants;
        if !gone.is_empty() {
            package.subtract(self.package(self.descendants(txid).intersection(gone)));
        }
        package
    }

    /// Returns a set's entries, parents before children, otherwise in the order of arrival.
    pub(super) fn in_order<'a>(&'a self, txids: &BTreeSet<Txid>) -> Vec<(Txid, &'a Entry)> {
        let mut members: Vec<_> = txids.iter().filter_map(|txid| Some((*txid, self.get(txid)?))).collect();
        members.sort_by_key(|(_, entry)| entry.rank());
        members
    }

    pub(super) fn parents<'a>(&'a self, transaction: &'a Transaction) -> impl Iterator<Item = Txid> + 'a {
        transaction.inputs.iter().map(|outpoint| outpoint.txid).filter(|txid| self.contains(txid))
    }

    pub(super) fn children<'a>(
        &'a self,
        txid: &Txid,
        transaction: &'a Transaction,
    ) -> impl Iterator<Item = Txid> + use<'a> {
        transaction.outpoints(*txid).filter_map(|(outpoint, _)| self.spender(&outpoint))
    }
}

/// Follows a relation as far as it leads; `None` if that finds more than `most` transactions.
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
