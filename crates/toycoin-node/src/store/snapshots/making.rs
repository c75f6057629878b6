//! When a store makes a snapshot, and on which thread.

use std::{fmt, sync::Arc};

use redb::ReadableDatabase;
use toycoin_core::{Header, proof::Opening};

use super::{Shelf, SnapshotJob};
use crate::store::{RedbStore, StoreError, tables::COINS};

/// Runs the jobs of a store.
#[derive(Clone)]
pub(in crate::store) struct Runner(Arc<dyn Fn(SnapshotJob) + Send + Sync>);

impl Default for Runner {
    fn default() -> Self {
        Self(Arc::new(SnapshotJob::run))
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").finish_non_exhaustive()
    }
}

impl RedbStore {
    /// Has snapshots made by `run`, which gets each [job](SnapshotJob) on the store's thread: it should hand it to
    /// another one. By default the store makes them itself, and stands still for 1 us for each coin.
    ///
    /// A store that is closed waits until each job has ended or was dropped.
    #[must_use]
    pub fn with_snapshot_jobs(mut self, run: impl Fn(SnapshotJob) + Send + Sync + 'static) -> Self {
        self.runner = Runner(Arc::new(run));
        self
    }

    /// Begins to make the snapshot of the tip.
    pub(in crate::store) fn begin_snapshot(&mut self, tip: &Header, opening: &Opening) -> Result<(), StoreError> {
        let Some(shelf) = self.shelf.clone() else { return Ok(()) };
        shelf.discard(tip.height);
        // a read transaction sees what was written
        if self.writes_behind {
            return self.begin_writing(Some((*tip, *opening)));
        }
        self.write_group()?;
        self.make_snapshot_of(tip, opening)
    }

    /// Makes the snapshot of the tip on disk.
    pub(in crate::store) fn make_snapshot_of(&mut self, tip: &Header, opening: &Opening) -> Result<(), StoreError> {
        let Some(shelf) = self.shelf.clone() else { return Ok(()) };
        let coins = self.database.begin_read()?.open_table(COINS)?;
        let making = shelf.begin(tip.height);
        let (genesis, header, opening) = (self.params.genesis_hash(), *tip, *opening);
        (self.runner.0)(SnapshotJob { coins, header, opening, genesis, shelf, making });
        Ok(())
    }

    /// Ends the jobs: a read transaction of theirs must not outlast the store.
    pub(in crate::store) fn end_snapshots(&self) {
        if let Some(shelf) = &self.shelf {
            shelf.close();
        }
    }

    /// Returns whether a snapshot is in the making.
    pub(in crate::store) fn is_making_snapshot(&self) -> bool {
        self.shelf.as_deref().is_some_and(Shelf::is_busy)
    }
}
