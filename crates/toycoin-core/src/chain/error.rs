//! The errors of a chain.

use std::convert::Infallible;

use thiserror::Error;

use crate::{chain::HeaderError, consensus::RuleError, digest::BlockHash, rule::Rule};

/// The reason why a chain refuses a block. `E` is the error type of the store.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChainError<E> {
    /// The block's parent is not known: request the headers between.
    #[error("parent {0} is not known")]
    UnknownParent(BlockHash),
    /// The block is marked as invalid, or builds on a block that is.
    #[error("block {0} is invalid, or builds on one that is")]
    Invalid(BlockHash),
    /// The block breaks a rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The header tree is full.
    #[error("the header tree holds no more headers")]
    Full,
    /// The store lacks a block that it was given.
    #[error("the store has lost block {0}: rebuild it from its blocks (--reindex), or fetch the chain again")]
    Lost(BlockHash),
    /// A branch with more work leaves the active chain below the blocks that the store still has, so the chain cannot
    /// follow it.
    #[error(
        "a branch with more work leaves this chain after height {fork}, but blocks below height {first} were pruned, \
         so the chain cannot go back: remove its directory, and the chain is fetched again"
    )]
    Pruned {
        /// The height of the last block that both branches have.
        fork: u64,
        /// The height of the first block that was kept.
        first: u64,
    },
    /// The store failed, which says nothing about the block.
    #[error("the store failed: {0}")]
    Store(E),
}

impl<E> ChainError<E> {
    /// Returns the rule that the block breaks, `None` for any other error.
    pub const fn rule(&self) -> Option<Rule> {
        match self {
            Self::Rule(error) => Some(error.rule()),
            _ => None,
        }
    }

    /// Returns whether the block is only ahead of time (rule R14), so that trying again later may succeed.
    pub const fn is_deferred(&self) -> bool {
        matches!(self, Self::Rule(error) if error.is_deferred())
    }
}

impl<E> From<HeaderError> for ChainError<E> {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::UnknownParent(parent) => Self::UnknownParent(parent),
            HeaderError::Invalid(hash) => Self::Invalid(hash),
            HeaderError::Rule(error) => Self::Rule(error),
            HeaderError::Full => Self::Full,
        }
    }
}

/// The error of a chain whose store is in memory.
pub type MemoryChainError = ChainError<Infallible>;
