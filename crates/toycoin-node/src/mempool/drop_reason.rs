//! The reasons why transactions leave the mempool without being mined.

use toycoin_core::{BlockHash, Txid, consensus::RuleError};

use crate::mempool::AdmitError;

/// The reason why a transaction of the mempool, or of a former block, will not be mined by this node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DropReason {
    /// Another transaction spends the same coin: one in a block, or after a restart one that came before it.
    #[error("transaction {with} spends the same coin")]
    Conflict {
        /// The other transaction.
        with: Txid,
    },
    /// A transaction that pays more replaced it (replace-by-fee).
    #[error("transaction {by} pays more for the same coin")]
    Replaced {
        /// The transaction that replaced it.
        by: Txid,
    },
    /// The mempool is full of transactions with better fee rates (eviction).
    #[error("the mempool is full of transactions that pay more")]
    Evicted,
    /// A transaction that it spends from was dropped.
    #[error("its parent {parent} was dropped")]
    ParentDropped {
        /// The dropped parent.
        parent: Txid,
    },
    /// It breaks a rule on the present chain, for example because a coin that it spends is immature again.
    #[error("on the chain as it is now it breaks a rule: {0}")]
    Invalid(RuleError),
    /// It spends coins that do not exist on the present chain: their coinbase left the chain, or another transaction
    /// spent them.
    #[error("on the chain as it is now its coins do not exist")]
    CoinsGone,
    /// It is the coinbase of a block that left the active chain.
    #[error("its block {block} is stale: it left the active chain")]
    StaleBlock {
        /// The block.
        block: BlockHash,
    },
    /// After a reorganisation it would exceed the package limit.
    #[error("after a reorganisation, package limit: too many transactions depend on each other")]
    PackageLimit,
    /// After a restart the mempool refuses it, perhaps because of another policy than before.
    #[error("after a restart it is refused: {0}")]
    Refused(AdmitError),
}
