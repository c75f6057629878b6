//! A storage medium that keeps track of its length, and reports what is read and written during long work.

use std::{
    io,
    ops::Bound,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use redb::{BackendError, StorageBackend};

use crate::store::work::{Watch, Work};

/// The present length of a medium, in bytes, and the end of what was written to it since it was opened.
#[derive(Debug, Clone, Default)]
pub(super) struct Length(Arc<Ends>);

#[derive(Debug, Default)]
struct Ends {
    length: AtomicU64,
    written: AtomicU64,
}

impl Length {
    pub(super) fn get(&self) -> u64 {
        self.0.length.load(Ordering::Relaxed)
    }

    /// Returns the end of what was written since the medium was opened, at most the length. A part of a file beyond
    /// everything that was ever written takes no place on the disk.
    pub(super) fn written(&self) -> u64 {
        self.0.written.load(Ordering::Relaxed)
    }

    fn set(&self, length: u64) {
        self.0.length.store(length, Ordering::Relaxed);
        self.0.written.fetch_min(length, Ordering::Relaxed);
    }

    fn note_written(&self, end: u64) {
        self.0.written.fetch_max(end, Ordering::Relaxed);
    }
}

/// The long work under way, shared by a store and its medium.
#[derive(Debug, Clone)]
pub(super) struct Reporter {
    watch: Watch,
    current: Arc<Mutex<Option<Work>>>,
}

impl Reporter {
    pub(super) fn new(watch: Watch) -> Self {
        Self { watch, current: Arc::default() }
    }

    /// Begins to report work, or ends to with `None`.
    pub(super) fn set(&self, work: Option<Work>) {
        if let Some(work) = work {
            self.watch.report(work);
        }
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = work;
    }

    fn add(&self, bytes: usize) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(work) = current.as_mut() else { return };
        work.advance(bytes as u64);
        let work = *work;
        // the watcher may take its time
        drop(current);
        self.watch.report(work);
    }
}

/// A medium that records its length.
#[derive(Debug)]
pub(super) struct Measured<B> {
    medium: B,
    length: Length,
    reporter: Reporter,
}

impl<B: StorageBackend> Measured<B> {
    pub(super) fn new(medium: B, reporter: Reporter) -> io::Result<(Self, Length)> {
        let length = Length::default();
        length.set(medium.len()?);
        Ok((Self { medium, length: length.clone(), reporter }, length))
    }
}

impl<B: StorageBackend> StorageBackend for Measured<B> {
    fn len(&self) -> io::Result<u64> {
        self.medium.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.medium.read(offset, out)?;
        self.reporter.add(out.len());
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.medium.set_len(length)?;
        self.length.set(length);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.medium.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.medium.write(offset, data)?;
        self.length.note_written(offset + data.len() as u64);
        self.reporter.add(data.len());
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.medium.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.medium.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.medium.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.medium.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.medium.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.medium.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.medium.query_lock_range(start, end)
    }
}
