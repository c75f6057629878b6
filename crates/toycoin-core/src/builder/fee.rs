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

    /// Returns by how much the fee grows with the output for the change, which has 40 bytes.
    pub(crate) const fn of_change(self) -> Amount {
        match self {
            Self::Rate(rate) => rate.fee(40),
            Self::Fixed(_) => Amount::ZERO,
        }
    }
}
