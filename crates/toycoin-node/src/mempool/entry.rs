//! A transaction in the pool, with what places it among the others.

use std::cmp::Reverse;

use toycoin_core::{Amount, IdentifiedTransaction};

use crate::mempool::package::{Package, Rate};

/// A transaction in the pool.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) transaction: IdentifiedTransaction,
    /// It alone.
    pub(super) own: Package,
    /// It and all that it spends from.
    pub(super) ancestors: Package,
    /// It and all that spends from it.
    pub(super) descendants: Package,
    /// When it came, counted in transactions; what a reorganisation brings back came before all others.
    pub(super) arrival: i64,
    /// The height of the youngest coinbase that it spends from directly, 0 for none.
    pub(super) coinbase_height: u64,
    /// Whether a reorganisation brought it back: policy does not hold it to account.
    pub(super) returned: bool,
}

/// The worst payer first, of equals the last that came.
pub(super) type KeepingKey = (Rate, Reverse<i64>);

/// The best package first, of equals the first that came.
pub(super) type MiningKey = (Reverse<Rate>, i64);

impl Entry {
    /// Orders parents before children: an ancestor has fewer ancestors.
    pub(super) const fn rank(&self) -> (usize, i64) {
        (self.ancestors.count, self.arrival)
    }

    /// Returns its place among those that may have to make room, if this is all that spends from it, itself counted in.
    ///
    /// A poor child must not make a rich parent go, so its own rate counts if that is better.
    pub(super) fn keeping_key_with(&self, descendants: Package) -> KeepingKey {
        (self.own.rate().max(descendants.rate()), Reverse(self.arrival))
    }

    pub(super) fn keeping_key(&self) -> KeepingKey {
        self.keeping_key_with(self.descendants)
    }

    /// Returns its place among those that may be mined, if this is all that must be mined with it.
    pub(super) const fn mining_key_with(&self, ancestors: Package) -> MiningKey {
        (Reverse(ancestors.rate()), self.arrival)
    }

    pub(super) const fn mining_key(&self) -> MiningKey {
        self.mining_key_with(self.ancestors)
    }
}

/// A transaction that was judged, on its way in.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) transaction: IdentifiedTransaction,
    pub(super) fee: Amount,
    pub(super) coinbase_height: u64,
    pub(super) returned: bool,
}
