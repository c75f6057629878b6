//! Why transactions leave without having been mined.

use toycoin_core::{BlockHash, Txid, consensus::RuleError};

use crate::mempool::AdmitError;

/// Why a transaction that was in the pool, or in a block, will not be mined from here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DropReason {
    /// Another transaction spends a coin that it spends: a block's, or after a restart one that came before it.
    #[error("transaction {with} spends the same coin")]
    Conflict {
        /// The other one.
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
    /// On the chain as it is now it breaks a rule: a coin that it spends is immature again.
    #[error("on the chain as it is now it breaks a rule: {0}")]
    Invalid(RuleError),
    /// On the chain as it is now it spends coins that are nowhere: those of a miner whose block left the chain, or that
    /// another transaction has spent.
    #[error("on the chain as it is now its coins do not exist")]
    CoinsGone,
    /// It is the coinbase of a block that left the active chain.
    #[error("its block {block} is stale: it left the active chain")]
    StaleBlock {
        /// The block.
        block: BlockHash,
    },
    /// After a reorganisation it would be one of more than the pool keeps in a chain.
    #[error("after a reorganisation, package limit: too many transactions depend on each other")]
    PackageLimit,
    /// After a restart the pool does not take it again: its policy may be another than before.
    #[error("after a restart it is refused: {0}")]
    Refused(AdmitError),
}
