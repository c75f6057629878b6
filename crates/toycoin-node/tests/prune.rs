//! Pruning a store on disk: what goes, what stays, and what a crash, a flipped bit or a deep branch then meets.

#![cfg(feature = "redb")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod disk;

use std::{fs, sync::LazyLock};

use disk::{Directory, forgetful::Disk, memory::Memory, mine, open};
use redb::{Database, StorageBackend as _, TableDefinition};
use toycoin_core::{
    Block, Chain, ChainParams,
    chain::ChainError,
    filter::BlockFilter,
    snapshot::{DEPTH, INTERVAL},
    store::{ChainStore as _, MemoryStore},
    test_util::{Payments, assert_openings, classroom, grow, snapshot_coins, snapshot_root},
};
use toycoin_node::store::{BODIES_FILE, INDEX_FILE, Pruned, RedbStore, StoreError, reindex, unwatched};

const HEIGHT: u64 = 40;
const FIRST: u64 = 30;

fn params() -> ChainParams {
    ChainParams::regtest()
}

/// A chain with a payment in each block.
static SOURCE: LazyLock<Chain<MemoryStore>> = LazyLock::new(|| {
    let mut chain = Chain::in_memory(params());
    let mut payments = Payments::new(params().genesis_hash(), chain.coins_of(&classroom::owner(0)).unwrap());
    for _ in 0..HEIGHT {
        let (outpoint, coin) = payments.coins().first_key_value().map(|(at, coin)| (*at, *coin)).unwrap();
        mine(&mut chain, vec![payments.spend(vec![outpoint], vec![coin])], 1);
    }
    chain
});

fn block(chain: &Chain<MemoryStore>, height: u64) -> Block {
    chain.block_at(height).unwrap().unwrap().block().clone()
}

/// A branch that leaves the source after `fork`, and is `blocks` long.
fn branch(fork: u64, blocks: u64) -> Vec<Block> {
    let mut chain = Chain::in_memory(params());
    for height in 1..=fork {
        chain.apply(block(&SOURCE, height), u64::MAX).unwrap();
    }
    grow(&mut chain, blocks, classroom::owner(2));
    (fork + 1..=chain.height()).map(|height| block(&chain, height)).collect()
}

/// Extends a chain by blocks of the source, each of which is written before the next one comes.
fn extend(chain: &mut Chain<RedbStore>, to: u64) {
    chain.sync().unwrap();
    for height in chain.height() + 1..=to {
        chain.apply(block(&SOURCE, height), u64::MAX).unwrap();
        chain.sync().unwrap();
    }
}

/// A store with the source's blocks, and a stale branch from after the first height kept.
fn kept() -> Directory {
    let directory = Directory::new();
    let mut chain = open(&directory, &params());
    extend(&mut chain, HEIGHT);
    for block in branch(FIRST + 3, 2) {
        chain.apply(block, u64::MAX).unwrap();
    }
    chain.sync().unwrap();
    directory
}

fn try_prune(directory: &Directory, first: u64) -> Result<Pruned, StoreError> {
    RedbStore::open(directory.path(), &params())?.prune_below(first).map(|(_, pruned)| pruned)
}

fn prune(directory: &Directory, first: u64) -> Pruned {
    try_prune(directory, first).unwrap()
}

/// Prunes as the program does.
fn prune_by_snapshots(directory: &Directory) -> Pruned {
    RedbStore::open(directory.path(), &params()).unwrap().prune().unwrap().1
}

fn length(directory: &Directory) -> u64 {
    fs::metadata(directory.file(BODIES_FILE)).unwrap().len()
}

