//! Opening and creating a store.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::Arc,
};

use redb::{Builder, Database, StorageBackend, backends::FileBackend};
use toycoin_core::ChainParams;

use crate::{
    limits,
    store::{
        BODIES_FILE, INDEX_FILE, StoreError,
        behind::Writing,
        bodies::Bodies,
        database::create_tables,
        file_head::FileHead,
        measured::{Length, Measured, Reporter},
        pending::Pending,
        reader::Reader,
        snapshots::{Runner, Shelf},
        stage::{Stage, Unindexed},
        work::{Watch, Work},
    },
};

/// A chain on disk; see the [module](super).
pub struct RedbStore {
    pub(super) path: PathBuf,
    pub(super) params: ChainParams,
    /// The state on disk; `None` during a write, so that no old page is kept for it, and for ever after one that failed.
    pub(super) reader: Option<Reader>,
    pub(super) pending: Pending,
    /// The group before the pending one, while a thread writes it.
    pub(super) writing: Option<Writing>,
    pub(super) writes_behind: bool,
    /// A move of the tip that arrives in parts.
    pub(super) stage: Option<Stage>,
    pub(super) unindexed: Unindexed,
    pub(super) bodies: Bodies,
    /// The database's present length, in bytes.
    pub(super) length: Length,
    /// Bytes that the database needed when that was last counted; 0 before. Kept in the database.
    pub(super) packed: u64,
    /// Whether `packed` differs from what the database keeps.
    pub(super) packed_is_new: bool,
    /// Whether a group of more than [`FEW_BLOCKS`](limits::FEW_BLOCKS) was written since the database was last looked at
    /// for free space.
    pub(super) has_written_many: bool,
    pub(super) reporter: Reporter,
    /// The snapshots beside the database; `None` on other media than a directory's files.
    pub(super) shelf: Option<Arc<Shelf>>,
    pub(super) runner: Runner,
    // the last field, so that its lock is released after everything else
    pub(super) database: Arc<Database>,
}

impl RedbStore {
    /// Opens the store in a directory, or creates one there.
    ///
    /// Opening compares all checksums of the database, so that lost or flipped bits on the disk are found here and not
    /// later.
    ///
    /// # Errors
    /// [`StoreError`], which names the file and the problem.
    pub fn open(directory: &Path, params: &ChainParams) -> Result<Self, StoreError> {
        Self::open_watched(directory, params, Watch::default())
    }

    /// Opens the store in a directory like [`open`](Self::open), and reports its long work to `watch`: this opening, and
    /// later compactions of the database.
    ///
    /// # Errors
    /// The same as for [`open`](Self::open).
    pub fn open_watched(directory: &Path, params: &ChainParams, watch: Watch) -> Result<Self, StoreError> {
        tracing::debug!(directory = %directory.display(), "opening the chain");
        if directory.exists() && !directory.is_dir() {
            return Err(StoreError::of_io(directory, io::ErrorKind::NotADirectory.into()));
        }
        fs::create_dir_all(directory).map_err(|error| StoreError::of_io(directory, error))?;
        let (index, bodies) = (directory.join(INDEX_FILE), directory.join(BODIES_FILE));
        let length = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
        if length(&index) == 0 && length(&bodies) > FileHead::WHOLE {
            let file = FileBackend::new(open_file(&bodies)?);
            let file = file.map_err(|error| StoreError::of_database(&bodies, error))?;
            return Err(missing(directory, &index, FileHead::read(&file).ok().flatten()));
        }
        if length(&index) == 0 {
            create(directory, &index, &bodies, params)?;
        }
        if !bodies.exists() {
            return Err(StoreError::Missing {
                path: bodies.display().to_string(),
                way_out: "without its blocks the chain is lost: remove the directory, and it is fetched again",
            });
        }
        let index = FileBackend::new(open_file(&index)?).map_err(|error| StoreError::of_database(&index, error))?;
        // the index is locked before the other file is opened
        let open_bodies = || -> Result<Box<dyn StorageBackend>, StoreError> {
            let file =
                FileBackend::new(open_file(&bodies)?).map_err(|error| StoreError::of_database(&bodies, error))?;
            Ok(Box::new(file))
        };
        let mut store =
            Self::open_files(directory, index, open_bodies, params, watch).map_err(|error| error.within(directory))?;
        store.shelf = Some(Arc::new(Shelf::open(directory, params.genesis_hash())));
        Ok(store)
    }

    /// Opens a store on other media than a directory's files, for example disks in tests that forget.
    ///
    /// # Errors
    /// The same as for [`open`](Self::open).
    pub fn open_on(
        index: impl StorageBackend,
        bodies: impl StorageBackend,
        params: &ChainParams,
    ) -> Result<Self, StoreError> {
        Self::open_files(Path::new(""), index, || Ok(Box::new(bodies)), params, Watch::default())
    }

