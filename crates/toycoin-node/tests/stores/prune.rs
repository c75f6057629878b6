//! Pruning a store on disk: what goes, what stays, and how the chain goes on.

use std::fs;

use crate::disk::{Directory, memory::Memory, open, pruned::*};
use toycoin_core::{
    Chain,
    chain::ChainError,
    snapshot::{DEPTH, INTERVAL},
    store::{ChainStore as _, MemoryStore},
    test_util::{classroom, grow, snapshot_coins, snapshot_root},
};
use toycoin_node::store::{BODIES_FILE, INDEX_FILE, Pruned, RedbStore, StoreError, reindex, unwatched};

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
