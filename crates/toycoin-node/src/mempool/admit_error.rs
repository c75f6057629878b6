//! Why transactions do not come in.

use std::convert::Infallible;

use thiserror::Error;
use toycoin_core::{Amount, FeeRate, Rule, Txid, consensus::RuleError};

/// Why a transaction does not come in; `E` is the store's error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdmitError<E = Infallible> {
    /// It breaks a rule.
    #[error(transparent)]
    Rule(RuleError),
    /// It was refused before, with these very signatures, for a rule that it will always break.
    #[error("it was refused before: it breaks rule {rule}, {}", rule.sentence())]
    RefusedBefore {
        /// The rule.
        rule: Rule,
    },
    /// It is in a block of the active chain already.
    #[error("transaction {txid} is in a block already")]
    AlreadyConfirmed {
        /// Its id.
        txid: Txid,
    },
    /// It spends from transactions that are neither in the pool nor on the chain, and was not to be kept until they come.
    #[error("it spends from {}; submit its parents first", unknown(parents))]
    UnknownParents {
        /// The transactions that it spends from and that are not known, each once, by id.
        parents: Vec<Txid>,
    },
    /// It is larger than what the pool takes.
    #[error("a transaction of {size} bytes, the mempool takes at most {limit}")]
    TooLarge {
        /// Its size by formula.
        size: u64,
        /// The largest.
        limit: u64,
    },
    /// Its fee is below what the pool takes.
    #[error(
        "fee too low: {} grains for {size} bytes, this node takes {} or more ({minimum})",
        fee.grains(),
        minimum.fee(*size).grains()
    )]
    FeeTooLow {
        /// Its fee.
        fee: Amount,
        /// Its size by formula.
        size: u64,
        /// The pool's lowest rate.
        minimum: FeeRate,
    },
    /// It spends a coin that one in the pool spends, and does not pay enough to replace that.
    #[error("transaction {with} spends the same coin, to replace it takes a fee of {required}")]
    Conflict {
        /// The one in the pool.
        with: Txid,
        /// What it would have to pay.
        required: Amount,
    },
    /// It would replace more than one may.
    #[error("it would replace more than {limit} transactions")]
    TooManyReplaced {
        /// The most.
        limit: usize,
    },
    /// It spends from one that it would replace.
    #[error("it spends from transaction {parent}, which it would replace")]
    SpendsReplaced {
        /// The one that would have to stay and to go.
        parent: Txid,
    },
    /// It spends from too many in the pool, or one of these has too many that spend from it.
    #[error("package limit: more than {limit} unconfirmed transactions would depend on each other")]
    PackageLimit {
        /// The most.
        limit: usize,
    },
    /// The pool is full of transactions that pay more.
    #[error("the mempool is full of transactions that pay more")]
    Full,
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(E),
}

impl<E> AdmitError<E> {
    /// Returns whether no honest peer sends such a transaction: it breaks a rule wherever the tip is.
    ///
    /// What a coin is worth and who owns it follows from its outpoint, so bad sums and bad signatures are bad on every
    /// branch. Immaturity and missing coins are another matter: the sender's tip may be another than ours. All else is
    /// policy, which honest nodes do not share.
    pub fn is_misbehaviour(&self) -> bool {
        self.broken_rule().is_some_and(|rule| rule != Rule::CoinbaseMaturity && rule != Rule::CoinExists)
    }

    /// Returns the rule that the transaction breaks, if that is why.
    pub fn broken_rule(&self) -> Option<Rule> {
        match self {
            Self::Rule(error) => Some(error.rule()),
            Self::RefusedBefore { rule } => Some(*rule),
            _ => None,
        }
    }

    /// Sets the store's own error apart from what is said of the transaction.
    ///
    /// # Errors
    /// The store's.
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
