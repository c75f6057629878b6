//! The reasons why the mempool refuses a transaction.

use std::convert::Infallible;

use thiserror::Error;
use toycoin_core::{Amount, FeeRate, Rule, Txid, consensus::RuleError};

/// The reason why the mempool refuses a transaction. `E` is the store's error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdmitError<E = Infallible> {
    /// It breaks a consensus rule.
    #[error(transparent)]
    Rule(RuleError),
    /// It was refused before, with the same signatures, for a rule that it will always break.
    #[error("it was refused before: it breaks rule {rule}, {}", rule.sentence())]
    RefusedBefore {
        /// The rule.
        rule: Rule,
    },
    /// It is already in a block of the active chain.
    #[error("transaction {txid} is in a block already")]
    AlreadyConfirmed {
        /// Its id.
        txid: Txid,
    },
    /// Its parents are neither in the mempool nor on the chain, and it may not wait for them in the orphan pool.
    #[error("it spends from {}; submit its parents first", unknown(parents))]
    UnknownParents {
        /// The unknown parents, each once.
        parents: Vec<Txid>,
    },
    /// It is larger than the mempool allows.
    #[error("a transaction of {size} bytes, the mempool takes at most {limit}")]
    TooLarge {
        /// Its size by formula, in bytes.
        size: u64,
        /// The largest allowed size, in bytes.
        limit: u64,
    },
    /// Its fee is below this mempool's minimum.
    #[error(
        "fee too low: {} grains for {size} bytes, this node takes {} or more ({minimum})",
        fee.grains(),
        minimum.fee(*size).grains()
    )]
    FeeTooLow {
        /// Its fee.
        fee: Amount,
        /// Its size by formula, in bytes.
        size: u64,
        /// The mempool's lowest fee rate.
        minimum: FeeRate,
    },
    /// It spends a coin that another transaction in the mempool spends, and pays too little to replace that one.
    #[error("transaction {with} spends the same coin, to replace it takes a fee of {required}")]
    Conflict {
        /// The transaction in the mempool.
        with: Txid,
        /// The fee that it would have to pay.
        required: Amount,
    },
    /// It would replace too many transactions.
    #[error("it would replace more than {limit} transactions")]
    TooManyReplaced {
        /// The highest allowed number.
        limit: usize,
    },
    /// It spends from a transaction that it would replace.
    #[error("it spends from transaction {parent}, which it would replace")]
    SpendsReplaced {
        /// The parent that it would replace.
        parent: Txid,
    },
    /// It exceeds the package limit: it has too many unconfirmed ancestors, or an ancestor has too many descendants.
    #[error("package limit: more than {limit} unconfirmed transactions would depend on each other")]
    PackageLimit {
        /// The highest allowed number.
        limit: usize,
    },
    /// The mempool is full of transactions with better fee rates.
    #[error("the mempool is full of transactions that pay more")]
    Full,
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(E),
}

impl<E> AdmitError<E> {
    /// Returns whether no honest peer sends such a transaction, because it breaks a rule whatever the tip is.
    ///
    /// A coin's value and owner follow from its outpoint, so wrong sums and signatures are wrong on every branch.
    /// Immature or missing coins are different, because the sender's tip may not be ours. All other errors concern
    /// policy, which differs between honest nodes.
    pub fn is_misbehaviour(&self) -> bool {
        self.broken_rule().is_some_and(|rule| rule != Rule::CoinbaseMaturity && rule != Rule::CoinExists)
    }

    /// Returns the rule that the transaction breaks, if that is the reason.
    pub fn broken_rule(&self) -> Option<Rule> {
        match self {
            Self::Rule(error) => Some(error.rule()),
            Self::RefusedBefore { rule } => Some(*rule),
            _ => None,
        }
    }

    /// Separates the store's own error from the verdict about the transaction.
    ///
    /// # Errors
    /// The store's error.
    pub fn of_transaction(self) -> Result<AdmitError, E> {
        Ok(match self {
            Self::Store(error) => return Err(error),
            Self::Rule(error) => AdmitError::Rule(error),
            Self::RefusedBefore { rule } => AdmitError::RefusedBefore { rule },
            Self::AlreadyConfirmed { txid } => AdmitError::AlreadyConfirmed { txid },
            Self::UnknownParents { parents } => AdmitError::UnknownParents { parents },
            Self::TooLarge { size, limit } => AdmitError::TooLarge { size, limit },
            Self::FeeTooLow { fee, size, minimum } => AdmitError::FeeTooLow { fee, size, minimum },
            Self::Conflict { with, required } => AdmitError::Conflict { with, required },
            Self::TooManyReplaced { limit } => AdmitError::TooManyReplaced { limit },
            Self::SpendsReplaced { parent } => AdmitError::SpendsReplaced { parent },
            Self::PackageLimit { limit } => AdmitError::PackageLimit { limit },
            Self::Full => AdmitError::Full,
        })
    }
}

fn unknown(parents: &[Txid]) -> String {
    match parents {
        [parent] => format!("transaction {parent}, which this node does not know"),
        _ => format!("{} transactions that this node does not know", parents.len()),
    }
}