/// Compares a store with the source, of which it has the bodies from `first` on.
fn assert_serves(chain: &Chain<RedbStore>, first: u64) {
    assert_eq!((chain.first_block(), chain.tip(), chain.state()), (first, SOURCE.tip(), SOURCE.state()));
    for height in 0..=HEIGHT {
        let hash = SOURCE.header_at(height).unwrap().hash;
        let (is_here, expected) = (height >= first, block(&SOURCE, height));
        let found = chain.block(&hash).unwrap();
        assert_eq!(found.is_some(), is_here || height == 0, "block {height}");
        assert!(found.is_none_or(|found| *found.block() == expected));
        assert_eq!(chain.body_size(&hash).unwrap().is_some(), is_here || height == 0);
        let undo = chain.store().undo(&hash).unwrap();
        assert_eq!(undo, SOURCE.store().undo(&hash).unwrap().filter(|_| is_here), "undo data {height}");
        assert_eq!(chain.filter_at(height).unwrap(), Some(BlockFilter::of(&expected)));
        for (txid, _) in expected.transaction_ids() {
            assert_eq!(chain.find_transaction(&txid).unwrap(), SOURCE.find_transaction(&txid).unwrap());
            let receipt = SOURCE.receipt(&txid).unwrap().filter(|_| is_here || height == 0);
            assert_eq!(chain.receipt(&txid).unwrap(), receipt);
        }
    }
    assert_openings(chain);
    assert!(chain.audit().unwrap().holds);
    let report = chain.store().check(unwatched).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!((report.first_block, report.height), (first, HEIGHT));
}

#[test]
fn pruned_store_serves_the_rest_and_restarts() {
    let directory = kept();
    let before = length(&directory);
    let index = fs::read(directory.file(INDEX_FILE)).unwrap();
    let Pruned::Done { first: FIRST, freed } = prune(&directory, FIRST) else { panic!("there is something to win") };
    assert_eq!(before - freed, length(&directory));
    assert!(freed > before / 2);
    for _ in 0..2 {
        assert_serves(&open(&directory, &params()), FIRST);
    }
    // the stale branch is there, since it is above the first height kept
    let stale = branch(FIRST + 3, 2);
    let chain = open(&directory, &params());
    assert!(stale.iter().all(|block| chain.block(&block.hash()).unwrap().is_some()));
    assert_eq!(fs::read(directory.file(INDEX_FILE)).unwrap().len(), index.len());
}

#[test]
fn file_of_a_pruned_store_is_what_the_page_says() {
    let directory = kept();
    let whole = fs::read(directory.file(BODIES_FILE)).unwrap();
    let Pruned::Done { freed, .. } = prune(&directory, FIRST) else { panic!("there is something to win") };
    let pruned = fs::read(directory.file(BODIES_FILE)).unwrap();
    let start = whole.len() - (pruned.len() - 64);
    let mut head = b"toyprune".to_vec();
    head.extend(2_u32.to_le_bytes());
    head.extend(params().genesis_hash().as_bytes());
    head.extend((start as u64).to_le_bytes());
    head.extend(FIRST.to_le_bytes());
    let sum = blake3::hash(&[&b"blocks.dat\0"[..], &head].concat());
    head.extend(&sum.as_bytes()[..4]);
    assert_eq!(pruned[..64], head);
    assert!(pruned[64..] == whole[start..], "the records that stay are the same");
    assert_eq!(freed, (whole.len() - pruned.len()) as u64);
}

#[test]
fn pruned_store_grows_and_is_pruned_again() {
    let directory = Directory::new();
    let mut chain = open(&directory, &params());
    extend(&mut chain, 20);
    drop(chain);
    assert!(matches!(prune(&directory, 12), Pruned::Done { first: 12, .. }));
    let mut chain = open(&directory, &params());
    assert_eq!(chain.first_block(), 12);
    extend(&mut chain, HEIGHT);
    assert_serves(&chain, 12);
    drop(chain);
    assert!(matches!(prune(&directory, FIRST), Pruned::Done { first: FIRST, .. }));
    assert_serves(&open(&directory, &params()), FIRST);
    for first in [0, 12, FIRST, FIRST + 1] {
        assert_eq!(prune(&directory, first), Pruned::Nothing, "{first}");
    }
    assert_serves(&open(&directory, &params()), FIRST);
}

