//! Snapshots of a store on disk: made beside it, kept, found damaged, and begun with.

use std::{
    fs,
    ops::ControlFlow,
    sync::{Arc, LazyLock, Mutex},
};

use crate::disk::{Directory, forgetful::Disk, memory::Memory, mine, open};
use toycoin_core::{
    Block, BlockHash, Chain, ChainParams,
    snapshot::{COIN_BYTES, CoinBytes, DEPTH, INTERVAL},
    state::ChainState,
    store::{ChainStore as _, MemoryStore, SnapshotRoot},
    test_util::{Payments, classroom, grow, snapshot_coins, snapshot_root},
};
use toycoin_node::store::{BODIES_FILE, INDEX_FILE, RedbStore, SnapshotJob, SnapshotPart, StoreError, unwatched};

fn params() -> ChainParams {
    ChainParams::regtest()
}

/// A chain that offers a snapshot, with what a store needs that begins there.
struct Source {
    chain: Chain<MemoryStore>,
    root: SnapshotRoot,
    state: ChainState,
    coins: Vec<CoinBytes>,
}

static SOURCE: LazyLock<Source> = LazyLock::new(|| {
    let mut chain = Chain::open(params(), MemoryStore::new().with_snapshots()).unwrap();
    grow(&mut chain, INTERVAL, classroom::owner(1));
    let (root, state) = (snapshot_root(&chain, INTERVAL), chain.state().clone());
    // a coin from below the snapshot is spent above it
    let mut payments = Payments::new(params().genesis_hash(), chain.coins_of(&classroom::owner(0)).unwrap());
    let (outpoint, coin) = chain.coins_of(&classroom::owner(0)).unwrap()[0];
    let payment = payments.spend(vec![outpoint], vec![coin.output]);
    mine(&mut chain, vec![payment], 4);
    grow(&mut chain, DEPTH - 1, classroom::owner(1));
    let kept = chain.offered_snapshot(&BlockHash::ZERO).expect("it is deep enough");
    let coins = snapshot_coins(&chain, &kept);
    Source { chain, root, state, coins }
});

fn blocks(from: u64, to: u64) -> impl Iterator<Item = Block> {
    (from..=to).map(|height| SOURCE.chain.block_at(height).unwrap().unwrap().block().clone())
}

fn extend<S: toycoin_core::store::ChainStore<Error: std::fmt::Debug>>(chain: &mut Chain<S>, to: u64) {
    for block in blocks(chain.height() + 1, to) {
        chain.apply(block, u64::MAX).unwrap();
    }
}

fn right_coins() -> impl Iterator<Item = Result<CoinBytes, StoreError>> {
    SOURCE.coins.iter().copied().map(Ok)
}

fn begin(
    directory: &Directory,
    coins: impl IntoIterator<Item = Result<CoinBytes, StoreError>>,
) -> Result<(), StoreError> {
    RedbStore::begin_at_snapshot(directory.path(), &params(), &SOURCE.root, &SOURCE.state, coins, unwatched)
}

#[test]
fn store_makes_the_snapshot_that_the_model_makes() {
    let directory = Directory::new();
    let mut chain = open(&directory, &params());
    extend(&mut chain, INTERVAL + DEPTH - 1);
    assert_eq!(chain.offered_snapshot(&BlockHash::ZERO), None, "it is not deep enough");
    extend(&mut chain, INTERVAL + DEPTH);
    let expected = SOURCE.chain.offered_snapshot(&BlockHash::ZERO);
    assert!(expected.is_some());
    assert_eq!(chain.offered_snapshot(&BlockHash::ZERO), expected);
    assert_eq!(snapshot_coins(&chain, &expected.unwrap()), SOURCE.coins);
    drop(chain);

    // what a crash leaves of others goes, and what is not ours stays
    let garbage = ["snapshot-4096-1.new", "snapshot-4096.dat"].map(|name| directory.file(name));
    garbage.iter().for_each(|path| fs::write(path, b"toysnaps").unwrap());
    let own = directory.file("snapshot-of-mine.txt");
    fs::write(&own, b"notes").unwrap();
    let mut chain = open(&directory, &params());
    assert!(garbage.iter().all(|path| !path.exists()) && own.exists());
    let kept = chain.offered_snapshot(&BlockHash::ZERO).unwrap();
    assert_eq!(snapshot_coins(&chain, &kept), SOURCE.coins);

    // a flipped bit is found when the chunk is read
    let file = directory.file("snapshot-2048.dat");
    let mut bytes = fs::read(&file).unwrap();
    assert!(bytes.len() > SOURCE.coins.len() * COIN_BYTES);
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_eq!(chain.snapshot_chunk(&kept.id, 0).unwrap(), None);
    assert_eq!(chain.offered_snapshot(&BlockHash::ZERO), None);
    assert!(!file.exists());
    assert_eq!(mine(&mut chain, Vec::new(), 1).header.height, INTERVAL + DEPTH + 1, "the node goes on");
}

