//! What a payment pays its miner: a rate, or an amount.

use crate::amount::{Amount, FeeRate};

/// What a payment pays its miner.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fee {
    Rate(FeeRate),
    Fixed(Amount),
}

impl Fee {
    /// Returns the fee of a payment of this size in bytes.
    pub(crate) const fn of(self, size: u64) -> Amount {
        match self {
            Self::Rate(rate) => rate.fee(size),
            Self::Fixed(fee) => fee,
        }
    }

    /// Returns by how much the fee grows with that many bytes more.
    pub(crate) const fn of_more(self, bytes: u64) -> Amount {
        match self {
            Self::Rate(rate) => rate.fee(bytes),
            Self::Fixed(_) => Amount::ZERO,
        }
    }
}
