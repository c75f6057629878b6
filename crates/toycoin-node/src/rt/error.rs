//! Why a node does not do what it is asked: one error for each kind of question.

use std::{error::Error as StdError, io};

use thiserror::Error;
use toycoin_core::BlockHash;

use crate::protocol::{SubmitError, WaitError};

/// The node has stopped: it was shut down, or its store failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the node has stopped{}", reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
pub struct Stopped {
    /// Why it failed, if it did.
    pub reason: Option<String>,
}

/// Why a node does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// The store failed, or what it holds is no chain of the network.
    #[error("the chain cannot be opened: {0}")]
    Open(#[source] Box<dyn StdError + Send + Sync>),
    /// The system has no thread or randomness to give.
    #[error("the node cannot be started: {0}")]
    Start(#[source] io::Error),
}

/// Why no relay connection became ready.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RelayError {
    /// Each of the relays has failed at least once, and none stands.
    #[error("no relay can be reached: {}", failures.join(", "))]
    NoRelay {
        /// Of each relay, its address and what went wrong.
        failures: Vec<String>,
    },
    /// The node has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Why a payment was not taken, or is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PaymentError {
    /// The node does not take it.
    #[error("the transaction was not taken: {0}")]
    Refused(#[source] SubmitError),
    /// The wait for confirmations is over without them.
    #[error(transparent)]
    NotConfirmed(WaitError),
    /// The node has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Why the moves of the tip since a block cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SinceError {
    /// The node has never seen the block.
    #[error("block {0} is unknown: begin again from genesis")]
    UnknownBlock(BlockHash),
    /// The node has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Why the chain is not exported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The export cannot be written.
    #[error("the export cannot be written: {0}")]
    Write(#[source] io::Error),
    /// The store does not have a block of the active chain any more.
    #[error("the store has lost block {0}: rebuild it from its blocks (--reindex), or fetch the chain again")]
    Lost(BlockHash),
    /// The node has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}