#[test]
fn nothing_happens_for_less_than_a_quarter_or_without_a_chain() {
    let directory = kept();
    let before = fs::read(directory.file(BODIES_FILE)).unwrap();
    for first in [0, 1, 5] {
        assert_eq!(prune(&directory, first), Pruned::Nothing, "{first}");
    }
    assert_eq!(prune_by_snapshots(&directory), Pruned::Nothing, "too short a chain");
    assert!(fs::read(directory.file(BODIES_FILE)).unwrap() == before);
    assert_eq!(prune(&Directory::new(), 5), Pruned::Nothing);
    let store = RedbStore::open_on(Memory::default(), Memory::default(), &params()).unwrap();
    assert_eq!(store.prune().unwrap().1, Pruned::Nothing, "no file to replace");
}

#[test]
fn chain_that_is_only_assumed_is_not_pruned() {
    let mut source = Chain::open(params(), MemoryStore::new().with_snapshots()).unwrap();
    grow(&mut source, INTERVAL, classroom::owner(1));
    let (root, state) = (snapshot_root(&source, INTERVAL), source.state().clone());
    grow(&mut source, DEPTH, classroom::owner(1));
    let kept = source.offered_snapshot(&Default::default()).unwrap();
    let coins = snapshot_coins(&source, &kept).into_iter().map(Ok);
    let directory = Directory::new();
    RedbStore::begin_at_snapshot(directory.path(), &params(), &root, &state, coins, unwatched).unwrap();
    let mut chain = open(&directory, &params());
    for height in INTERVAL + 1..=INTERVAL + DEPTH {
        chain.apply(block(&source, height), u64::MAX).unwrap();
    }
    assert_eq!(chain.first_block(), INTERVAL + 1);
    drop(chain);
    assert_eq!(prune(&directory, INTERVAL + DEPTH), Pruned::Assumed { height: INTERVAL });
    assert_eq!(open(&directory, &params()).height(), INTERVAL + DEPTH);
}

#[test]
fn blocks_since_the_second_offered_snapshot_are_kept() {
    let directory = Directory::new();
    let mut chain = open(&directory, &params());
    grow(&mut chain, 2 * INTERVAL + DEPTH - 1, classroom::owner(1));
    drop(chain);
    assert_eq!(prune_by_snapshots(&directory), Pruned::Nothing);
    let mut chain = open(&directory, &params());
    grow(&mut chain, 1, classroom::owner(1));
    let tip = chain.tip();
    drop(chain);
    let pruned = prune_by_snapshots(&directory);
    assert!(matches!(pruned, Pruned::Done { first: INTERVAL, .. }), "{pruned:?}");
    let mut chain = open(&directory, &params());
    assert_eq!((chain.tip(), chain.first_block()), (tip, INTERVAL));
    assert!(chain.block_at(INTERVAL - 1).unwrap().is_none() && chain.block_at(INTERVAL).unwrap().is_some());
    // snapshots are offered and made as before
    for height in [INTERVAL, 2 * INTERVAL] {
        assert!(chain.offered_snapshot(&chain.header_at(height).unwrap().hash).is_some());
    }
    grow(&mut chain, INTERVAL, classroom::owner(1));
    let heights: Vec<_> = chain.store().snapshots().iter().map(|kept| kept.manifest.header.height).collect();
    assert_eq!(heights, [2 * INTERVAL, 3 * INTERVAL]);
}

#[test]
fn reorganisation_down_to_the_first_block_works() {
    let directory = kept();
    prune(&directory, FIRST);
    let mut chain = open(&directory, &params());
    let rival = branch(FIRST - 1, HEIGHT + 2 - FIRST);
    for block in &rival {
        chain.apply(block.clone(), u64::MAX).unwrap();
    }
    chain.sync().unwrap();
    assert_eq!(chain.tip().hash, rival.last().unwrap().hash());
    drop(chain);
    let chain = open(&directory, &params());
    assert_eq!((chain.tip().hash, chain.first_block()), (rival.last().unwrap().hash(), FIRST));
    assert!(chain.audit().unwrap().holds && chain.store().check(unwatched).unwrap().is_sound());
}

