//! Long work of a store, for whoever wants to show it.

use std::{fmt, sync::Arc};

/// Work of a store that may take minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Work {
    /// The database's pages are compared with their checksums, when the store is opened.
    Opening {
        /// Bytes that were read. Some are read twice.
        read: u64,
        /// Length of the database, in bytes.
        length: u64,
    },
    /// The database's pages are moved to the front of its file, so that the file can be cut.
    Compacting {
        /// Bytes that were read and written.
        moved: u64,
        /// Bytes of pages in use.
        used: u64,
        /// Length of the database before, in bytes.
        length: u64,
    },
}

impl Work {
    /// Counts bytes that were read or written.
    pub(super) const fn advance(&mut self, bytes: u64) {
        match self {
            Self::Opening { read: done, .. } | Self::Compacting { moved: done, .. } => *done += bytes,
        }
    }
}

/// Receives a store's long work: once when it begins, then whenever the database was read or written.
///
/// It is called on the thread that waits for the work, so it must not block.
#[derive(Clone)]
pub struct Watch(Arc<dyn Fn(Work) + Send + Sync>);

impl Watch {
    /// Returns a watch that calls a function.
    pub fn new(report: impl Fn(Work) + Send + Sync + 'static) -> Self {
        Self(Arc::new(report))
    }

    pub(super) fn report(&self, work: Work) {
        (self.0)(work);
    }
}

/// A watch that shows nothing.
impl Default for Watch {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
