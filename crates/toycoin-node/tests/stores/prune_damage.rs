//! What a crash, a flipped bit, a full disk or a damaged database makes of pruning: no block is lost by it.

use std::fs;

use crate::disk::{forgetful::Disk, memory::Memory, open, pruned::*};
use redb::{Database, StorageBackend as _, TableDefinition};
use toycoin_core::Chain;
use toycoin_node::store::{BODIES_FILE, INDEX_FILE, Pruned, RedbStore, StoreError, unwatched};

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