#[test]
fn branch_that_forks_below_is_refused_after_a_restart_too() {
    let directory = kept();
    prune(&directory, FIRST);
    let mut chain = open(&directory, &params());
    let results: Vec<_> =
        branch(FIRST - 2, HEIGHT + 3 - FIRST).into_iter().map(|block| chain.apply(block, u64::MAX)).collect();
    let error = results.last().unwrap().as_ref().unwrap_err();
    assert!(matches!(error, ChainError::Pruned { fork: 28, first: FIRST }), "{error}");
    chain.sync().unwrap();
    drop(chain);
    let mut chain = open(&directory, &params());
    assert_eq!((chain.tip(), chain.state()), (SOURCE.tip(), SOURCE.state()));
    assert!(matches!(chain.advance(), Err(ChainError::Pruned { .. })));
    assert!(chain.store().check(unwatched).unwrap().is_sound());
}

#[test]
fn reindex_of_a_pruned_store_says_what_to_do() {
    let directory = kept();
    prune(&directory, FIRST);
    let files = || [BODIES_FILE, INDEX_FILE].map(|name| fs::read(directory.file(name)).ok());
    let before = files();
    let error = reindex(directory.path(), &params(), unwatched).unwrap_err();
    assert!(
        matches!(error, StoreError::Pruned { .. }) && error.to_string().contains("remove the directory"),
        "{error}"
    );
    assert!(files() == before);
    // without its database it is lost, and the opening does not send to --reindex
    fs::remove_file(directory.file(INDEX_FILE)).unwrap();
    let error = RedbStore::open(directory.path(), &params()).unwrap_err();
    assert!(matches!(error, StoreError::Pruned { .. }), "{error}");
    assert!(matches!(reindex(directory.path(), &params(), unwatched), Err(StoreError::Pruned { .. })));
}

#[test]
fn flipped_bits_are_found_by_the_check_or_the_opening() {
    let directory = kept();
    prune(&directory, FIRST);
    let [index, bodies] = [INDEX_FILE, BODIES_FILE].map(|name| fs::read(directory.file(name)).unwrap());
    let check = |bodies: &[u8]| {
        let store = RedbStore::open_on(Memory::new(index.clone()), Memory::new(bodies.to_vec()), &params())?;
        store.check(unwatched)
    };
    assert!(check(&bodies).unwrap().is_sound());
    for bit in 0..64 * 8 {
        let mut flipped = bodies.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(check(&flipped), Err(StoreError::Damaged { .. })), "bit {bit} of the head");
    }
    for at in (64..bodies.len()).step_by(bodies.len() / 40) {
        let mut flipped = bodies.clone();
        flipped[at] ^= 4;
        assert!(!check(&flipped).unwrap().is_sound(), "byte {at}");
    }
    assert!(check(&bodies[..bodies.len() - 1]).is_err());
}

#[test]
fn loss_of_power_leaves_the_old_file_or_the_new_one() {
    let directory = kept();
    let [index, bodies] = [INDEX_FILE, BODIES_FILE].map(|name| fs::read(directory.file(name)).unwrap());
    let (old, new) = (Memory::new(bodies.clone()), Disk::new(5, 8));
    let [_, file] = new.files();
    let store = RedbStore::open_on(Memory::new(index.clone()), old.clone(), &params()).unwrap();
    let (store, pruned) = store.prune_to(file, FIRST).unwrap();
    assert!(matches!(pruned, Pruned::Done { first: FIRST, .. }));
    // the store goes on with the new file
    assert_serves(&Chain::open(params(), store).unwrap(), FIRST);
    let opened = |bodies: Vec<u8>| {
        let store = RedbStore::open_on(Memory::new(index.clone()), Memory::new(bodies), &params()).unwrap();
        Chain::open(params(), store).unwrap()
    };
    // before it is renamed, the new file may be anything, and the old one is as it was
    assert!(new.take_images().iter().any(|[_, image]| *image != new.now()[1]));
    assert!(*old.bytes() == bodies);
    assert_serves(&opened(bodies), 0);
    // when it is renamed, nothing of it can be lost any more
    new.files()[1].sync_data().unwrap();
    let images = new.take_images();
    assert!(images.len() == 8 && images.iter().all(|[_, image]| *image == new.now()[1]));
    assert_serves(&opened(new.now()[1].clone()), FIRST);
}

