//! Why transactions do not come in.

use thiserror::Error;
use toycoin_core::{Amount, FeeRate, Rule, Txid, consensus::RuleError};

/// Why a transaction does not come in; `E` is the view's error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdmitError<E> {
    /// It breaks a rule.
    #[error(transparent)]
    Rule(RuleError),
    /// It was refused before, with these very signatures, for a rule that it will always break.
    #[error("it was refused before")]
    RefusedBefore,
    /// It is in a block already: the chain has its coins.
    #[error("transaction {txid} is in a block already")]
    AlreadyConfirmed {
        /// Its id.
        txid: Txid,
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
    #[error("a fee of {fee} for {size} bytes is below {minimum}")]
    LowFee {
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
    #[error("more than {limit} transactions would depend on each other")]
    TooManyRelatives {
        /// The most.
        limit: usize,
    },
    /// The pool is full of transactions that pay more.
    #[error("the mempool is full of transactions that pay more")]
    Full,
    /// The view failed.
    #[error("the store failed: {0}")]
    Store(E),
}

impl<E> AdmitError<E> {
    /// Returns whether no honest peer sends such a transaction: it breaks a rule wherever the tip is.
    ///
    /// What a coin is worth and who owns it follows from its outpoint, so bad sums and bad signatures are bad on every
    /// branch. Immaturity and missing coins are another matter: the sender's tip may be another than ours.
    pub fn is_misbehaviour(&self) -> bool {
        matches!(self, Self::Rule(error) if error.rule() != Rule::CoinbaseMaturity && error.rule() != Rule::CoinExists)
    }
}
