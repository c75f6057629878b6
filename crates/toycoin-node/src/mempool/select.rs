//! Choosing the transactions of a block template: the packages with the best fee rates first.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{IdentifiedTransaction, Txid};

use crate::{
    limits,
    mempool::{entries::Entries, entry::MiningKey, package::Package},
};

/// Chooses packages, a transaction with all that it spends from, by their fee rate; of equals the first that came.
///
/// So a child that pays well takes its poor parent along. What is chosen no longer counts in the packages of its other
/// children: these are kept apart with what is left of them, the rest is in the pool's own order.
pub(super) fn select(entries: &Entries, max_bytes: u64) -> Vec<IdentifiedTransaction> {
    let mut choice = Choice { entries, chosen: BTreeSet::new(), left: BTreeMap::new(), again: BTreeMap::new() };
    let mut block = Vec::new();
    let mut room = max_bytes;
    let mut misfits = 0;
    let mut order = entries.by_mining().map(|(key, txid)| (*key, *txid)).peekable();
    while misfits < limits::SELECTION_MISFITS {
        let first_again = choice.again.first_key_value().map(|(key, txid)| (*key, *txid));
        let txid = match (order.peek().copied(), first_again) {
            (Some((key, txid)), other) if other.is_none_or(|(again, _)| key < again) => {
                order.next();
                // changed since the pool put it here: its turn comes among the others of its kind
                if choice.left.contains_key(&txid) {
                    continue;
                }
                txid
            }
            (_, Some((key, txid))) => {
                choice.again.remove(&key);
                txid
            }
            (_, None) => break,
        };
        let Some(package) = choice.package(&txid).filter(|_| !choice.chosen.contains(&txid)) else { continue };
        if package.bytes > room {
            misfits += 1;
            continue;
        }
        misfits = 0;
        room -= package.bytes;
        block.extend(choice.take(&txid));
    }
    block
}

struct Choice<'a> {
    entries: &'a Entries,
    chosen: BTreeSet<Txid>,
    /// The packages that lost members to the chosen ones.
    left: BTreeMap<Txid, Package>,
    /// Those of them that are to be looked at.
    again: BTreeMap<MiningKey, Txid>,
}

impl Choice<'_> {
    /// Returns what is still to be taken with a transaction.
    fn package(&self, txid: &Txid) -> Option<Package> {
        self.left.get(txid).copied().or_else(|| self.entries.get(txid).map(|entry| entry.ancestors))
    }

    /// Takes a transaction and what it spends from, parents first.
    fn take(&mut self, txid: &Txid) -> Vec<IdentifiedTransaction> {
        let Some(entry) = self.entries.get(txid) else { return Vec::new() };
        let mut package = self.entries.ancestors(&entry.transaction);
        package.insert(*txid);
        package.retain(|member| !self.chosen.contains(member));
        let members = self.entries.in_order(&package);
        // one by one: appending would write the whole set anew for each package
        self.chosen.extend(package);
        for (member, entry) in &members {
            for descendant in self.entries.descendants(member) {
                if !self.chosen.contains(&descendant) {
                    self.shrink(descendant, entry.own);
                }
            }
        }
        members.into_iter().map(|(_, entry)| entry.transaction.clone()).collect()
    }

    fn shrink(&mut self, txid: Txid, by: Package) {
        let Some(entry) = self.entries.get(&txid) else { return };
        let left = self.left.entry(txid).or_insert(entry.ancestors);
        self.again.remove(&entry.mining_key_with(*left));
        left.subtract(by);
        self.again.insert(entry.mining_key_with(*left), txid);
    }
}
