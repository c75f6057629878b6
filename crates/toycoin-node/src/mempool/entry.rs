//! A transaction in the mempool, with the values that order it among the others.

use std::cmp::Reverse;

use toycoin_core::{Amount, IdentifiedTransaction};

use crate::{
    machine::Monotonic,
    mempool::package::{Package, Rate},
};

/// A transaction in the mempool.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) transaction: IdentifiedTransaction,
    /// Fee and size of the transaction alone.
    pub(super) own: Package,
    /// Package of the transaction and all its unconfirmed ancestors.
    pub(super) ancestors: Package,
    /// Package of the transaction and all its descendants.
    pub(super) descendants: Package,
    /// Arrival number. Transactions that a reorganisation brought back come before all others.
    pub(super) arrival: i64,
    /// Height of the youngest coinbase that it spends from directly, 0 for none.
    pub(super) coinbase_height: u64,
    /// Whether a reorganisation brought it back, so that policy does not apply to it.
    pub(super) returned: bool,
    /// When it entered the pool.
    pub(super) since: Monotonic,
}

/// Order of eviction: the worst fee rate first, among equals the latest arrival.
pub(super) type KeepingKey = (Rate, Reverse<i64>);

/// Order of mining: the best package first, among equals the earliest arrival.
pub(super) type MiningKey = (Reverse<Rate>, i64);

impl Entry {
    /// Returns a key that orders parents before children, because an ancestor has fewer ancestors.
    pub(super) const fn rank(&self) -> (usize, i64) {
        (self.ancestors.count, self.arrival)
    }

    /// Returns whether it has neither ancestors nor descendants in the pool.
    pub(super) const fn is_alone(&self) -> bool {
        self.ancestors.count == 1 && self.descendants.count == 1
    }

    /// Returns the eviction key for a given package of descendants, itself included.
    ///
    /// A child with a low fee must not cause the eviction of a parent with a high one, so the transaction's own rate
    /// counts if it is better.
    pub(super) fn keeping_key_with(&self, descendants: Package) -> KeepingKey {
        (self.own.rate().max(descendants.rate()), Reverse(self.arrival))
    }

    pub(super) fn keeping_key(&self) -> KeepingKey {
        self.keeping_key_with(self.descendants)
    }

    /// Returns the mining key for a given package of ancestors, itself included.
    pub(super) const fn mining_key_with(&self, ancestors: Package) -> MiningKey {
        (Reverse(ancestors.rate()), self.arrival)
    }

    pub(super) const fn mining_key(&self) -> MiningKey {
        self.mining_key_with(self.ancestors)
    }
}

/// A judged transaction that is about to be inserted.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) transaction: IdentifiedTransaction,
    pub(super) fee: Amount,
    pub(super) coinbase_height: u64,
    pub(super) returned: bool,
    pub(super) since: Monotonic,
}
