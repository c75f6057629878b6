//! Why a store on disk does not do what it is asked.

use std::{io, path::Path};

use redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};
use thiserror::Error;
use toycoin_core::BlockHash;

/// Why a store on disk does not open, read or write.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has it open.
    #[error("{path} is in use by another process")]
    Locked {
        /// The directory.
        path: String,
    },
    /// It keeps another network's chain.
    #[error("{path} keeps the chain of another network, of genesis {found} and not {expected}")]
    OtherNetwork {
        /// The directory.
        path: String,
        /// The genesis of the chain in it.
        found: BlockHash,
        /// The genesis that was asked for.
        expected: BlockHash,
    },
    /// A later version of this program wrote it.
    #[error("{path} was written by a later version: schema {found}, and this one knows {known}")]
    NewerSchema {
        /// The directory.
        path: String,
        /// The schema in it.
        found: u32,
        /// The latest schema that is known here.
        known: u32,
    },
    /// Nothing may be written there.
    #[error("{path} cannot be written: {source}")]
    ReadOnly {
        /// The directory or file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The disk is full.
    #[error("no space is left for {path}; make some and start again")]
    Full {
        /// The directory.
        path: String,
    },
    /// One of its files is gone, and the other is not.
    #[error("{path} is missing; {way_out}")]
    Missing {
        /// The file.
        path: String,
        /// What to do.
        way_out: &'static str,
    },
    /// Something is not what was written.
    #[error("{record} is damaged: {reason}; --reindex rebuilds what the blocks tell")]
    Damaged {
        /// What: a table and a key, or a place in a file.
        record: String,
        /// How it shows.
        reason: String,
    },
    /// A check or a reindex was broken off.
    #[error("interrupted; the chain on disk is as it was")]
    Interrupted,
    /// The system failed.
    #[error("{path}: {source}")]
    Io {
        /// The directory or file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The database failed in a way of its own.
    #[error("the database failed: {0}")]
    Database(String),
}

impl StoreError {
    /// Says what a failed access to a file means.
    pub(super) fn of_io(path: &Path, source: io::Error) -> Self {
        let path = path.display().to_string();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, source },
            _ => Self::Io { path, source },
        }
    }

    /// Says in which directory the file is that the error names.
    pub(super) fn within(mut self, directory: &Path) -> Self {
        match &mut self {
            Self::Locked { path }
            | Self::Full { path }
            | Self::NewerSchema { path, .. }
            | Self::OtherNetwork { path, .. } => *path = directory.display().to_string(),
            Self::ReadOnly { path, .. } | Self::Missing { path, .. } | Self::Io { path, .. } => {
                // some say it already
                if !Path::new(path).starts_with(directory) {
                    *path = directory.join(&*path).display().to_string();
                }
            }
            Self::Damaged { record, .. } => *record = format!("{}: {record}", directory.display()),
            Self::Database(_) | Self::Interrupted => {}
        }
        self
    }

    pub(super) fn damaged(record: impl Into<String>, reason: impl ToString) -> Self {
        Self::Damaged { record: record.into(), reason: reason.to_string() }
    }

    /// Says what a failure of the database means.
    pub(super) fn of_database(path: &Path, error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen => Self::Locked { path: path.display().to_string() },
            redb::Error::Io(source) if source.kind() == io::ErrorKind::InvalidData => {
                Self::damaged(path.display().to_string(), source)
            }
            redb::Error::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
                Self::damaged(path.display().to_string(), "it ends too early")
            }
            redb::Error::Io(source) => Self::of_io(path, source),
            redb::Error::Corrupted(reason) => Self::damaged(path.display().to_string(), reason),
            redb::Error::UpgradeRequired(version) => {
                Self::damaged(path.display().to_string(), format!("file format {version} is not known"))
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

from_redb!(CommitError, DatabaseError, StorageError, TableError, TransactionError);
