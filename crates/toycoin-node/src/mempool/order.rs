//! An order over the mempool's transactions that is built when somebody first asks for it.

use std::{
    collections::{BTreeMap, btree_map},
    ops::Bound,
    sync::OnceLock,
};

use toycoin_core::Txid;

/// Transactions in the order of their keys.
///
/// Most nodes neither mine nor have a full mempool, so nobody asks. Then the order costs nothing. Once it is built, it
/// is kept up to date until [`reset`](Self::reset).
#[derive(Debug)]
pub(super) struct Order<K>(OnceLock<BTreeMap<K, Txid>>);

impl<K> Default for Order<K> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<K: Ord> Order<K> {
    /// Returns the transactions in order. `all` are all of them, each with its key.
    pub(super) fn iter<I: Iterator<Item = (K, Txid)>>(&self, all: impl FnOnce() -> I) -> btree_map::Iter<'_, K, Txid> {
        self.built(all).iter()
    }

    /// Returns the transactions after a key in order. `all` are all of them, each with its key.
    pub(super) fn after<I: Iterator<Item = (K, Txid)>>(
        &self,
        key: Option<K>,
        all: impl FnOnce() -> I,
    ) -> btree_map::Range<'_, K, Txid> {
        let from = key.map_or(Bound::Unbounded, Bound::Excluded);
        self.built(all).range((from, Bound::Unbounded))
    }

    pub(super) fn insert(&mut self, txid: Txid, key: impl FnOnce() -> K) {
        if let Some(order) = self.0.get_mut() {
            order.insert(key(), txid);
        }
    }

    pub(super) fn remove(&mut self, key: impl FnOnce() -> K) {
        if let Some(order) = self.0.get_mut() {
            order.remove(&key());
        }
    }

    /// Forgets the order, which is built again when somebody asks.
    pub(super) fn reset(&mut self) {
        self.0.take();
    }

    fn built<I: Iterator<Item = (K, Txid)>>(&self, all: impl FnOnce() -> I) -> &BTreeMap<K, Txid> {
        self.0.get_or_init(|| all().collect())
    }
}
