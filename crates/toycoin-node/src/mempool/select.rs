//! Selection of a block template's transactions: the packages with the best fee rates first.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{IdentifiedTransaction, Txid};

use crate::{
    limits,
    mempool::{entries::Entries, entry::MiningKey, package::Package},
};

/// Selects packages, each a transaction with its ancestors, by fee rate. Among equals the first arrival comes first.
///
/// So a child with a high fee takes a parent with a low fee along (CPFP). Selected transactions no longer count in the
/// packages of their other children. Those reduced packages are kept apart; the others are in the pool's own order.
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
                // its package has shrunk since the pool ordered it, so its turn comes among the reduced packages
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
        if choice.chosen.contains(&txid) {
            continue;
        }
        // not by the key: equal rates are equal keys, so an order may hold that of a smaller package
        let Some(package) = choice.package(&txid) else { continue };
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
    /// The selected transactions, without those that have no relatives: nothing leads to these again.
    chosen: BTreeSet<Txid>,
    /// Packages that lost members to the selected ones.
    left: BTreeMap<Txid, Package>,
    /// Reduced packages that are still to be considered.
    again: BTreeMap<MiningKey, Txid>,
}

impl Choice<'_> {
    /// Returns what remains of a transaction's package.
    fn package(&self, txid: &Txid) -> Option<Package> {
        self.left.get(txid).copied().or_else(|| self.entries.get(txid).map(|entry| entry.ancestors))
    }

    /// Takes a transaction and its remaining ancestors, parents first.
    fn take(&mut self, txid: &Txid) -> Vec<IdentifiedTransaction> {
        let Some(entry) = self.entries.get(txid) else { return Vec::new() };
        if entry.is_alone() {
            return vec![entry.transaction.clone()];
        }
        let mut package = self.entries.ancestors(&entry.transaction);
        package.insert(*txid);
        package.retain(|member| !self.chosen.contains(member));
        let members = self.entries.in_order(&package);
        // one by one, since appending would rebuild the whole set for each package
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
