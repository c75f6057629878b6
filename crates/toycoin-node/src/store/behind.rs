//! Writing behind: a thread writes one group while the store takes in the next.
//!
//! ```text
//!   insert_block, commit ─▶ Pending ─▶ Writing ── a thread ─▶ blocks.dat, chain.redb
//!   coin, block, undo    ◀── newest first ──┘
//! ```
//!
//! A group is written as it would be by the store itself, and the next one begins after it. So a crash leaves what it
//! would leave otherwise, and loses at most two groups.

use std::{
    iter,
    sync::Arc,
    thread::{self, JoinHandle},
};

use toycoin_core::{BlockHash, CheckedBlock, Header, proof::Opening};

use crate::{
    limits,
    store::{RedbStore, StoreError, pending::Pending, write::write},
};

/// A group that a thread is writing.
pub(super) struct Writing {
    group: Arc<Pending>,
    /// Returns the bytes by which the bodies' file grows.
    thread: JoinHandle<Result<u64, StoreError>>,
    /// The snapshot that begins when the group is written, by its block.
    snapshot: Option<(Header, Opening)>,
}

impl RedbStore {
    /// Has a thread write the blocks of initial block download (IBD), while the store takes in the next ones. It is for
    /// nodes on more than one core. What is [synced](toycoin_core::store::ChainStore::sync) is durable as without it.
    ///
    /// The blocks that are written and those that wait are each at most a group: 10,000 blocks
    /// ([`GROUP_BLOCKS`](crate::limits::GROUP_BLOCKS)), or about 48 MiB. An error of the disk is reported by one of the
    /// next calls.
    #[must_use]
    pub const fn writing_behind(mut self) -> Self {
        self.writes_behind = true;
        self
    }

    /// Returns the groups that are not on disk yet, the newest first.
    pub(super) fn groups(&self) -> impl Iterator<Item = &Pending> {
        iter::once(&self.pending).chain(self.writing.as_ref().map(|writing| &*writing.group))
    }

    /// Returns a body that is not on disk yet.
    pub(super) fn held_block(&self, hash: &BlockHash) -> Option<&Arc<CheckedBlock>> {
        self.groups().find_map(|group| group.bodies.get(hash))
    }

    /// Begins to write what is pending if that is worth a transaction and the thread is idle. Waits for the thread if so
    /// much is pending that it `must` be written.
    pub(super) fn write_behind(&mut self, must: bool) -> Result<(), StoreError> {
        if must || self.writing.as_ref().is_some_and(|writing| writing.thread.is_finished()) {
            self.finish_writing()?;
        }
        let enough = self.pending.blocks() >= limits::BEHIND_BLOCKS;
        if self.writing.is_none() && (must || enough) { self.begin_writing(None) } else { Ok(()) }
    }

    /// Has a thread write what is pending. The snapshot of the pending tip, if it is wanted, begins after that.
    pub(super) fn begin_writing(&mut self, snapshot: Option<(Header, Opening)>) -> Result<(), StoreError> {
        self.finish_writing()?;
        self.has_written_many |= self.pending.blocks() > limits::FEW_BLOCKS;
        let standing = self.pending.standing + self.pending.connected.len() as u64;
        let group = Arc::new(std::mem::replace(&mut self.pending, Pending::new(standing)));
        let (database, bodies, written) = (Arc::clone(&self.database), self.bodies.clone(), Arc::clone(&group));
        let unindexed = self.unindexed.clone();
        let run = move || write(&database, &bodies, &written, &unindexed);
        #[expect(clippy::disallowed_methods, reason = "only a store that was asked to write behind has a thread")]
        let thread = thread::Builder::new().name("store".into()).spawn(run);
        let thread = thread.map_err(|error| StoreError::of_io(self.directory(), error))?;
        self.writing = Some(Writing { group, thread, snapshot });
        Ok(())
    }

    /// Waits until the group that is being written is durable.
    pub(super) fn finish_writing(&mut self) -> Result<(), StoreError> {
        let Some(Writing { group, thread, snapshot }) = self.writing.take() else { return Ok(()) };
        let panicked = |_| Err(StoreError::Database("the thread that writes it panicked".into()));
        let bytes = thread.join().unwrap_or_else(panicked)?;
        // the memory of a group takes a while to free
        drop(group);
        self.is_written(bytes)?;
        match snapshot {
            Some((tip, opening)) => self.make_snapshot_of(&tip, &opening),
            None => Ok(()),
        }
    }

    /// Forgets the snapshot that waits for its group, if its block is at `from` or above.
    pub(super) fn forget_snapshot(&mut self, from: u64) {
        if let Some(writing) = &mut self.writing {
            writing.snapshot.take_if(|(tip, _)| tip.height >= from);
        }
    }
}
