//! Compacting the database, when there is something to gain.
//!
//! Each group rewrites pages whose old copies become free only after it. So initial block download can leave a file
//! several times as long as what it holds. But a long file alone proves nothing: the database doubles its file whenever
//! it grows, and the half that was never written takes no place on the disk. So a length counts only if a doubling does
//! not explain it, and once after initial block download also the end of what was written. The pages in use are counted
//! before pages are moved. That is a walk over the whole database, and so its result is remembered, in the database too:
//! until the file has grown again by that much, nothing is counted.
//!
//! A process may end in the midst of a compaction, by a second signal or a crash. The database is then as after any
//! crash: whole, and compacted as far as it had come.

use crate::{
    limits,
    store::{
        RedbStore, StoreError,
        database::begin_write,
        reader::Reader,
        record::seal_long,
        tables::{META, PACKED_KEY},
        work::Work,
    },
};

impl RedbStore {
    /// Compacts the database if much of its file is free, and remembers its size.
    pub(super) fn compact_if_bloated(&mut self) -> Result<(), StoreError> {
        // the pages that a snapshot in the making reads cannot be moved; the next sync tries again
        if !self.is_bloated(self.packed) || self.is_making_snapshot() {
            return Ok(());
        }
        let used = self.used_bytes()?;
        self.remember(used);
        if self.is_bloated(used) {
            // before it, because a transaction behind it could double the file again
            self.keep_packed()?;
            self.compact(used)?;
            if is_long(self.length.get(), used) {
                // there is no more to gain, so it must not be tried at each stop
                self.remember(self.length.get() / 5 * 2);
            }
        }
        self.has_written_many = false;
        Ok(())
    }

    fn remember(&mut self, packed: u64) {
        self.packed_is_new |= packed != self.packed;
        self.packed = packed;
    }

    /// Writes what is remembered, when the store is closed.
    pub(super) fn keep_packed(&mut self) -> Result<(), StoreError> {
        if !self.packed_is_new {
            return Ok(());
        }
        self.reader = None;
        let transaction = begin_write(&self.database)?;
        let value = seal_long("meta", PACKED_KEY.as_bytes(), self.packed.to_le_bytes().to_vec());
        transaction.open_table(META)?.insert(PACKED_KEY, value.as_slice())?;
        transaction.commit()?;
        self.packed_is_new = false;
        self.reader = Some(Reader::new(&self.database)?);
        Ok(())
    }

    /// Counts the bytes of the pages that hold tables. Pages that the last transaction freed are allocated until the next
    /// one, and so they do not count.
    fn used_bytes(&self) -> Result<u64, StoreError> {
        let transaction = begin_write(&self.database)?;
        let stats = transaction.stats()?;
        transaction.abort()?;
        let pages = (stats.leaf_pages() + stats.branch_pages()).saturating_mul(stats.page_size() as u64);
        // a long value has a page of several lengths, which counts as one
        Ok(pages.max(stats.stored_bytes()))
    }

    fn is_bloated(&self, needed: u64) -> bool {
        let written = self.has_written_many.then(|| self.length.written());
        is_long(self.length.get(), needed) || written.is_some_and(|written| is_loose(written, needed))
    }

    /// Compacts the database.
    fn compact(&mut self, used: u64) -> Result<(), StoreError> {
        let before = self.length.get();
        self.reader = None;
        self.reporter.set(Some(Work::Compacting { moved: 0, used, length: before }));
        if let Err(error) = self.database_alone()?.compact() {
            // the database still works as before
            tracing::warn!(%error, "the database could not be compacted");
        }
        self.reporter.set(None);
        let after = self.length.get();
        tracing::debug!(before, after, used, "the database is compacted");
        self.reader = Some(Reader::new(&self.database)?);
        Ok(())
    }
}

/// Returns whether a file is so long that a doubling alone does not explain it.
const fn is_long(length: u64, needed: u64) -> bool {
    length > needed.saturating_mul(5) / 2 + limits::INDEX_SLACK
}

/// Returns whether much of what was written of a file is free. At the tip each block may rewrite most pages of a small
/// database, and their old copies are free after it. So this is asked only after a large group.
const fn is_loose(written: u64, needed: u64) -> bool {
    written > needed.saturating_mul(5) / 4 + limits::WRITTEN_SLACK
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn doubling_of_the_file_is_not_worth_a_compaction() {
        assert!(!is_long(2 * 40 * MIB, 40 * MIB) && is_long(3 * 40 * MIB, 40 * MIB));
        assert!(!is_long(limits::INDEX_SLACK, 0) && is_long(limits::INDEX_SLACK + 1, 0));
    }

    #[test]
    fn second_copy_of_all_pages_is_worth_a_compaction() {
        assert!(is_loose(2 * 40 * MIB, 40 * MIB) && !is_loose(49 * MIB, 40 * MIB));
        assert!(!is_loose(2 * MIB, MIB), "too little to gain");
    }
}
