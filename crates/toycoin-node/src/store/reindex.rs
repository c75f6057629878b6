//! Building a store anew from nothing but its blocks.

use std::{fs, ops::Bound, path::Path};

use redb::{StorageBackend, backends::FileBackend};
use toycoin_core::{
    Block, BlockHash, ChainParams,
    chain::{Chain, ChainError},
    store::ChainStore,
};
use toycoin_wire::{codec, limits::MAX_DECODE};

use crate::store::{
    BODIES_FILE, INDEX_FILE, RedbStore, StoreError,
    bodies::{Bodies, Kind, Place},
};

/// What came of building a store anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reindexed {
    /// The active chain's height now.
    pub height: u64,
    /// Blocks that were taken over, on whatever branch.
    pub blocks: u64,
    /// Blocks that were there and broke a rule or lacked their ancestors.
    pub refused: u64,
    /// Bytes of the blocks' file that could not be read.
    pub skipped_bytes: u64,
}

/// Builds a store anew from its blocks' file, every block judged again, and puts it in the old one's place.
///
/// The old files stand until the new ones are complete. The transactions that waited for a block are not kept.
/// `progress` is told how much of how much is done.
///
/// # Errors
/// When the directory is in use, belongs to another network or has no blocks, or the disk fails.
pub fn reindex(
    directory: &Path,
    params: &ChainParams,
    mut progress: impl FnMut(u64, u64),
) -> Result<Reindexed, StoreError> {
    let (index, bodies) = (directory.join(INDEX_FILE), directory.join(BODIES_FILE));
    let of_io = |path: &Path| {
        let path = path.to_owned();
        move |error| StoreError::of_io(&path, error)
    };
    if !bodies.exists() {
        let way_out = "there is nothing to build the chain from";
        return Err(StoreError::Missing { path: bodies.display().to_string(), way_out });
    }
    let writable = |path: &Path| fs::OpenOptions::new().read(true).write(true).open(path).map_err(of_io(path));
    // the lock that an open store holds, on the file that every open store has
    let lock = if index.exists() { Some(FileBackend::new(writable(&index)?)?) } else { None };
    let whole = (Bound::Unbounded, Bound::Unbounded);
    if lock.as_ref().is_some_and(|file| matches!(file.try_lock_range(whole.0, whole.1), Ok(false))) {
        return Err(StoreError::Locked { path: directory.display().to_string() });
    }
    let file = FileBackend::new(writable(&bodies)?)?;
    let expected = params.genesis_hash();
    // a damaged head says nothing; the blocks themselves will not connect to another genesis
    if let Ok(Some(found)) = Bodies::genesis(&file).map_err(|error| error.within(directory))
        && found != expected
    {
        return Err(StoreError::OtherNetwork { path: directory.display().to_string(), found, expected });
    }

    let fresh = directory.join("reindex");
    match fs::remove_dir_all(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(of_io(&fresh)(error)),
        _ => {}
    }
    let mut places = Vec::new();
    let skipped_bytes = Bodies::scan(
        &file,
        |place, bytes| {
            if let Ok(block) = codec::decode::<Block>(&bytes, MAX_DECODE)
                && block.header.height > 0
            {
                places.push((block.header.height, place, block.header.hash()));
            }
            Ok(())
        },
        |_, _| {},
    )?;
    places.sort_unstable_by_key(|(height, place, _)| (*height, place.at));
    places.dedup_by_key(|(.., hash)| *hash);
    let mut result = build(&fresh, params, file, &places, &mut progress)?;
    result.skipped_bytes = skipped_bytes;

    // without the index a start asks for a reindex, so that a crash in between mixes nothing
    let replace = |from: &Path, to: &Path| fs::rename(from, to).map_err(of_io(to));
    if index.exists() {
        fs::remove_file(&index).map_err(of_io(&index))?;
    }
    sync_directory(directory);
    replace(&fresh.join(BODIES_FILE), &bodies)?;
    sync_directory(directory);
    replace(&fresh.join(INDEX_FILE), &index)?;
    fs::remove_dir_all(&fresh).map_err(of_io(&fresh))?;
    sync_directory(directory);
    Ok(result)
}

fn build(
    fresh: &Path,
    params: &ChainParams,
    file: FileBackend,
    places: &[(u64, Place, BlockHash)],
    progress: &mut impl FnMut(u64, u64),
) -> Result<Reindexed, StoreError> {
    let lost = |error: ChainError<StoreError>| match error {
        ChainError::Store(error) => error,
        other => StoreError::Database(other.to_string()),
    };
    let end = file.len().map_err(|error| StoreError::of_io(Path::new(BODIES_FILE), error))?;
    let source = Bodies::open(Box::new(file), end);
    let mut chain = Chain::open(params.clone(), RedbStore::open(fresh, params)?).map_err(lost)?;
    let mut result = Reindexed::default();
    for (done, (_, place, hash)) in (0..).zip(places) {
        progress(done, places.len() as u64);
        let name = format!("block {hash}");
        let bytes = source.read(*place, Kind::Body, &name)?;
        let block: Block = codec::decode(&bytes, MAX_DECODE).map_err(|error| StoreError::damaged(name, error))?;
        match chain.apply(block, u64::MAX) {
            Ok(_) => result.blocks += 1,
            Err(ChainError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(%hash, %error, "a block was not taken over");
                result.refused += 1;
            }
        }
    }
    result.height = chain.height();
    let mut store = chain.into_store();
    store.sync()?;
    Ok(result)
}

/// Makes names last; a system that cannot is none that loses them.
fn sync_directory(directory: &Path) {
    fs::File::open(directory).and_then(|directory| directory.sync_all()).ok();
}
