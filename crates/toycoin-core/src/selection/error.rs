//! Why coins cannot be selected.

use thiserror::Error;

use crate::amount::Amount;

/// The reason why no coins can be selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// The coins are not worth enough.
    #[error("insufficient funds: {needed} toycoins are needed, there are {available}")]
    InsufficientFunds {
        /// What is paid, with the fee of a payment from all coins that are worth their own fee.
        needed: Amount,
        /// The sum of these coins.
        available: Amount,
    },
    /// Even the largest coins are not enough within the greatest size of a transaction.
    #[error(
        "more than {most} coins would be needed, which do not fit into one payment; consolidate coins first, or name fewer"
    )]
    TooMany {
        /// How many coins fit into this payment.
        most: u64,
    },
}
