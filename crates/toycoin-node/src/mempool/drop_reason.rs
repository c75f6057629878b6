//! Why transactions leave without having been mined.

use toycoin_core::{Txid, consensus::RuleError};

/// Why a transaction that was in the pool, or in a block, will not be mined from here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DropReason {
    /// A block's transaction spends a coin that it spends.
    #[error("transaction {with} in a block spends the same coin")]
    Conflict {
        /// The block's.
        with: Txid,
    },
    /// One that pays more spends a coin that it spends.
    #[error("transaction {by} pays more for the same coin")]
    Replaced {
        /// The one that pays more.
        by: Txid,
    },
    /// The pool is full of transactions that pay more.
    #[error("the mempool is full of transactions that pay more")]
    Evicted,
    /// One that it spends from was dropped.
    #[error("its parent {parent} was dropped")]
    ParentDropped {
        /// The one that it spends from.
        parent: Txid,
    },
    /// After a reorganisation it breaks a rule: a coin that it spends is immature again.
    #[error("after a reorganisation: {0}")]
    Invalid(RuleError),
    /// After a reorganisation it spends coins that are nowhere: those of a miner whose block left the chain.
    #[error("after a reorganisation its coins do not exist")]
    CoinsGone,
    /// After a reorganisation it would be one of more than the pool keeps in a chain.
    #[error("after a reorganisation, package limit: too many transactions depend on each other")]
    PackageLimit,
}
