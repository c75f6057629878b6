//! Beginning a store at a snapshot, in one transaction.

use std::{ops::ControlFlow, path::Path};

use redb::{Builder, Database, StorageBackend};
use toycoin_core::{
    Amount, ChainParams, OutPoint,
    proof::Opening,
    snapshot::CoinBytes,
    state::{ChainState, LtHash},
    store::SnapshotRoot,
};

use crate::{
    limits,
    store::{
        BODIES_FILE, INDEX_FILE, RedbStore, StoreError,
        bodies::{Bodies, FileOffset},
        check::go_on,
        database::{begin_write, create_tables_in},
        file_head::FileHead,
        record::seal_long,
        redb_store::create_with,
        tables::*,
    },
};

/// Coins between two reports of the progress.
const REPORT: u64 = 65_536;

impl RedbStore {
    /// Creates a store in a directory that begins at the block of a snapshot, with the state after it and its coins,
    /// in the order of their outpoints. `progress` receives the coins that are written and their total, and returns
    /// whether to go on.
    ///
    /// All is one transaction, and the database gets its name after it: a crash leaves no store. The coins are added up
    /// again, since they were on a disk.
    ///
    /// # Errors
    /// When the directory has a store already, the coins are not those of the state, the disk fails, or `progress` stops
    /// the work.
    pub fn begin_at_snapshot(
        directory: &Path,
        params: &ChainParams,
        root: &SnapshotRoot,
        state: &ChainState,
        coins: impl IntoIterator<Item = Result<CoinBytes, StoreError>>,
        progress: impl FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        Self::require_empty(directory)?;
        let (index, bodies) = (directory.join(INDEX_FILE), directory.join(BODIES_FILE));
        std::fs::create_dir_all(directory).map_err(|error| StoreError::of_io(directory, error))?;
        create_with(directory, &index, &bodies, params, |database, end| {
            write_snapshot(database, params, end, root, state, coins, progress)
        })
    }

    /// Refuses a directory that has a store already.
    ///
    /// # Errors
    /// [`StoreError::HasChain`] if it has.
    pub fn require_empty(directory: &Path) -> Result<(), StoreError> {
        let has = |name: &str, empty: u64| std::fs::metadata(directory.join(name)).is_ok_and(|file| file.len() > empty);
        if has(INDEX_FILE, 0) || has(BODIES_FILE, FileHead::WHOLE) {
            return Err(StoreError::HasChain { path: directory.display().to_string() });
        }
        Ok(())
    }

    /// Begins a store at a snapshot on other media than a directory's files, as
    /// [`begin_at_snapshot`](Self::begin_at_snapshot) does. The media are empty before.
    ///
    /// # Errors
    /// The same as for [`begin_at_snapshot`](Self::begin_at_snapshot).
    pub fn begin_at_snapshot_on(
        index: impl StorageBackend,
        bodies: impl StorageBackend,
        params: &ChainParams,
        root: &SnapshotRoot,
        state: &ChainState,
        coins: impl IntoIterator<Item = Result<CoinBytes, StoreError>>,
    ) -> Result<(), StoreError> {
        let mut builder = Builder::new();
        let database = builder.set_cache_size(limits::STORE_CACHE).create_with_backend(index)?;
        let bodies = Bodies::create(Box::new(bodies), params.genesis_hash())?;
        write_snapshot(&database, params, bodies.end(), root, state, coins, crate::store::unwatched)
    }
}

fn write_snapshot(
    database: &Database,
    params: &ChainParams,
    bodies_end: u64,
    root: &SnapshotRoot,
    state: &ChainState,
    coins: impl IntoIterator<Item = Result<CoinBytes, StoreError>>,
    progress: impl FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let fits = root.is_coherent() && state.root() == root.header.state_root;
    if !fits || state.ancestors.count() != root.header.height {
        return Err(refused("it is not the state after its block"));
    }
    let transaction = begin_write(database)?;
    create_tables_in(&transaction, params.genesis_hash(), bodies_end)?;
    {
        let (table, owners) = (transaction.open_table(COINS)?, transaction.open_table(OWNERS)?);
        write_coins(table, owners, state, coins, progress)?;
    }
    {
        let (height, block) = (root.header.height, root.hash());
        let mut active = transaction.open_table(ACTIVE)?;
        // neither of them ever leaves the active chain, so their undo data are not needed
        let undo = FileOffset::default();
        let previous = ActiveRecord { hash: root.header.previous, work: root.previous_work, undo };
        active.insert(height - 1, &previous.to_bytes(height - 1))?;
        active.insert(height, &ActiveRecord { hash: block, work: root.work, undo }.to_bytes(height))?;
        transaction.open_table(OPENINGS)?.insert(height, &opening_to_bytes(height, &Opening::of(state)))?;
        let mut meta = transaction.open_table(META)?;
        meta.insert(TIP_KEY, tip_to_bytes(&block, state).as_slice())?;
        meta.insert(ROOT_KEY, seal_long("meta", ROOT_KEY.as_bytes(), root_to_bytes(root)).as_slice())?;
    }
    Ok(transaction.commit()?)
}

/// Writes the coins, and compares them with the state.
fn write_coins(
    mut table: redb::Table<'_, &'static [u8; OUTPOINT], &'static [u8; COIN]>,
    mut owners: redb::Table<'_, &'static [u8; OWNED], ()>,
    state: &ChainState,
    coins: impl IntoIterator<Item = Result<CoinBytes, StoreError>>,
    mut progress: impl FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let (mut sum, mut count, mut worth) = (LtHash::default(), 0, Amount::ZERO);
    let mut last: Option<OutPoint> = None;
    let mut owned = Vec::new();
    for bytes in coins {
        let (outpoint, coin) = bytes?.into();
        if last.replace(outpoint).is_some_and(|last| last >= outpoint) {
            return Err(refused("its coins are not in ascending order"));
        }
        sum.add(&outpoint, &coin);
        worth = worth.saturating_add(coin.output.value);
        count += 1;
        let key = outpoint_key(&outpoint);
        table.insert(&key, &coin_to_bytes(&key, &coin))?;
        owned.push(owned_key(&coin.output.owner, &key));
        if count % REPORT == 0 {
            write_owners(&mut owners, &mut owned)?;
            go_on(progress(count, state.coin_count))?;
        }
    }
    write_owners(&mut owners, &mut owned)?;
    go_on(progress(count, state.coin_count))?;
    let is_same = (sum, count, worth) == (state.utxo_hash.clone(), state.coin_count, state.issued);
    if is_same { Ok(()) } else { Err(refused("its coins are not those that its block commits to")) }
}

/// Writes some owners' coins in the order of their keys, so that neighbours go into one page.
fn write_owners(
    owners: &mut redb::Table<'_, &'static [u8; OWNED], ()>,
    owned: &mut Vec<[u8; OWNED]>,
) -> Result<(), StoreError> {
    owned.sort_unstable();
    for key in owned.drain(..) {
        owners.insert(&key, ())?;
    }
    Ok(())
}

fn refused(reason: &str) -> StoreError {
    StoreError::Snapshot { reason: reason.to_owned() }
}
