//! A bounded memory of dropped transactions and the reasons.

use std::collections::{BTreeMap, VecDeque};

use toycoin_core::Txid;

use crate::{limits, mempool::DropReason};

/// The most recently dropped transactions, with the reasons.
///
/// Strangers can cause any number of drops by replacing their own transactions. So transactions that were submitted
/// here have a table of their own.
#[derive(Debug, Default)]
pub(super) struct Drops {
    own: Table,
    others: Table,
}

#[derive(Debug, Default)]
struct Table {
    reasons: BTreeMap<Txid, (u64, DropReason)>,
    /// Dropped transactions in order, with their numbers. One that returned to the mempool meanwhile still has an entry
    /// here.
    order: VecDeque<(u64, Txid)>,
    drops: u64,
}

impl Drops {
    #[cfg(feature = "test-util")]
    pub(super) fn len(&self) -> usize {
        self.own.order.len() + self.others.order.len()
    }

    /// Remembers why a transaction was dropped, and forgets the oldest drop.
    pub(super) fn insert(&mut self, txid: Txid, own: bool, reason: DropReason) {
        self.remove(&txid);
        let table = if own { &mut self.own } else { &mut self.others };
        table.insert(txid, reason);
    }

    /// Forgets a transaction that has returned to the mempool.
    pub(super) fn remove(&mut self, txid: &Txid) {
        self.own.reasons.remove(txid);
        self.others.reasons.remove(txid);
    }

    pub(super) fn reason(&self, txid: &Txid) -> Option<&DropReason> {
        let found = self.own.reasons.get(txid).or_else(|| self.others.reasons.get(txid));
        found.map(|(_, reason)| reason)
    }
}

impl Table {
    fn insert(&mut self, txid: Txid, reason: DropReason) {
        self.drops += 1;
        self.reasons.insert(txid, (self.drops, reason));
        self.order.push_back((self.drops, txid));
        if self.order.len() > limits::REMEMBERED_DROPS
            && let Some((number, oldest)) = self.order.pop_front()
            // unless it was dropped again since
            && self.reasons.get(&oldest).is_some_and(|(last, _)| *last == number)
        {
            self.reasons.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn txid(number: usize) -> Txid {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        Txid::from_bytes(bytes)
    }

    #[test]
    fn the_oldest_drop_is_forgotten_first() {
        let mut drops = Drops::default();
        let again = DropReason::CoinsGone;
        for number in 0..limits::REMEMBERED_DROPS {
            drops.insert(txid(number), false, DropReason::Evicted);
        }
        drops.insert(txid(0), false, again.clone());
        drops.insert(txid(limits::REMEMBERED_DROPS), false, DropReason::Evicted);
        assert_eq!(drops.reason(&txid(0)), Some(&again), "dropped again");
        assert_eq!(drops.reason(&txid(1)), None);
        assert_eq!(drops.reason(&txid(2)), Some(&DropReason::Evicted));
        drops.remove(&txid(2));
        assert_eq!(drops.reason(&txid(2)), None, "it came back");
    }

    #[test]
    fn drops_of_strangers_leave_our_own_alone() {
        let mut drops = Drops::default();
        drops.insert(txid(0), true, DropReason::Evicted);
        for number in 1..3 * limits::REMEMBERED_DROPS {
            drops.insert(txid(number), false, DropReason::CoinsGone);
        }
        assert_eq!(drops.reason(&txid(0)), Some(&DropReason::Evicted));
        assert!(drops.len() <= 2 * limits::REMEMBERED_DROPS);
    }
}