/// A chain at the height of a snapshot, and the job that waits to make it.
fn with_waiting_job(directory: &Directory) -> (Chain<RedbStore>, SnapshotJob) {
    let job = Arc::new(Mutex::new(None));
    let taken = Arc::clone(&job);
    let store = RedbStore::open(directory.path(), &params()).unwrap();
    let store = store.with_snapshot_jobs(move |job| *taken.lock().unwrap() = Some(job));
    let mut chain = Chain::open(params(), store).unwrap();
    extend(&mut chain, INTERVAL);
    let job = job.lock().unwrap().take().expect("a job for the snapshot");
    (chain, job)
}

#[test]
fn job_sees_the_coins_as_they_were() {
    let directory = Directory::new();
    let (mut chain, job) = with_waiting_job(&directory);
    assert_eq!(job.height(), INTERVAL);
    extend(&mut chain, INTERVAL + DEPTH);
    chain.sync().unwrap();
    assert_eq!(chain.offered_snapshot(&BlockHash::ZERO), None);
    job.run();
    assert_eq!(chain.offered_snapshot(&BlockHash::ZERO), SOURCE.chain.offered_snapshot(&BlockHash::ZERO));
}

#[test]
fn job_of_an_undone_block_keeps_nothing() {
    let directory = Directory::new();
    let (mut chain, job) = with_waiting_job(&directory);
    let mut rival = Chain::in_memory(params());
    for block in blocks(1, INTERVAL - 1) {
        rival.apply(block, u64::MAX).unwrap();
    }
    grow(&mut rival, 2, classroom::owner(2));
    for height in [INTERVAL, INTERVAL + 1] {
        let block = rival.block_at(height).unwrap().unwrap().block().clone();
        chain.apply(block, u64::MAX).unwrap();
    }
    assert_eq!(chain.tip(), rival.tip());
    job.run();
    assert_eq!(chain.store().snapshots(), []);
    drop(chain);
    let names = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names.filter(|name| name != INDEX_FILE && name != BODIES_FILE).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn store_begins_at_a_snapshot_and_ends_where_others_do() {
    let directory = Directory::new();
    begin(&directory, right_coins()).unwrap();
    let chain = open(&directory, &params());
    assert_eq!((chain.snapshot_height(), chain.height()), (Some(INTERVAL), INTERVAL));
    assert_eq!(chain.state(), &SOURCE.state);
    assert!(chain.audit().unwrap().holds && chain.store().check(unwatched).unwrap().is_sound());
    drop(chain);

    let mut chain = open(&directory, &params());
    extend(&mut chain, INTERVAL + DEPTH);
    chain.sync().unwrap();
    let source = &SOURCE.chain;
    assert_eq!((chain.tip(), chain.state()), (source.tip(), source.state()));
    for owner in [0, 1, 4].map(classroom::owner) {
        assert_eq!(chain.coins_of(&owner).unwrap(), source.coins_of(&owner).unwrap());
    }
    for height in [INTERVAL, INTERVAL + 1, INTERVAL + DEPTH] {
        assert_eq!(chain.opening_at(height).unwrap(), source.opening_at(height).unwrap());
    }
    assert_eq!(chain.store().opening(5).unwrap(), None);
    assert_eq!(chain.store().filter(INTERVAL).unwrap(), None);
    assert_eq!(chain.filter_at(INTERVAL + 1).unwrap(), source.filter_at(INTERVAL + 1).unwrap());
    let report = chain.store().check(unwatched).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!((report.height, report.blocks), (INTERVAL + DEPTH, DEPTH));

    // a reorganisation down to the block after the snapshot
    let mut rival = Chain::in_memory(params());
    for block in blocks(1, INTERVAL) {
        rival.apply(block, u64::MAX).unwrap();
    }
    grow(&mut rival, DEPTH + 1, classroom::owner(2));
    for height in INTERVAL + 1..=rival.height() {
        chain.apply(rival.block_at(height).unwrap().unwrap().block().clone(), u64::MAX).unwrap();
    }
    chain.sync().unwrap();
    assert_eq!((chain.tip(), chain.state()), (rival.tip(), rival.state()));
    assert!(chain.audit().unwrap().holds && chain.store().check(unwatched).unwrap().is_sound());
}

#[test]
fn refused_snapshot_leaves_no_store() {
    let directory = Directory::new();
    let last = SOURCE.coins.len() - 1;
    let mut swapped = SOURCE.coins.clone();
    swapped.swap(3, 4);
    let mut changed = SOURCE.coins.clone();
    changed[last].0[40] ^= 1;
    let mut twice = SOURCE.coins.clone();
    twice.insert(5, twice[5]);
    for coins in [swapped, changed, twice, SOURCE.coins[..last].to_vec()] {
        let error = begin(&directory, coins.into_iter().map(Ok)).unwrap_err();
        assert!(matches!(error, StoreError::Snapshot { .. }), "{error}");
        assert!(!directory.file(INDEX_FILE).exists());
    }
    let failing = right_coins().take(1_000).chain([Err(StoreError::Interrupted)]);
    assert!(matches!(begin(&directory, failing), Err(StoreError::Interrupted)));
    let stop = |_, _| ControlFlow::Break(());
    let (root, state) = (&SOURCE.root, &SOURCE.state);
    let stopped = RedbStore::begin_at_snapshot(directory.path(), &params(), root, state, right_coins(), stop);
    assert!(matches!(stopped, Err(StoreError::Interrupted)));
    let other = SnapshotRoot { work: root.previous_work, ..root.clone() };
    let refused = RedbStore::begin_at_snapshot(directory.path(), &params(), &other, state, right_coins(), unwatched);
    assert!(matches!(refused, Err(StoreError::Snapshot { .. })));
    assert!(!directory.file(INDEX_FILE).exists());

    // the directory is as good as new
    begin(&directory, right_coins()).unwrap();
    assert!(matches!(begin(&directory, right_coins()), Err(StoreError::HasChain { .. })));
    assert_eq!(open(&directory, &params()).state(), &SOURCE.state);
}

#[test]
fn loss_of_power_leaves_no_chain_or_the_snapshot() {
    let disk = Disk::new(11, 4);
    let [index, bodies] = disk.files();
    let (root, state) = (&SOURCE.root, &SOURCE.state);
    RedbStore::begin_at_snapshot_on(index, bodies, &params(), root, state, right_coins()).unwrap();
    let images = disk.take_images();
    assert!(images.len() > 4);
    let mut whole = 0;
    for [index, bodies] in images.into_iter().chain([disk.now()]) {
        // a file gets its name only when it is made: what cannot be opened is not looked at
        let Ok(store) = RedbStore::open_on(Memory::new(index), Memory::new(bodies), &params()) else { continue };
        let Some(stored) = store.load().unwrap() else { continue };
        assert_eq!((stored.tip, &stored.state, stored.root.as_deref()), (root.hash(), state, Some(root)));
        assert!(store.check(unwatched).unwrap().is_sound());
        whole += 1;
    }
    assert!(whole > 0);
}

#[test]
fn chunks_in_any_order_become_the_coins_in_theirs() {
    let directory = Directory::new();
    let path = directory.file("snapshot.part");
    let mut part = SnapshotPart::create(directory.path(), 4_096 + 10).unwrap();
    let chunk = |first: u8, coins: usize| vec![CoinBytes([first; COIN_BYTES]); coins];
    part.write(1, &chunk(2, 10)).unwrap();
    part.write(0, &chunk(1, 4_096)).unwrap();
    assert!(part.write(1, &chunk(2, 11)).is_err());
    assert!(part.write(u32::MAX, &chunk(2, 1)).is_err());
    let coins: Vec<_> = part.coins().unwrap().map(Result::unwrap).collect();
    assert_eq!(coins, [chunk(1, 4_096), chunk(2, 10)].concat());
    assert_eq!(fs::metadata(&path).unwrap().len(), 4_106 * COIN_BYTES as u64);
    drop(part);
    assert!(!path.exists());
    assert!(SnapshotPart::create(directory.path(), 1 << 40).is_err());
}
