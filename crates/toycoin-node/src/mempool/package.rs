//! Packages: the fees and sizes of a transaction and its relatives together.
//!
//! A child with a high fee so pays for its parents too (child pays for parent, CPFP).

use std::cmp::Ordering;

use toycoin_core::Amount;

/// Fees, size and number of some transactions together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Package {
    /// Sum of the fees in grains. It is wide enough for exact sums and differences with any amounts that a sandbox
    /// allows.
    pub(super) fees: u128,
    /// Sum of the sizes by formula, in bytes.
    pub(super) bytes: u64,
    pub(super) count: usize,
}

impl Package {
    /// Returns the package of one transaction.
    pub(super) fn one(fee: Amount, bytes: u64) -> Self {
        Self { fees: fee.grains().into(), bytes, count: 1 }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.fees += other.fees;
        self.bytes += other.bytes;
        self.count += other.count;
    }

    /// Subtracts a package that was added before.
    pub(super) fn subtract(&mut self, other: Self) {
        self.fees -= other.fees;
        self.bytes -= other.bytes;
        self.count -= other.count;
    }

    pub(super) const fn rate(&self) -> Rate {
        Rate { fees: self.fees, bytes: self.bytes }
    }
}

impl std::iter::Sum for Package {
    fn sum<I: Iterator<Item = Self>>(packages: I) -> Self {
        let mut sum = Self::default();
        packages.for_each(|package| sum.add(package));
        sum
    }
}

/// A fee rate: fees and bytes, compared without division. Two rates are equal when their quotients are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    fees: u128,
    bytes: u64,
}

impl Ord for Rate {
    fn cmp(&self, other: &Self) -> Ordering {
        // 2^64 grains of some 2^17 transactions times 2^25 bytes stay far below 2^128
        (self.fees * u128::from(other.bytes)).cmp(&(other.fees * u128::from(self.bytes)))
    }
}

impl PartialOrd for Rate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Rate {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_compare_as_quotients() {
        let rate = |fee, bytes| Package::one(Amount::from_grains(fee), bytes).rate();
        assert_eq!(rate(1, 2), rate(2, 4));
        assert!(rate(2, 3) > rate(1, 2));
        assert!(rate(u64::MAX, 1) > rate(u64::MAX, 2));
        assert_eq!(rate(0, 1), rate(0, 9));
    }
}
