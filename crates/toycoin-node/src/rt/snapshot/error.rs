//! Why a snapshot was not fetched.

use thiserror::Error;
use toycoin_light::machine::snapshot::SnapshotFailure;

use crate::store::StoreError;

/// The reason why a node cannot begin with a snapshot.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotSyncError {
    /// The directory cannot be used, or the disk failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No server can help.
    #[error(transparent)]
    Failed(SnapshotFailure),
    /// The system gives no random bytes, or no thread.
    #[error("the system cannot start a snapshot sync: {0}")]
    Start(String),
}