    /// Returns the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn open_files(
        path: &Path,
        index: impl StorageBackend,
        bodies: impl FnOnce() -> Result<Box<dyn StorageBackend>, StoreError>,
        params: &ChainParams,
        watch: Watch,
    ) -> Result<Self, StoreError> {
        let mut builder = Builder::new();
        builder.set_cache_size(limits::STORE_CACHE).set_check_integrity_on_open(true);
        let reporter = Reporter::new(watch);
        let (index, length) =
            Measured::new(index, reporter.clone()).map_err(|error| StoreError::of_io(Path::new(INDEX_FILE), error))?;
        reporter.set(Some(Work::Opening { read: 0, length: length.get() }));
        let database = builder.create_with_backend(index)?;
        reporter.set(None);
        let file = bodies()?;
        let head = FileHead::read(file.as_ref())?;
        let end = match Reader::head(&database)? {
            Some(head) => Some(head.end_of(path, params)?),
            None => None,
        };
        let bodies = match end {
            Some(end) => open_bodies(path, params, file, head, end)?,
            None if file.len().map_err(|error| StoreError::of_io(Path::new(BODIES_FILE), error))? > FileHead::WHOLE => {
                return Err(missing(path, Path::new(INDEX_FILE), head));
            }
            None => {
                let bodies = Bodies::create(file, params.genesis_hash())?;
                create_tables(&database, params.genesis_hash(), bodies.end())?;
                bodies
            }
        };
        let reader = Reader::new(&database)?;
        let pending = Pending::new(reader.active_blocks()?);
        Ok(Self {
            length,
            packed: reader.packed()?,
            packed_is_new: false,
            has_written_many: false,
            reporter,
            shelf: None,
            runner: Runner::default(),
            path: path.to_owned(),
            params: params.clone(),
            reader: Some(reader),
            pending,
            writing: None,
            writes_behind: false,
            stage: None,
            unindexed: Unindexed::new(),
            bodies,
            database: Arc::new(database),
        })
    }
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").field("path", &self.path).field("bodies", &self.bodies).finish_non_exhaustive()
    }
}

/// Opens the bodies' file with this head, of which the index counts `end` bytes.
fn open_bodies(
    path: &Path,
    params: &ChainParams,
    file: Box<dyn StorageBackend>,
    head: Option<FileHead>,
    end: u64,
) -> Result<Bodies, StoreError> {
    let expected = params.genesis_hash();
    // a file without a head is shorter than any that an index counts
    let head = head.unwrap_or(FileHead::whole(expected));
    if head.genesis != expected {
        return Err(StoreError::OtherNetwork { path: path.display().to_string(), found: head.genesis, expected });
    }
    let bodies = Bodies::open(file, head, end);
    if bodies.is_whole()? {
        return Ok(bodies);
    }
    Err(StoreError::damaged(BODIES_FILE, format!("it is shorter than the {end} bytes that the index counts")))
}

fn open_file(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(|error| StoreError::of_io(path, error))
}

/// Creates an empty store.
fn create(directory: &Path, index: &Path, bodies: &Path, params: &ChainParams) -> Result<(), StoreError> {
    create_with(directory, index, bodies, params, |database, end| create_tables(database, params.genesis_hash(), end))
}

/// Creates a store, whose tables `fill` creates. The database gets its file name only once it is complete, so that a half
/// made one is never opened. `fill` gets the end of the bodies' file.
pub(super) fn create_with(
    directory: &Path,
    index: &Path,
    bodies: &Path,
    params: &ChainParams,
    fill: impl FnOnce(&Database, u64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let new = index.with_extension("new");
    let of = |error| StoreError::of_database(directory, error);
    let file = FileBackend::new(open_file(&new)?).map_err(of)?;
    // another process that creates the store holds the lock
    if matches!(file.try_lock_range(Bound::Unbounded, Bound::Unbounded), Ok(false)) {
        return Err(StoreError::Locked { path: directory.display().to_string() });
    }
    file.set_len(0).map_err(|error| StoreError::of_io(&new, error))?;
    file.unlock_range(Bound::Unbounded, Bound::Unbounded).map_err(|error| StoreError::Database(error.to_string()))?;
    let mut builder = Builder::new();
    let database = builder.set_cache_size(limits::STORE_CACHE).create_with_backend(file).map_err(of)?;
    let blocks = FileBackend::new(open_file(bodies)?).map_err(of)?;
    let created = Bodies::create(Box::new(blocks), params.genesis_hash());
    created.and_then(|bodies| fill(&database, bodies.end())).map_err(|error| error.within(directory))?;
    drop(database);
    fs::rename(&new, index).map_err(|error| StoreError::of_io(index, error))?;
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| StoreError::of_io(directory, error))
}

/// Returns the error for a file of blocks without its index.
fn missing(directory: &Path, index: &Path, head: Option<FileHead>) -> StoreError {
    if head.is_some_and(|head| head.is_pruned()) {
        return StoreError::Pruned { path: directory.display().to_string() };
    }
    StoreError::Missing { path: index.display().to_string(), way_out: "--reindex builds it anew from the blocks" }
}
