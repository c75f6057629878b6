//! Rebuilding a store from nothing but its blocks.

use std::{
    fs, io,
    ops::{Bound, ControlFlow},
    path::{Path, PathBuf},
};

use redb::{StorageBackend, backends::FileBackend};
use toycoin_core::{
    Block, BlockHash, ChainParams,
    chain::{Chain, ChainError},
    store::ChainStore,
};
use toycoin_wire::{codec, limits::MAX_DECODE};

use crate::store::{
    BODIES_FILE, INDEX_FILE, RedbStore, StoreError,
    bodies::{Bodies, FileOffset, Kind},
    check::go_on,
    file_head::FileHead,
};

/// The result of rebuilding a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reindexed {
    /// The active chain's new height.
    pub height: u64,
    /// Number of blocks that were kept, on all branches.
    pub blocks: u64,
    /// Number of blocks that were refused, because they broke a rule or lacked their ancestors.
    pub refused: u64,
    /// Bytes of the blocks' file that could not be read.
    pub skipped_bytes: u64,
}

/// Rebuilds a store from its blocks' file. Every block is judged again, and the new store replaces the old one.
///
/// The old files stay until the new ones are complete. The transactions that waited for a block are not kept.
/// `progress` receives the amount done and the total, and returns whether to go on; [`unwatched`](super::unwatched)
/// always does.
///
/// # Errors
/// When the directory is in use, is pruned, belongs to another network or a later version, or has no block of this
/// network. Also when the disk fails, or `progress` stops the work. The old files are unchanged then.
pub fn reindex(
    directory: &Path,
    params: &ChainParams,
    mut progress: impl FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Reindexed, StoreError> {
    let (index, bodies) = (directory.join(INDEX_FILE), directory.join(BODIES_FILE));
    if !bodies.exists() {
        let way_out = "there is nothing to build the chain from";
        return Err(StoreError::Missing { path: bodies.display().to_string(), way_out });
    }
    // the lock of an open store, on the file that every open store has
    let _lock = if index.exists() { Some(locked(directory, &index)?) } else { None };
    let file = locked(directory, &bodies)?;
    let expected = params.genesis_hash();
    match FileHead::read(&file) {
        Ok(Some(FileHead { genesis: found, .. })) if found != expected => {
            return Err(StoreError::OtherNetwork { path: directory.display().to_string(), found, expected });
        }
        Ok(Some(head)) if head.is_pruned() => {
            return Err(StoreError::Pruned { path: directory.display().to_string() });
        }
        // the rest of a newer format is unknown
        Err(error @ StoreError::NewerSchema { .. }) => return Err(error.within(directory)),
        // a damaged head proves nothing; blocks of another genesis will not connect
        _ => {}
    }
    let new = NewFiles::beside(&index, &bodies)?;
    let result = build(&new.directory, params, file, &mut progress).inspect_err(|_| {
        // an incomplete store is useless, and its space may be needed
        new.remove().ok();
    })?;
    new.replace_old()?;
    Ok(result)
}

/// Files in the making, each in the file system of the one that it will replace: a store's file may be a symbolic link
/// to another disk.
struct NewFiles {
    directory: PathBuf,
    bodies: PathBuf,
    old_index: PathBuf,
    old_bodies: PathBuf,
}

impl NewFiles {
    fn beside(index: &Path, bodies: &Path) -> Result<Self, StoreError> {
        let (old_index, old_bodies) = (target(index)?, target(bodies)?);
        let directory = old_index.with_file_name("reindex");
        let is_one_place = old_bodies.parent() == old_index.parent();
        let bodies = if is_one_place { directory.join(BODIES_FILE) } else { old_bodies.with_extension("new") };
        let new = Self { directory, bodies, old_index, old_bodies };
        // what an earlier attempt left
        new.remove()?;
        #[cfg(unix)]
        if !is_one_place {
            let link = new.directory.join(BODIES_FILE);
            let linked =
                fs::create_dir_all(&new.directory).and_then(|()| std::os::unix::fs::symlink(&new.bodies, &link));
            linked.map_err(of_io(&link))?;
        }
        Ok(new)
    }

    /// Puts the files at their places. Without the index the next start asks for a reindex, so a crash in between mixes
    /// nothing.
    fn replace_old(&self) -> Result<(), StoreError> {
        let replace = |from: &Path, to: &Path| fs::rename(from, to).map_err(of_io(to));
        if self.old_index.exists() {
            fs::remove_file(&self.old_index).map_err(of_io(&self.old_index))?;
        }
        sync_directory_of(&self.old_index);
        replace(&self.bodies, &self.old_bodies)?;
        sync_directory_of(&self.old_bodies);
        replace(&self.directory.join(INDEX_FILE), &self.old_index)?;
        self.remove()?;
        sync_directory_of(&self.old_index);
        Ok(())
    }

    /// Removes what is not at its place.
    fn remove(&self) -> Result<(), StoreError> {
        let gone = |path: &Path, removed: io::Result<()>| match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(of_io(path)(error)),
            _ => Ok(()),
        };
        gone(&self.directory, fs::remove_dir_all(&self.directory))?;
        gone(&self.bodies, fs::remove_file(&self.bodies))
    }
}

