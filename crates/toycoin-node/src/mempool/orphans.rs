//! Transactions whose parents have not come yet, and short memories.

use std::collections::{BTreeSet, VecDeque};

use toycoin_core::{Transaction, Txid};

use crate::limits;

/// A transaction that spends coins which are not known here.
#[derive(Debug, Clone)]
pub(super) struct Orphan {
    pub(super) txid: Txid,
    pub(super) transaction: Transaction,
    pub(super) source: Option<u64>,
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

    pub(super) fn contains(&self, txid: &Txid) -> bool {
        self.waiting.iter().any(|orphan| orphan.txid == *txid)
    }

    pub(super) fn insert(&mut self, orphan: Orphan) {
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

    pub(super) fn remove(&mut self, txid: &Txid) {
        self.waiting.retain(|orphan| orphan.txid != *txid);
    }

    /// Takes those that spend from a transaction.
    pub(super) fn take_children_of(&mut self, parent: &Txid) -> Vec<Orphan> {
        let spends = |orphan: &Orphan| orphan.transaction.inputs.iter().any(|outpoint| outpoint.txid == *parent);
        let (children, others): (VecDeque<_>, _) = std::mem::take(&mut self.waiting).into_iter().partition(spends);
        self.waiting = others;
        children.into()
    }

    pub(super) fn drain(&mut self) -> Vec<Orphan> {
        std::mem::take(&mut self.waiting).into()
    }
}

/// The last things of a kind.
#[derive(Debug)]
pub(super) struct Recent<T> {
    known: BTreeSet<T>,
    order: VecDeque<T>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { known: BTreeSet::new(), order: VecDeque::new() }
    }
}

impl<T: Ord + Copy> Recent<T> {
    pub(super) fn contains(&self, item: &T) -> bool {
        self.known.contains(item)
    }

    pub(super) fn insert(&mut self, item: T) {
        if self.known.insert(item) {
            self.order.push_back(item);
            if self.order.len() > limits::REFUSED_TRANSACTIONS
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
    }
}
