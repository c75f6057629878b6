//! Errors of the node's handle: one type for each kind of question.

use std::{error::Error as StdError, io};

use thiserror::Error;
use toycoin_core::BlockHash;

use crate::protocol::{SubmitError, WaitError};

/// The node has stopped, because it was shut down or its store failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the node has stopped{}", reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
pub struct Stopped {
    /// The store's error, if that ended the node.
    pub reason: Option<String>,
}

/// The reason why a node did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// The store failed, or does not hold a chain of the network.
    #[error("the chain cannot be opened: {0}")]
    Open(#[source] Box<dyn StdError + Send + Sync>),
    /// The system provided no thread or no randomness.
    #[error("the node cannot be started: {0}")]
    Start(#[source] io::Error),
}

/// The reason why no relay connection is ready.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RelayError {
    /// Each relay has failed at least once, and no connection stands.
    #[error("no relay can be reached: {}", failures.join(", "))]
    NoRelay {
        /// The address and the failure of each relay.
        failures: Vec<String>,
    },
    /// The node has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// The reason why a payment was refused, or is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PaymentError {
    /// The node refused the payment.
    #[error("the transaction was not taken: {0}")]
    Refused(#[source] SubmitError),
    /// The wait ended without the confirmations.
    #[error(transparent)]
    NotConfirmed(WaitError),
    /// The node has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// The reason why the tip's moves since a block are not available.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SinceError {
    /// The node does not know the block, or has pruned blocks above it.
    #[error(
        "block {0} is unknown, or blocks above it were pruned: begin again from genesis, at a node with all blocks"
    )]
    UnknownBlock(BlockHash),
    /// The node has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// The reason why the chain was not exported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The export cannot be written.
    #[error("the export cannot be written: {0}")]
    Write(#[source] io::Error),
    /// The chain is not whole here.
    #[error(
        "this node has no blocks below height {first} to export, since it is pruned or began with a snapshot; export \
         from a node with all blocks"
    )]
    Incomplete {
        /// The height of the first block that the node has.
        first: u64,
    },
    /// The store no longer has this block of the active chain.
    #[error("the store has lost block {0}: rebuild it from its blocks (--reindex), or fetch the chain again")]
    Lost(BlockHash),
    /// The node has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}
