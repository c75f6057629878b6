//! Errors of a store on disk.

use std::{io, path::Path};

use redb::{CommitError, CursorError, DatabaseError, StorageError, TableError, TransactionError};
use thiserror::Error;
use toycoin_core::BlockHash;

/// The reason why a store on disk cannot be opened, read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has the store open.
    #[error("{path} is in use by another process; end that process or name another directory")]
    Locked {
        /// The directory.
        path: String,
    },
    /// The store holds another network's chain.
    #[error("{path} keeps the chain of another network (genesis {found}, not {expected}); name another directory")]
    OtherNetwork {
        /// The directory.
        path: String,
        /// The genesis of the chain in it.
        found: BlockHash,
        /// The genesis of the requested network.
        expected: BlockHash,
    },
    /// A later version of this program wrote the store.
    #[error("{path} was written by a later version (schema {found}, this version knows {known}); use that version")]
    NewerSchema {
        /// The directory.
        path: String,
        /// The schema in it.
        found: u32,
        /// The latest schema that this program knows.
        known: u32,
    },
    /// An earlier version of this program wrote the store.
    #[error(
        "{path} was written by an earlier version (schema {found}, this version needs {known}); --reindex rebuilds it \
         from its blocks"
    )]
    OlderSchema {
        /// The directory.
        path: String,
        /// The schema in it.
        found: u32,
        /// The schema that this program needs.
        known: u32,
    },
    /// The directory or file is not writable.
    #[error("{path} cannot be written: {source}; set its permissions")]
    ReadOnly {
        /// The directory or file.
        path: String,
        /// The system's error.
        source: io::Error,
    },
    /// The disk is full.
    #[error("no space is left for {path}; free some and start again")]
    Full {
        /// The directory.
        path: String,
    },
    /// The directory keeps a chain, and a snapshot was to begin another one there.
    #[error("{path} keeps a chain already; a node begins with a snapshot in an empty directory")]
    HasChain {
        /// The directory.
        path: String,
    },
    /// A snapshot does not hold together.
    #[error("the snapshot cannot be used: {reason}; start again to fetch another one")]
    Snapshot {
        /// What does not hold.
        reason: String,
    },
    /// The first blocks were pruned, so the store cannot be rebuilt from those that are left.
    #[error(
        "{path} is pruned: its first blocks are gone, so that nothing can be rebuilt from it; remove the directory, \
         and the chain is fetched again (with --snapshot from a snapshot on)"
    )]
    Pruned {
        /// The directory.
        path: String,
    },
    /// One of the store's two files is missing.
    #[error("{path} is missing; {way_out}")]
    Missing {
        /// The missing file.
        path: String,
        /// Advice for the user.
        way_out: &'static str,
    },
    /// A record differs from what was written, for example by its checksum.
    #[error("{record} is damaged: {reason}; --reindex rebuilds the store from its blocks")]
    Damaged {
        /// The damaged record: a table and a key, or an offset in a file.
        record: String,
        /// How the damage shows.
        reason: String,
    },
    /// A check or a reindex was stopped.
    #[error("interrupted; the chain on disk is as it was")]
    Interrupted,
    /// The system reported an error.
    #[error("{path} cannot be used: {source}")]
    Io {
        /// The directory or file.
        path: String,
        /// The system's error.
        source: io::Error,
    },
    /// The database failed for another reason.
    #[error("the database of the store failed: {0}")]
    Database(String),
}

impl StoreError {
    /// Converts a failed file access into the matching error.
    pub(super) fn of_io(path: &Path, source: io::Error) -> Self {
        let path = path.display().to_string();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, source },
            _ => Self::Io { path, source },
        }
    }

    /// Adds the directory to a file name in the error.
    pub(super) fn within(mut self, directory: &Path) -> Self {
        match &mut self {
            Self::Locked { path }
            | Self::Full { path }
            | Self::NewerSchema { path, .. }
            | Self::OlderSchema { path, .. }
            | Self::Pruned { path }
            | Self::OtherNetwork { path, .. } => *path = directory.display().to_string(),
            Self::ReadOnly { path, .. } | Self::Missing { path, .. } | Self::Io { path, .. } => {
                // some errors name the directory already
                if !Path::new(path).starts_with(directory) {
                    *path = directory.join(&*path).display().to_string();
                }
            }
            Self::Damaged { record, .. } => *record = format!("{}: {record}", directory.display()),
            Self::Database(_) | Self::Interrupted | Self::HasChain { .. } | Self::Snapshot { .. } => {}
        }
        self
    }

    pub(super) fn damaged(record: impl Into<String>, reason: impl ToString) -> Self {
        Self::Damaged { record: record.into(), reason: reason.to_string() }
    }

    /// Converts a failure of the database into the matching error.
    pub(super) fn of_database(path: &Path, error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen => Self::Locked { path: path.display().to_string() },
            redb::Error::Io(source) if source.kind() == io::ErrorKind::InvalidData => {
                Self::damaged(path.display().to_string(), source)
            }
            redb::Error::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
                Self::damaged(path.display().to_string(), "the file is too short")
            }
            redb::Error::Io(source) => Self::of_io(path, source),
            redb::Error::Corrupted(reason) => Self::damaged(path.display().to_string(), reason),
            // entries are added in the order of the keys that are there
            redb::Error::UnorderedKey => Self::damaged(path.display().to_string(), "its keys are not in order"),
            redb::Error::UpgradeRequired(version) => {
                Self::damaged(path.display().to_string(), format!("its file format {version} is unknown"))
            }
            other => Self::Database(other.to_string()),
        }
    }
}

macro_rules! from_redb {
    ($($error:ty),*) => {$(
        impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::of_database(Path::new(super::INDEX_FILE), error)
            }
        }
    )*};
}

from_redb!(CommitError, CursorError, DatabaseError, StorageError, TableError, TransactionError);
