//! What is not touched: another version's files, another network's, and a chain whose rebuilding was broken off.

use std::{fs, ops::ControlFlow};

use crate::disk::{Directory, mine, open};
use redb::{Database, TableDefinition};
use toycoin_core::{ChainParams, test_util::assert_openings};
use toycoin_node::store::{BODIES_FILE, INDEX_FILE, RedbStore, SCHEMA, StoreError, reindex, unwatched};

fn params() -> ChainParams {
    ChainParams::regtest()
}

/// A chain of three blocks on disk.
fn kept() -> Directory {
    let directory = Directory::new();
    let mut chain = open(&directory, &params());
    for _ in 0..3 {
        mine(&mut chain, Vec::new(), 1);
    }
    chain.sync().unwrap();
    directory
}

/// What is in a directory: names and bytes.
fn contents(directory: &Directory) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    files.sort_unstable();
    files
}

/// Returns the first bytes of the check that stands behind a value.
fn sum(table: &str, key: &[u8], value: &[u8]) -> [u8; 4] {
    let hash = blake3::hash(&[table.as_bytes(), &[0], key, value].concat());
    *hash.as_bytes().first_chunk().unwrap()
}

/// Writes another schema into the database.
fn mark_index(directory: &Directory, schema: u32) {
    let schema = schema.to_le_bytes();
    let table: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
    let database = Database::open(directory.file(INDEX_FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    let value = [&schema[..], &sum("meta", b"schema", &schema)].concat();
    transaction.open_table(table).unwrap().insert("schema", value.as_slice()).unwrap();
    transaction.commit().unwrap();
}

/// Writes another schema into the head of the blocks' file.
fn mark_bodies(directory: &Directory, schema: u32) {
    let mut bytes = fs::read(directory.file(BODIES_FILE)).unwrap();
    bytes[8..12].copy_from_slice(&schema.to_le_bytes());
    let check = sum(BODIES_FILE, b"", &bytes[..44]);
    bytes[44..48].copy_from_slice(&check);
    fs::write(directory.file(BODIES_FILE), bytes).unwrap();
}

#[test]
fn files_of_a_later_version_are_refused_and_stay() {
    let directory = kept();
    mark_index(&directory, SCHEMA + 1);
    let error = RedbStore::open(directory.path(), &params()).unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { found: 3, known: 2, .. }), "{error}");

    let directory = kept();
    mark_bodies(&directory, SCHEMA + 1);
    let before = contents(&directory);
    let refused = [
        RedbStore::open(directory.path(), &params()).unwrap_err(),
        reindex(directory.path(), &params(), unwatched).unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, StoreError::NewerSchema { found: 3, known: 2, .. }), "{error}");
        assert!(error.to_string().contains(&directory.path().display().to_string()), "{error}");
    }
    assert_eq!(contents(&directory)[0].1, before[0].1, "the blocks stay");
}

#[test]
fn files_of_an_earlier_version_ask_for_a_reindex() {
    let directory = kept();
    let tip = open(&directory, &params()).tip();
    // schema 1 had no openings and filters, and the same blocks.dat
    mark_bodies(&directory, 1);
    mark_index(&directory, 1);
    let database = Database::open(directory.file(INDEX_FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    assert!(transaction.delete_table(TableDefinition::<'_, u64, &[u8; 44]>::new("openings")).unwrap());
    assert!(transaction.delete_table(TableDefinition::<'_, u64, &[u8]>::new("filters")).unwrap());
    transaction.commit().unwrap();
    drop(database);

    let before = contents(&directory);
    for _ in 0..2 {
        let error = RedbStore::open(directory.path(), &params()).unwrap_err();
        assert!(matches!(error, StoreError::OlderSchema { found: 1, known: 2, .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("--reindex") && text.lines().count() == 1, "{text}");
        assert!(text.contains(&directory.path().display().to_string()), "{text}");
    }
    assert_eq!(contents(&directory)[0].1, before[0].1, "the blocks stay");
    // a reindex would be the wrong advice
    let error = RedbStore::open(directory.path(), &ChainParams::lab()).unwrap_err();
    assert!(matches!(error, StoreError::OtherNetwork { .. }), "{error}");

    assert_eq!(reindex(directory.path(), &params(), unwatched).unwrap().height, 3);
    let chain = open(&directory, &params());
    assert_eq!(chain.tip(), tip);
    assert_openings(&chain);
    assert!(chain.store().check(unwatched).unwrap().is_sound());
}

#[test]
fn blocks_of_another_network_are_not_thrown_away() {
    let directory = kept();
    let error = reindex(directory.path(), &ChainParams::lab(), unwatched).unwrap_err();
    assert!(matches!(error, StoreError::OtherNetwork { .. }), "{error}");
    // not even when the file's head no longer says whose they are
    let mut bytes = fs::read(directory.file(BODIES_FILE)).unwrap();
    bytes[20] ^= 1;
    fs::write(directory.file(BODIES_FILE), &bytes).unwrap();
    let before = contents(&directory);
    let error = reindex(directory.path(), &ChainParams::lab(), unwatched).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(contents(&directory), before);
    assert_eq!(reindex(directory.path(), &params(), unwatched).unwrap().height, 3, "its own network's");
}

#[test]
fn what_is_broken_off_leaves_all_as_it_was() {
    let directory = kept();
    let before = contents(&directory);
    for moment in 0.. {
        let mut calls = 0;
        let result = reindex(directory.path(), &params(), |_, _| {
            calls += 1;
            if calls > moment { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match result {
            Err(StoreError::Interrupted) => assert_eq!(contents(&directory), before),
            Err(error) => panic!("{error}"),
            Ok(rebuilt) => {
                assert!(moment > 3 && rebuilt.height == 3);
                break;
            }
        }
    }
    let store = RedbStore::open(directory.path(), &params()).unwrap();
    let error = store.check(|_, _| ControlFlow::Break(())).unwrap_err();
    assert!(matches!(error, StoreError::Interrupted), "{error}");
    assert!(store.check(unwatched).unwrap().is_sound());
}
