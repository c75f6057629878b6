//! Eviction: the transactions with the worst fee rates leave when the mempool is full.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::Txid;

use crate::mempool::{
    DropReason, Mempool,
    entry::KeepingKey,
    package::{Package, Rate},
};

impl Mempool {
    /// Returns the transactions that must leave, each with its descendants, so that a new one fits after `gone` is
    /// removed. `None` if the new one is itself among the worst payers.
    ///
    /// The new transaction counts together with its ancestors, because none of these may leave for it. If one of them
    /// is the worst payer, with the new transaction counted in, the new one is refused.
    pub(super) fn room_for(
        &self,
        own: Package,
        ancestors: &BTreeSet<Txid>,
        gone: &BTreeSet<Txid>,
    ) -> Option<Vec<Txid>> {
        let most = self.config.max_bytes;
        let mut bytes = self.bytes() - self.entries.package(gone).bytes + own.bytes;
        if bytes <= most {
            return Some(Vec::new());
        }
        let with_newcomer = |txid: &Txid| {
            let mut family = self.entries.descendants_without(txid, gone);
            family.add(own);
            self.entries.get(txid).map(|entry| entry.keeping_key_with(family).0)
        };
        let floor = ancestors.iter().filter_map(with_newcomer).fold(own.rate(), Rate::min);

        let mut leaving = Vec::new();
        let mut out = gone.clone();
        let mut worst = self.entries.by_keeping().map(|(key, txid)| (*key, *txid)).peekable();
        // a transaction that loses a descendant with a low fee pays better than the pool's order says, so it is ranked
        // again
        let mut again: BTreeMap<KeepingKey, Txid> = BTreeMap::new();
        while bytes > most {
            let first_again = again.first_key_value().map(|(key, txid)| (*key, *txid));
            let (key, txid) = match (worst.peek().copied(), first_again) {
                (Some(next), Some(other)) if other.0 < next.0 => other,
                (Some(next), _) => next,
                (None, Some(other)) => other,
                (None, None) => return None,
            };
            if again.remove(&key).is_none() {
                worst.next();
            }
            if out.contains(&txid) || ancestors.contains(&txid) {
                continue;
            }
            let entry = self.entries.get(&txid)?;
            let now = entry.keeping_key_with(self.entries.descendants_without(&txid, &out));
            if now.0 > key.0 {
                again.insert(now, txid);
                continue;
            }
            if now.0 >= floor {
                return None;
            }
            for member in self.entries.descendants(&txid) {
                if out.insert(member) {
                    bytes -= self.entries.get(&member)?.own.bytes;
                }
            }
            leaving.push(txid);
        }
        Some(leaving)
    }

    /// Drops the worst payers until the pool is within its bound.
    pub(super) fn trim(&mut self, dropped: &mut Vec<(Txid, DropReason)>) {
        while self.bytes() > self.config.max_bytes {
            let Some(worst) = self.entries.by_keeping().next().map(|(_, txid)| *txid) else { return };
            self.drop_family(worst, DropReason::Evicted, dropped);
        }
    }
}
