//! Why parts are no unsigned payment.

use thiserror::Error;

use crate::transaction::{OutPoint, Transaction};

/// The reason why a transaction and coins are not a payment that can be signed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnsignedError {
    /// The transaction's version is not 1 (rule R01).
    #[error("a payment has version 1, not {found}")]
    Version {
        /// The version of the transaction.
        found: u32,
    },
    /// The transaction spends nothing or pays nobody (rules R02 and R03).
    #[error("a payment spends a coin and pays somebody")]
    Empty,
    /// The transaction has signatures already.
    #[error("the payment is signed already")]
    Signed,
    /// The coins are not one per input.
    #[error("a payment has as many coins as inputs, not {coins} for {inputs}")]
    CoinCount {
        /// Number of inputs of the transaction.
        inputs: usize,
        /// Number of coins.
        coins: usize,
    },
    /// An input spends the coin of an earlier one (rule R20).
    #[error("coin {0} is spent twice")]
    SpentTwice(OutPoint),
    /// A value, or the sum of the coins or of the outputs, is zero or above the money limit.
    #[error("amounts are from 0.00000001 to 21000000 toycoins, all together")]
    OutOfRange,
    /// The outputs are worth more than the coins (rule R27).
    #[error("the payment pays more than its coins are worth")]
    Overspent,
    /// The payment is larger than [`Transaction::MAX_SIZE`] (rule R33).
    #[error("payment too large: {size} bytes, a transaction has at most {}", Transaction::MAX_SIZE)]
    TooLarge {
        /// The payment's size by formula, in bytes.
        size: u64,
    },
}
