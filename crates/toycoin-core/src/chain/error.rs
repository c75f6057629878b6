//! Why a chain does not take a block.

use thiserror::Error;

use crate::{
    chain::HeaderError,
    consensus::{Rule, RuleError},
    digest::BlockHash,
};

/// Why a chain does not take a block; `E` is the store's error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChainError<E> {
    /// Its parent is not known: ask for the headers between.
    #[error("parent {0} is not known")]
    UnknownParent(BlockHash),
    /// It was found to break a rule before, or builds on a block that was.
    #[error("block {0} is invalid, or builds on one that is")]
    Invalid(BlockHash),
    /// It breaks a rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// There is no room for its header.
    #[error("the header tree holds no more headers")]
    Full,
    /// The store lacks what it was given.
    #[error("the store has lost block {0}: rebuild it from its blocks (--reindex), or fetch the chain again")]
    Lost(BlockHash),
    /// The store failed; nothing is known of the block.
    #[error("the store failed: {0}")]
    Store(E),
}

impl<E> ChainError<E> {
    /// Returns the rule that is broken, if that is what is wrong.
    pub const fn rule(&self) -> Option<Rule> {
        match self {
            Self::Rule(error) => Some(error.rule()),
            _ => None,
        }
    }

    /// Returns whether only the moment is wrong: a time ahead of now. To be tried again.
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
