//! Pruning: old bodies and undo data are cut off the front of the bodies' file.
//!
//! ```text
//!   blocks.dat   head │ pruned: below the first height kept │ kept ······ │ valid end
//!                                                           └──── copied ─┘
//!   blocks.new   head: start, first │ kept ······ │   ── fsync, rename ─▶ blocks.dat
//! ```
//!
//! The database does not change: offsets count from the start of the whole file (`file_head`). So there is one moment,
//! the rename, before which a crash leaves the old file and after which it leaves the new one.
//!
//! Headers, openings, filters, coins and the index of transactions stay.

use std::{
    fs::{self, OpenOptions},
    io,
    path::Path,
};

use redb::{ReadableTable, backends::FileBackend};
use toycoin_core::{
    snapshot::{DEPTH, INTERVAL},
    store::ChainStore as _,
};

use crate::store::{
    BODIES_FILE, RedbStore, StoreError,
    bodies::Bodies,
    reader::Reader,
    record::damaged,
    reindex::{sync_directory_of, target},
    tables::{ActiveRecord, BlockRecord},
};

/// The result of pruning a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pruned {
    /// Nothing was pruned: there is no chain, it is too short, or less than a quarter of the file would go.
    Nothing,
    /// Nothing was pruned: the chain began with a snapshot, and is not validated from genesis yet.
    Assumed {
        /// The height of the snapshot.
        height: u64,
    },
    /// The file is shorter now.
    Done {
        /// The height of the first block that was kept.
        first: u64,
        /// Bytes by which the file became shorter.
        freed: u64,
    },
}

/// Where a file is to be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    /// The height of the first block that is kept.
    first: u64,
    /// The offset of the first record that is kept.
    start: u64,
}

impl RedbStore {
    /// Prunes a store that was opened, before a chain uses it: it cuts off the bodies and undo data of blocks below the
    /// second-newest [snapshot](toycoin_core::snapshot) that the chain offers. At least [`INTERVAL`] + [`DEPTH`] blocks
    /// stay. A chain that is opened afterwards follows no branch that leaves it below.
    ///
    /// Nothing happens as long as less than a quarter of the file would go, so that most starts are quick. Nothing
    /// happens either in a store on other media than a directory's files.
    ///
    /// A crash leaves the old file or the new one. What is half made is removed by the next call.
    ///
    /// # Errors
    /// When the index and the file differ, the disk fails, or it has no room for the blocks that stay. The old file is
    /// unchanged then.
    pub fn prune(self) -> Result<(Self, Pruned), StoreError> {
        self.prune_directory(first_kept)
    }

    /// Prunes a store like [`prune`](Self::prune), down to the block at height `first`.
    ///
    /// # Errors
    /// The same as for [`prune`](Self::prune).
    #[cfg(feature = "test-util")]
    pub fn prune_below(self, first: u64) -> Result<(Self, Pruned), StoreError> {
        self.prune_directory(|_| first)
    }

    /// Prunes a store on other media than a directory's files, down to the block at height `first`. The records that
    /// stay go to `new`, which the store uses from then on if the result is [`Pruned::Done`].
    ///
    /// # Errors
    /// The same as for [`prune`](Self::prune).
    #[cfg(feature = "test-util")]
    pub fn prune_to(mut self, new: impl redb::StorageBackend, first: u64) -> Result<(Self, Pruned), StoreError> {
        let Some(cut) = self.cut(|_| first)? else { return Ok((self, Pruned::Nothing)) };
        let (bodies, freed) = self.bodies.copy_tail(cut.start, cut.first, Box::new(new))?;
        self.bodies = bodies;
        Ok((self, Pruned::Done { first: cut.first, freed }))
    }