#[test]
fn what_a_crash_left_is_replaced() {
    let directory = kept();
    let left = directory.file("blocks.new");
    fs::write(&left, b"toyprune, and then the power went").unwrap();
    assert_serves(&open(&directory, &params()), 0);
    assert_eq!(prune(&directory, 1), Pruned::Nothing);
    assert!(!left.exists(), "it is removed even if nothing is pruned");
    fs::write(&left, vec![7; 1 << 20]).unwrap();
    assert!(matches!(prune(&directory, FIRST), Pruned::Done { .. }));
    assert!(!left.exists());
    assert_serves(&open(&directory, &params()), FIRST);
}

#[test]
fn damaged_store_loses_no_block_to_pruning() {
    let directory = kept();
    let (index, bodies) = (directory.file(INDEX_FILE), directory.file(BODIES_FILE));
    let (sound, blocks) = (fs::read(&index).unwrap(), fs::read(&bodies).unwrap());
    let mut refused = 0;
    for at in (4_096..sound.len()).step_by(1_021) {
        let mut damaged = sound.clone();
        damaged[at] ^= 1;
        fs::write(&index, damaged).unwrap();
        match try_prune(&directory, FIRST) {
            Err(_) => {
                refused += 1;
                assert!(fs::read(&bodies).unwrap() == blocks, "byte {at}");
            }
            // a byte without data
            Ok(pruned) => {
                assert!(matches!(pruned, Pruned::Done { .. }), "byte {at}");
                assert_serves(&open(&directory, &params()), FIRST);
            }
        }
        fs::write(&bodies, &blocks).unwrap();
    }
    assert!(refused > 3, "{refused} refused");
    // a database that belongs to another file of blocks
    fs::write(&index, &sound).unwrap();
    fs::write(&bodies, [&blocks[..48], &vec![0; blocks.len() - 48]].concat()).unwrap();
    let error = try_prune(&directory, FIRST).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert!(!directory.file("blocks.new").exists());
}

#[test]
fn full_disk_stops_pruning_and_loses_nothing() {
    let directory = kept();
    let [index, bodies] = [INDEX_FILE, BODIES_FILE].map(|name| fs::read(directory.file(name)).unwrap());
    let (old, disk) = (Memory::new(bodies.clone()), Disk::new(3, 0));
    disk.limit(Some(500));
    let [_, file] = disk.files();
    let store = RedbStore::open_on(Memory::new(index), old.clone(), &params()).unwrap();
    let error = store.prune_to(file, FIRST).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(*old.bytes() == bodies);
}

#[test]
fn check_misses_what_should_be_left_of_a_pruned_block() {
    let directory = kept();
    prune(&directory, FIRST);
    let database = Database::open(directory.file(INDEX_FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    let filters = TableDefinition::<'_, u64, &[u8]>::new("filters");
    let openings = TableDefinition::<'_, u64, &[u8; 44]>::new("openings");
    assert!(transaction.open_table(filters).unwrap().remove(7).unwrap().is_some());
    assert!(transaction.open_table(openings).unwrap().remove(9).unwrap().is_some());
    transaction.commit().unwrap();
    drop(database);
    let report = RedbStore::open(directory.path(), &params()).unwrap().check(unwatched).unwrap();
    for problem in ["the filter at height 7 is missing", "the opening at height 9 is missing"] {
        assert!(report.problems.iter().any(|found| found == problem), "{:?}", report.problems);
    }
    assert_eq!(report.problems.len(), 4, "and the two numbers of them: {:?}", report.problems);
}

#[cfg(unix)]
#[test]
fn file_behind_a_symbolic_link_is_pruned_in_its_place() {
    let (directory, elsewhere) = (kept(), Directory::new());
    fs::create_dir_all(elsewhere.path()).unwrap();
    let (link, there) = (directory.file(BODIES_FILE), elsewhere.file("bodies.dat"));
    fs::rename(&link, &there).unwrap();
    std::os::unix::fs::symlink(fs::canonicalize(&there).unwrap(), &link).unwrap();
    let before = fs::metadata(&there).unwrap().len();
    let Pruned::Done { freed, .. } = prune(&directory, FIRST) else { panic!("there is something to win") };
    assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    assert_eq!(fs::metadata(&there).unwrap().len(), before - freed);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    assert_serves(&open(&directory, &params()), FIRST);
}
