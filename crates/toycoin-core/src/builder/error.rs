//! Why a payment cannot be built.

use thiserror::Error;

use crate::{
    address::AddressError, amount::Amount, builder::Unspendable, selection::SelectionError, transaction::OutPoint,
};

/// The reason why a payment cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// An address is for another network.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// There is no recipient.
    #[error("a payment needs somebody to pay")]
    NothingToPay,
    /// An amount, or the sum of all payments, is zero or above the money limit.
    #[error("a payment is from 0.00000001 to 21000000 toycoins, all together")]
    OutOfRange,
    /// A coin is offered twice.
    #[error("coin {0} is offered twice")]
    OfferedTwice(OutPoint),
    /// A coin that was named for the payment cannot be spent.
    #[error("coin {coin} {why}")]
    Unspendable {
        /// The named coin.
        coin: OutPoint,
        /// Why it cannot be spent.
        why: Unspendable,
    },
    /// Nobody who signs has the key of a coin's owner.
    #[error("coin {0} is not of the key that signs")]
    NotOwned(OutPoint),
    /// The wallet only watches its owners, and nobody signs for them.
    #[error("this wallet only watches, and has no key to sign with; sign the payment where the key is")]
    WatchOnly,
    /// The payment is too large for any block, because of too many coins or recipients (rule R33).
    #[error(
        "payment too large: {size} bytes, a transaction has at most {limit}; split it, or spend fewer coins at a time"
    )]
    TooLarge {
        /// The payment's size by formula, in bytes.
        size: u64,
        /// The largest size that the network takes, in bytes.
        limit: u64,
    },
    /// Insufficient funds: the offered coins are worth less than payments and fee.
    #[error("insufficient funds: {needed} toycoins are needed, there are {available}")]
    InsufficientFunds {
        /// The sum of payments and fee.
        needed: Amount,
        /// The sum of the offered coins.
        available: Amount,
    },
    /// Too many coins would be needed, since each of them is small.
    #[error(transparent)]
    TooManyCoins(SelectionError),
}

impl From<SelectionError> for BuildError {
    fn from(error: SelectionError) -> Self {
        match error {
            SelectionError::InsufficientFunds { needed, available } => Self::InsufficientFunds { needed, available },
            SelectionError::TooMany { .. } => Self::TooManyCoins(error),
        }
    }
}