    fn prune_directory(mut self, first_of: impl Fn(u64) -> u64) -> Result<(Self, Pruned), StoreError> {
        if self.shelf.is_none() {
            return Ok((self, Pruned::Nothing));
        }
        let directory = self.directory().to_owned();
        // in the file system of the file that it replaces, which may be behind a symbolic link
        let old = target(&directory.join(BODIES_FILE))?;
        let new = old.with_extension("new");
        remove(&new)?;
        self.sync()?;
        if let Some(root) = self.reader()?.root()? {
            return Ok((self, Pruned::Assumed { height: root.header.height }));
        }
        let cut = self.cut(first_of).map_err(|error| error.within(&directory))?;
        let Some(cut) = cut else { return Ok((self, Pruned::Nothing)) };
        tracing::debug!(start = cut.start, first = cut.first, "copying the blocks that stay");
        let copied = copy(&self.bodies, cut, &new).inspect_err(|_| {
            // half a file is useless, and its space may be needed
            remove(&new).ok();
        });
        let (bodies, freed) = copied.map_err(|error| error.within(&directory))?;
        // the old file is closed before the new one takes its name
        self.bodies = bodies;
        fs::rename(&new, &old).map_err(of_io(&old))?;
        sync_directory_of(&old);
        Ok((self, Pruned::Done { first: cut.first, freed }))
    }

    fn cut(&self, first_of: impl Fn(u64) -> u64) -> Result<Option<Cut>, StoreError> {
        cut(self.reader()?, &self.bodies, first_of)
    }
}

/// Returns where the file is to be cut; `None` if there is too little to win.
fn cut(reader: &Reader, bodies: &Bodies, first_of: impl Fn(u64) -> u64) -> Result<Option<Cut>, StoreError> {
    let tip = reader.active_blocks()?.saturating_sub(1);
    let first = first_of(tip).min(tip);
    let head = bodies.head();
    if first <= head.first {
        return Ok(None);
    }
    let is_worth_it = |start: u64| start.saturating_sub(head.start) >= bodies.end().saturating_sub(head.start) / 4;
    let mut start = bodies.end();
    for entry in reader.active.range(first..)? {
        let (height, record) = entry?;
        let height = height.value();
        let active = ActiveRecord::from_bytes(height, record.value())?;
        let block = reader.block(&active.hash)?;
        let block = block.ok_or_else(|| damaged("blocks", active.hash.as_bytes(), "it is missing"))?;
        start = start.min(active.undo.at).min(block.body.at);
    }
    // the active chain alone takes little time, and mostly shows that there is nothing to do
    if !is_worth_it(start) {
        return Ok(None);
    }
    for entry in reader.blocks.iter()? {
        let (key, record) = entry?;
        let block = BlockRecord::from_bytes(key.value(), record.value())?;
        if block.header.height >= first {
            start = start.min(block.body.at);
        }
    }
    Ok(is_worth_it(start).then_some(Cut { first, start }))
}

/// Returns the height of the second-newest snapshot that a chain offers whose tip is at this height, 0 if there is
/// none.
const fn first_kept(tip: u64) -> u64 {
    let newest = tip.saturating_sub(DEPTH) / INTERVAL * INTERVAL;
    newest.saturating_sub(INTERVAL)
}

/// Copies the records that stay to a new file, and returns that file and how many bytes it is shorter.
fn copy(bodies: &Bodies, cut: Cut, new: &Path) -> Result<(Bodies, u64), StoreError> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(new).map_err(of_io(new))?;
    let file = FileBackend::new(file).map_err(|error| StoreError::of_database(new, error))?;
    bodies.copy_tail(cut.start, cut.first, Box::new(file))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::of_io(path, error)),
        _ => Ok(()),
    }
}

fn of_io(path: &Path) -> impl Fn(io::Error) -> StoreError {
    |error| StoreError::of_io(path, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_offered_snapshots_and_their_blocks_are_kept() {
        assert_eq!(first_kept(0), 0);
        assert_eq!(first_kept(2 * INTERVAL + DEPTH - 1), 0);
        assert_eq!(first_kept(2 * INTERVAL + DEPTH), INTERVAL);
        assert_eq!(first_kept(3 * INTERVAL + DEPTH - 1), INTERVAL);
        assert_eq!(first_kept(9 * INTERVAL + DEPTH + 5), 8 * INTERVAL);
        for tip in 2 * INTERVAL + DEPTH..5 * INTERVAL {
            assert!(tip - first_kept(tip) >= INTERVAL + DEPTH);
        }
    }
}
