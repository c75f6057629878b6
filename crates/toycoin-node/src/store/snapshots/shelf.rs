//! The snapshots of a store: those that are complete, and those in the making.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use toycoin_core::{
    BlockHash,
    snapshot::{CoinBytes, KEPT, KeptSnapshot},
};

use super::file::{SnapshotWriter, read_chunk, read_manifest};

/// The snapshots in a directory, shared by a store and its jobs.
#[derive(Debug)]
pub(in crate::store) struct Shelf {
    directory: PathBuf,
    state: Mutex<State>,
    /// Signalled when a job has ended.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Complete snapshots, the lowest first.
    kept: Vec<Arc<KeptSnapshot>>,
    making: Vec<Making>,
    /// Number of jobs so far.
    jobs: u64,
}

/// A snapshot in the making.
#[derive(Debug, Clone)]
pub(super) struct Making {
    pub(super) height: u64,
    /// The file that it writes, which no other job does.
    pub(super) path: PathBuf,
    pub(super) is_cancelled: Arc<AtomicBool>,
}

impl Shelf {
    /// Finds the snapshots in a directory, and deletes what a crash left. Files that cannot be used are deleted too: a
    /// node can do without, and makes others.
    pub(in crate::store) fn open(directory: &Path, genesis: BlockHash) -> Self {
        let mut kept = Vec::new();
        for path in snapshot_files(directory) {
            let manifest =
                if path.extension() == Some("dat".as_ref()) { read_manifest(&path, genesis) } else { Ok(None) };
            match manifest {
                Ok(Some(manifest)) if path == file_of(directory, manifest.header.height) => {
                    kept.push(Arc::new(KeptSnapshot::from(manifest)));
                }
                Ok(_) => remove(&path),
                Err(error) => tracing::warn!(path = %path.display(), %error, "a snapshot cannot be read"),
            }
        }
        let shelf = Self { directory: directory.to_owned(), state: Mutex::default(), ended: Condvar::new() };
        let mut state = shelf.lock();
        kept.sort_unstable_by_key(|kept| kept.manifest.header.height);
        state.kept = kept;
        shelf.drop_oldest(&mut state);
        drop(state);
        shelf
    }

    pub(in crate::store) fn kept(&self) -> Vec<Arc<KeptSnapshot>> {
        self.lock().kept.clone()
    }

    /// Returns a chunk; `None` if it is not here. A snapshot that cannot be read is discarded.
    pub(in crate::store) fn chunk(&self, id: &[u8; 32], place: u32) -> Option<Vec<CoinBytes>> {
        let kept = self.lock().kept.iter().find(|kept| kept.id == *id).cloned()?;
        if usize::try_from(place).ok()? >= kept.manifest.chunks.len() {
            return None;
        }
        let (height, path) = (kept.manifest.header.height, self.file_of(kept.manifest.header.height));
        let found = match read_chunk(&path, &kept.manifest, kept.block, place) {
            Ok(Some(chunk)) => return Some(chunk),
            Ok(None) => "its checksum is wrong".to_owned(),
            Err(error) => error.to_string(),
        };
        tracing::warn!(height, place, reason = found, "a snapshot is damaged, and discarded");
        let mut state = self.lock();
        state.kept.retain(|kept| kept.id != *id);
        remove(&path);
        None
    }

    /// Discards the snapshots at `from` and above, also those in the making.
    pub(in crate::store) fn discard(&self, from: u64) {
        let mut state = self.lock();
        state.making.iter().filter(|making| making.height >= from).for_each(Making::cancel);
        state.kept.retain(|kept| {
            let stays = kept.manifest.header.height < from;
            if !stays {
                remove(&self.file_of(kept.manifest.header.height));
            }
            stays
        });
    }

    /// Returns whether a snapshot is in the making, which keeps old pages of the database.
    pub(in crate::store) fn is_busy(&self) -> bool {
        !self.lock().making.is_empty()
    }

    /// Cancels all jobs, and waits for their end.
    pub(in crate::store) fn close(&self) {
        let mut state = self.lock();
        state.making.iter().for_each(Making::cancel);
        while !state.making.is_empty() {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Begins a job. At most as many as the snapshots that are kept go on: the lowest is cancelled.
    pub(super) fn begin(&self, height: u64) -> Making {
        let mut state = self.lock();
        state.jobs += 1;
        let path = self.directory.join(format!("{PREFIX}{height}-{}.new", state.jobs));
        let making = Making { height, path, is_cancelled: Arc::default() };
        if state.making.len() >= KEPT
            && let Some(lowest) = state.making.iter().min_by_key(|making| making.height)
        {
            lowest.cancel();
        }
        state.making.push(making.clone());
        making
    }

    /// Keeps a snapshot that is complete, unless its job was cancelled.
    pub(super) fn keep(&self, making: &Making, writer: SnapshotWriter, made: KeptSnapshot) -> io::Result<()> {
        let mut state = self.lock();
        if making.is_cancelled() {
            return Ok(());
        }
        writer.keep(&self.file_of(making.height))?;
        state.kept.push(Arc::new(made));
        state.kept.sort_unstable_by_key(|kept| kept.manifest.header.height);
        self.drop_oldest(&mut state);
        Ok(())
    }

    /// Ends a job, and deletes what it left.
    pub(super) fn end(&self, making: &Making) {
        let mut state = self.lock();
        state.making.retain(|other| other.path != making.path);
        remove(&making.path);
        self.ended.notify_all();
    }

    fn file_of(&self, height: u64) -> PathBuf {
        file_of(&self.directory, height)
    }

    fn drop_oldest(&self, state: &mut State) {
        let excess = state.kept.len().saturating_sub(KEPT);
        for kept in state.kept.drain(..excess) {
            remove(&self.file_of(kept.manifest.header.height));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Making {
    fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }
}

fn file_of(directory: &Path, height: u64) -> PathBuf {
    directory.join(format!("{PREFIX}{height}.dat"))
}

/// Returns the files of snapshots, half-made ones too.
fn snapshot_files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(".dat").or(rest.strip_suffix(".new")));
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
    };
    entries.filter(is_ours).collect()
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a snapshot's file cannot be deleted");
    }
}

const PREFIX: &str = "snapshot-";
