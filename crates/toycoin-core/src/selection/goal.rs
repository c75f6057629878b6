//! What a selection has to reach.

use crate::{
    amount::{Amount, FeeRate},
    builder::Fee,
    transaction::{BASE_SIZE, INPUT_SIZE, OUTPUT_SIZE, Transaction},
};

/// What the selected coins have to pay: the recipients, and the fee.
#[derive(Debug, Clone, Copy)]
pub struct Goal {
    paid: Amount,
    recipients: u64,
    fee: Fee,
    later: FeeRate,
    max_size: u64,
}

impl Goal {
    /// Makes the goal to pay this sum to so many recipients, at a fee rate. Change is expected to be spent at the same
    /// rate later, and a transaction has at most [`Transaction::MAX_SIZE`] bytes.
    pub const fn new(paid: Amount, recipients: u64, fee_rate: FeeRate) -> Self {
        Self { paid, recipients, fee: Fee::Rate(fee_rate), later: fee_rate, max_size: Transaction::MAX_SIZE }
    }

    /// Sets the fee itself, whatever the size of the payment, in place of a rate.
    #[must_use]
    pub const fn with_fee(self, fee: Amount) -> Self {
        Self { fee: Fee::Fixed(fee), ..self }
    }

    pub(crate) const fn with_fee_of(self, fee: Fee) -> Self {
        match fee {
            Fee::Rate(later) => Self { fee, later, ..self },
            Fee::Fixed(_) => Self { fee, ..self },
        }
    }

    /// Sets the rate at which change is expected to be spent later. If it is above the rate of this payment, more coins
    /// are spent now.
    #[must_use]
    pub const fn with_later_rate(self, later: FeeRate) -> Self {
        Self { later, ..self }
    }

    /// Sets the greatest size of the transaction, in bytes by formula.
    #[must_use]
    pub const fn with_max_size(self, bytes: u64) -> Self {
        Self { max_size: bytes, ..self }
    }

    /// Returns what the effective values of the coins must reach: what is paid, and the fee for all but the coins.
    pub(super) const fn target(&self) -> Amount {
        self.paid.saturating_add(self.fee.of(BASE_SIZE + OUTPUT_SIZE * self.recipients))
    }

    /// Returns what is paid to all recipients.
    pub(super) const fn paid(&self) -> Amount {
        self.paid
    }

    /// Returns by how much a coin makes the fee grow.
    pub(super) const fn coin_fee(&self) -> Amount {
        self.fee.of_more(INPUT_SIZE)
    }

    /// Returns by how much an output for change makes the fee grow.
    pub(super) const fn change_fee(&self) -> Amount {
        self.fee.of_more(OUTPUT_SIZE)
    }

    /// Returns the least change worth having: what it costs to spend it, and at least one grain.
    pub(super) fn least_change(&self) -> Amount {
        self.later_coin_fee().max(self.coin_fee()).max(Amount::from_grains(1))
    }

    /// Returns what change costs: the fee of its output now, and the fee of spending it later.
    pub(super) const fn change_cost(&self) -> Amount {
        self.change_fee().saturating_add(self.later_coin_fee())
    }

    /// Returns what a coin costs more today than later, in grains; negative if it costs less.
    pub(super) fn coin_waste(&self) -> i128 {
        i128::from(self.coin_fee().grains()) - i128::from(self.later_coin_fee().grains())
    }

    /// Returns how many coins fit into the transaction beside its recipients and change.
    pub(super) const fn max_coins(&self) -> u64 {
        self.max_size.saturating_sub(BASE_SIZE + OUTPUT_SIZE * (self.recipients + 1)) / INPUT_SIZE
    }

    const fn later_coin_fee(&self) -> Amount {
        match self.fee {
            Fee::Rate(_) => self.later.fee(INPUT_SIZE),
            Fee::Fixed(_) => Amount::ZERO,
        }
    }
}
