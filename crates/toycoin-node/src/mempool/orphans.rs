//! Transactions whose parents have not come yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use toycoin_core::{IdentifiedTransaction, OutPoint, Txid};

use crate::limits;

/// A transaction that spends coins which are not known here.
#[derive(Debug, Clone)]
pub(super) struct Orphan {
    /// Known by its wtxid: nobody has looked at its signatures, and one with bad ones must not keep the honest one out.
    pub(super) transaction: IdentifiedTransaction,
    /// Who sent it.
    pub(super) source: u64,
}

/// A few of them, the oldest first; the oldest make room.
#[derive(Debug, Default)]
pub(super) struct Orphans {
    waiting: VecDeque<Orphan>,
}

impl Orphans {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns how many the peer with most of them sent.
    pub(super) fn most_of_a_peer(&self) -> usize {
        let mut counts = BTreeMap::new();
        for orphan in &self.waiting {
            *counts.entry(orphan.source).or_insert(0) += 1;
        }
        counts.into_values().max().unwrap_or(0)
    }

    /// Takes one that waits; one that does already keeps its place.
    pub(super) fn insert(&mut self, orphan: Orphan) {
        if self.waiting.iter().any(|other| other.transaction.wtxid() == orphan.transaction.wtxid()) {
            return;
        }
        let same = |other: &Orphan| other.source == orphan.source;
        if self.waiting.iter().filter(|other| same(other)).count() >= limits::ORPHANS_A_PEER
            && let Some(oldest) = self.waiting.iter().position(same)
        {
            self.waiting.remove(oldest);
        }
        self.waiting.push_back(orphan);
        if self.waiting.len() > limits::ORPHANS {
            self.waiting.pop_front();
        }
    }

    /// Forgets a transaction, whatever its signatures.
    pub(super) fn remove(&mut self, txid: &Txid) {
        self.waiting.retain(|orphan| orphan.transaction.txid() != *txid);
    }

    /// Forgets those that spend one of these coins: a block has spent it.
    pub(super) fn remove_spenders(&mut self, spent: &BTreeSet<OutPoint>) {
        self.waiting.retain(|orphan| !orphan.transaction.inputs.iter().any(|outpoint| spent.contains(outpoint)));
    }

    /// Takes those that spend from a transaction.
    pub(super) fn take_children_of(&mut self, parent: &Txid) -> Vec<Orphan> {
        let spends = |orphan: &Orphan| orphan.transaction.inputs.iter().any(|outpoint| outpoint.txid == *parent);
        let (children, others): (VecDeque<_>, _) = std::mem::take(&mut self.waiting).into_iter().partition(spends);
        self.waiting = others;
        children.into()
    }

    /// Takes all.
    pub(super) fn drain(&mut self) -> Vec<Orphan> {
        std::mem::take(&mut self.waiting).into()
    }
}