/// Returns the absolute path to which a symbolic link leads; a file that is missing is taken at its word.
pub(super) fn target(path: &Path) -> Result<PathBuf, StoreError> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let directory = path.parent().unwrap_or(Path::new(""));
            let whole = fs::canonicalize(directory).map_err(of_io(directory))?;
            // a link to a missing file, or no link at all
            let name = fs::read_link(path).ok().or_else(|| path.file_name().map(PathBuf::from));
            Ok(whole.join(name.unwrap_or_default()))
        }
        found => found.map_err(of_io(path)),
    }
}

/// Builds a store in a directory of its own, from another store's blocks' file.
fn build(
    fresh: &Path,
    params: &ChainParams,
    file: FileBackend,
    progress: &mut impl FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Reindexed, StoreError> {
    let lost = |error: ChainError<StoreError>| match error {
        ChainError::Store(error) => error,
        other => StoreError::Database(other.to_string()),
    };
    let mut places: Vec<(u64, FileOffset, BlockHash)> = Vec::new();
    let found = |place, bytes: Vec<u8>| {
        if let Ok(block) = codec::decode::<Block>(&bytes, MAX_DECODE)
            && block.header.height > 0
        {
            places.push((block.header.height, place, block.header.hash()));
        }
        Ok(())
    };
    let mut result =
        Reindexed { skipped_bytes: Bodies::scan(&file, found, || go_on(progress(0, 0)))?, ..Reindexed::default() };
    places.sort_unstable_by_key(|(height, place, _)| (*height, place.at));
    places.dedup_by_key(|(.., hash)| *hash);
    let end = file.len().map_err(|error| StoreError::of_io(Path::new(BODIES_FILE), error))?;
    let source = Bodies::open(Box::new(file), FileHead::whole(params.genesis_hash()), end);
    // a snapshot for each of its heights would be made and replaced on the way
    let store = RedbStore::open(fresh, params)?.with_snapshot_jobs(drop);
    let mut chain = Chain::open(params.clone(), store).map_err(lost)?;
    let mut first_refused = None;
    for (done, (_, place, hash)) in (0..).zip(&places) {
        go_on(progress(done, places.len() as u64))?;
        let name = format!("block {hash}");
        let bytes = source.read(*place, Kind::Body, &name)?;
        let block: Block = codec::decode(&bytes, MAX_DECODE).map_err(|error| StoreError::damaged(name, error))?;
        match chain.apply(block, u64::MAX) {
            Ok(_) => result.blocks += 1,
            Err(ChainError::Store(error)) => return Err(error),
            Err(error) => {
                first_refused.get_or_insert((*hash, error));
                result.refused += 1;
            }
        }
    }
    // one damaged block makes all later ones lack their ancestors
    if let Some((hash, error)) = first_refused {
        let count = result.refused;
        tracing::warn!(count, %hash, %error, "blocks were not taken over: their number, and the first of them");
    }
    if result.blocks == 0 && result.refused + result.skipped_bytes > 0 {
        // the file may be something else entirely, so it must not be replaced
        return Err(StoreError::damaged(BODIES_FILE, "no block of this network can be read from it"));
    }
    result.height = chain.height();
    chain.into_store().sync()?;
    Ok(result)
}

/// Opens a file and locks it. The lock is released with the returned value.
pub(super) fn locked(directory: &Path, path: &Path) -> Result<FileBackend, StoreError> {
    let file = fs::OpenOptions::new().read(true).write(true).open(path).map_err(of_io(path))?;
    let file = FileBackend::new(file)?;
    if matches!(file.try_lock_range(Bound::Unbounded, Bound::Unbounded), Ok(false)) {
        return Err(StoreError::Locked { path: directory.display().to_string() });
    }
    Ok(file)
}

fn of_io(path: &Path) -> impl Fn(io::Error) -> StoreError {
    |error| StoreError::of_io(path, error)
}

/// Makes renames durable. An error is ignored: a system without this operation does not need it.
pub(super) fn sync_directory_of(file: &Path) {
    let directory = file.parent().unwrap_or(Path::new("."));
    fs::File::open(directory).and_then(|directory| directory.sync_all()).ok();
}
