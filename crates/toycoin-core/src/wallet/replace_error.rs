//! Why a payment cannot be replaced.

use thiserror::Error;

use crate::{
    amount::{Amount, FeeRate},
    builder::BuildError,
    digest::Txid,
};

/// The reason why a payment cannot be replaced or cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// The wallet made no payment with this id.
    #[error("this wallet made no payment {0}; give the id of one that it lists as pending")]
    Unknown(Txid),
    /// A block holds the payment.
    #[error("payment {txid} is confirmed by block {height} and cannot be replaced; ask the recipient to pay it back")]
    Confirmed {
        /// The payment.
        txid: Txid,
        /// The height of the block that holds it.
        height: u64,
    },
    /// The payment was rejected.
    #[error("payment {txid} was rejected ({reason}); pay again if the payment is still due")]
    Rejected {
        /// The payment.
        txid: Txid,
        /// Why it was rejected, in words.
        reason: String,
    },
    /// The fee rate is not higher than that of the payment.
    #[error("fee rate too low: {asked} is not more than the payment has; replace it with {least} or more")]
    RateTooLow {
        /// The rate that was asked for.
        asked: FeeRate,
        /// The least whole rate above that of the payment.
        least: FeeRate,
    },
    /// Insufficient funds: the payment's coins and the further ones do not pay for a replacement.
    #[error(
        "insufficient funds: the replacement needs {needed} toycoins, there are {available} in coins that it may \
         spend; wait for the payment, or for coins that are confirmed"
    )]
    InsufficientFunds {
        /// What is paid, with the fee of a replacement from all these coins.
        needed: Amount,
        /// The sum of the payment's coins and of the further ones that are worth their own fee.
        available: Amount,
    },
    /// The replacement cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
}
