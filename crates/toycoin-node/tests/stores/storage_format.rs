//! The files on disk, read by hand as docs/storage.md has them, byte by byte, and with no help from the store.

use std::{collections::BTreeMap, fs};

use crate::disk::{Directory, mine, open};
use redb::{Database, Key, ReadableDatabase as _, ReadableTable as _, TableDefinition, Value};
use toycoin_core::{
    Block, Chain, ChainParams,
    chain::ChainError,
    filter::BlockFilter,
    proof::Opening,
    store::WaitingTransaction,
    test_util::{Payments, TestLedger, classroom},
};
use toycoin_node::store::{BODIES_FILE, INDEX_FILE, RedbStore};
use toycoin_wire::{codec, limits::MAX_DECODE};

/// Takes the next bytes of a value.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (front, rest) = bytes.split_at(count);
    *bytes = rest;
    front
}

fn u64_of(bytes: &mut &[u8]) -> u64 {
    u64::from_le_bytes(take(bytes, 8).try_into().unwrap())
}

fn u32_of(bytes: &mut &[u8]) -> u32 {
    u32::from_le_bytes(take(bytes, 4).try_into().unwrap())
}

/// Takes the sum off the end of a value, and looks whether it is right.
fn opened<'a>(table: &str, key: &[u8], value: &'a [u8]) -> &'a [u8] {
    let (value, sum) = value.split_at(value.len() - 4);
    let hash = blake3::hash(&[table.as_bytes(), &[0], key, value].concat());
    assert_eq!(sum, &hash.as_bytes()[..4], "{table}");
    value
}

/// Reads a whole table.
fn table<K: Key + 'static, V: Value + 'static, T>(
    database: &Database,
    name: &str,
    row: impl Fn(K::SelfType<'_>, V::SelfType<'_>) -> T,
) -> Vec<T> {
    let transaction = database.begin_read().unwrap();
    let table = transaction.open_table(TableDefinition::<'_, K, V>::new(name)).unwrap();
    let rows = table.iter().unwrap();
    rows.map(Result::unwrap).map(|(key, value)| row(key.value(), value.value())).collect()
}

/// Reads a record of `blocks.dat` and returns its bytes.
fn record(file: &[u8], at: u64, length: u32, kind: u8) -> &[u8] {
    let mut rest = &file[usize::try_from(at).unwrap()..];
    assert_eq!((take(&mut rest, 4), take(&mut rest, 1)), (&b"\xf0blk"[..], &[kind][..]));
    assert_eq!(u32_of(&mut rest), length);
    let sum = take(&mut rest, 8);
    let bytes = take(&mut rest, length as usize);
    assert_eq!(sum, &blake3::hash(&[&[kind], bytes].concat()).as_bytes()[..8]);
    bytes
}

/// A chain with payments, a branch beside it, a block that breaks a rule, and a payment that waits.
struct Kept {
    directory: Directory,
    /// On whatever branch, with whether it breaks a rule.
    blocks: Vec<(Block, bool)>,
    active: Vec<Block>,
    waiting: Vec<WaitingTransaction>,
    chain: Chain<toycoin_core::store::MemoryStore>,
}

fn kept() -> Kept {
    let params = ChainParams::regtest();
    let directory = Directory::new();
    let mut chain = open(&directory, &params);
    let mut model = Chain::in_memory(params.clone());
    let mut payments = Payments::new(params.genesis_hash(), model.coins_of(&classroom::owner(0)).unwrap());
    let mut blocks = vec![(params.genesis().clone(), false)];
    for _ in 0..3 {
        let (outpoint, coin) = model.coins_of(&classroom::owner(0)).unwrap()[0];
        let payment = payments.spend(vec![outpoint], vec![coin.output]);
        blocks.push((mine(&mut model, vec![payment], 1), false));
    }
    let active = (0..=3).map(|height| model.block_at(height).unwrap().unwrap().block().clone()).collect();
    let mut other = Chain::in_memory(params);
    blocks.push((mine(&mut other, Vec::new(), 2), false));
    // heavier than all, if it did not mint
    let mut greedy = model.template(Vec::new(), classroom::owner(3), b"", model.tip().time + 1_000).unwrap();
    greedy.header.state_root = Default::default();
    let greedy = greedy.mine_trivial();
    for (block, _) in &blocks[1..] {
        chain.apply(block.clone(), u64::MAX).unwrap();
    }
    assert!(matches!(chain.apply(greedy.clone(), u64::MAX), Err(ChainError::Rule(_))));
    blocks.push((greedy, true));
    let (outpoint, coin) = model.coins_of(&classroom::owner(0)).unwrap()[0];
    let transaction = payments.spend(vec![outpoint], vec![coin.output]);
    let waiting = [(false, false), (true, false), (false, true), (true, true)];
    let waiting: Vec<_> =
        waiting.map(|(own, returned)| WaitingTransaction { transaction: transaction.clone(), own, returned }).into();
    chain.keep_waiting(waiting.clone()).unwrap();
    drop(chain);
    Kept { directory, blocks, active, waiting, chain: model }
}

#[test]
fn the_files_are_what_the_documentation_says() {
    let Kept { directory, blocks, active, waiting, chain } = kept();
    let params = ChainParams::regtest();
    let file = fs::read(directory.file(BODIES_FILE)).unwrap();
    let database = Database::open(directory.file(INDEX_FILE)).unwrap();

    let mut head = opened(BODIES_FILE, b"", &file[..48]);
    assert_eq!(take(&mut head, 8), b"toyblock");
    assert_eq!(u32_of(&mut head), 2);
    assert_eq!(head, params.genesis_hash().as_bytes());

    let meta: BTreeMap<String, Vec<u8>> = table::<&str, &[u8], _>(&database, "meta", |key, value| {
        (key.to_owned(), opened("meta", key.as_bytes(), value).to_vec())
    })
    .into_iter()
    .collect();
    // `packed` is there once the pages in use were counted
    let always: Vec<_> = meta.keys().filter(|key| *key != "packed").collect();
    assert_eq!(always, ["bodies_end", "genesis", "schema", "tip"]);
    assert!(meta.get("packed").is_none_or(|packed| packed.len() == 8));
    assert_eq!(meta["schema"], 2u32.to_le_bytes());
    assert_eq!(meta["genesis"], params.genesis_hash().as_bytes());
    assert_eq!(meta["bodies_end"], (file.len() as u64).to_le_bytes());
    let (mut tip, state) = (meta["tip"].as_slice(), chain.state());
    assert_eq!(take(&mut tip, 32), chain.tip().hash.as_bytes());
    assert_eq!((u64_of(&mut tip), u64_of(&mut tip)), (state.coin_count, state.issued.grains()));
    assert_eq!(take(&mut tip, 2_048), state.utxo_hash.to_bytes());
    assert_eq!(u64_of(&mut tip), state.ancestors.count());
    assert_eq!(tip, state.ancestors.peaks().concat());
    assert_eq!(tip.len() / 32, state.ancestors.count().count_ones() as usize);

    let mut expected: Vec<_> =
        blocks.iter().map(|(block, invalid)| (block.hash().to_bytes(), block.clone(), u8::from(*invalid))).collect();
    expected.sort_unstable_by_key(|(hash, ..)| *hash);
    let found = table::<&[u8; 32], &[u8; 145], _>(&database, "blocks", |hash, value| {
        let mut value = opened("blocks", hash, value);
        let header = take(&mut value, 128).to_vec();
        let invalid = take(&mut value, 1)[0];
        let body = record(&file, u64_of(&mut value), u32_of(&mut value), 1);
        assert!(value.is_empty());
        let block: Block = codec::decode(body, MAX_DECODE).unwrap();
        assert_eq!(header, block.header.to_bytes());
        (*hash, block, invalid)
    });
    assert_eq!(found, expected);

    let mut work = toycoin_core::Work::default();
    let expected: Vec<_> = active
        .iter()
        .map(|block| {
            work = work + block.header.bits.to_target().unwrap().work();
            (block.header.height, block.hash().to_bytes(), work.to_be_bytes())
        })
        .collect();
    let found = table::<u64, &[u8; 80], _>(&database, "active", |height, value| {
        let mut value = opened("active", &height.to_be_bytes(), value);
        let (hash, work) = (take(&mut value, 32).try_into().unwrap(), take(&mut value, 32).try_into().unwrap());
        let mut undo = record(&file, u64_of(&mut value), u32_of(&mut value), 2);
        assert!(value.is_empty());
        let block = &active[usize::try_from(height).unwrap()];
        assert_eq!(u64_of(&mut undo), if height == 0 { 0 } else { block.transactions.len() as u64 });
        for transaction in &block.transactions {
            let spent = transaction.inputs[0];
            assert_eq!(take(&mut undo, 32), spent.txid.as_bytes());
            assert_eq!(u32_of(&mut undo), spent.vout);
            // it pays to itself what it was worth
            assert_eq!(u64_of(&mut undo), transaction.outputs[0].value.grains());
            assert_eq!(take(&mut undo, 32), classroom::owner(0).as_bytes());
            assert_eq!(u64_of(&mut undo), 0);
        }
        let merged = u64_of(&mut undo);
        assert_eq!(undo.len() as u64, 32 * merged, "merged peaks");
        (height, hash, work)
    });
    assert_eq!(found, expected);

    let expected: Vec<_> = (0..active.len())
        .map(|height| {
            // recomputed from all coins
            let ledger = TestLedger::replay(params.clone(), &active[1..=height], u64::MAX).unwrap();
            (height as u64, Opening::of(&ledger.recount()))
        })
        .collect();
    let found = table::<u64, &[u8; 44], _>(&database, "openings", |height, value| {
        let mut value = opened("openings", &height.to_be_bytes(), value);
        let coins = take(&mut value, 32).try_into().unwrap();
        let opening = Opening { coins, count: u64_of(&mut value) };
        assert!(value.is_empty());
        (height, opening)
    });
    assert_eq!(found, expected);

    let expected: Vec<_> = active.iter().map(BlockFilter::of).collect();
    let found = table::<u64, &[u8], _>(&database, "filters", |height, value| {
        let mut value = opened("filters", &height.to_be_bytes(), value);
        let count = u32_of(&mut value);
        BlockFilter { block: active[usize::try_from(height).unwrap()].hash(), count, bytes: value.to_vec() }
    });
    assert_eq!(found, expected);

    let mut coins = Vec::new();
    toycoin_core::store::ChainStore::visit_coins(chain.store(), &mut |outpoint, coin| {
        coins.push((outpoint.txid.to_bytes(), outpoint.vout, coin.output.value.grains(), *coin));
    })
    .unwrap();
    coins.sort_unstable_by_key(|(txid, vout, ..)| (*txid, *vout));
    let found = table::<&[u8; 36], &[u8; 52], _>(&database, "coins", |key, value| {
        let mut value = opened("coins", key, value);
        let (mut txid, worth) = (key.as_slice(), u64_of(&mut value));
        let (owner, height) = (take(&mut value, 32).to_vec(), u64_of(&mut value));
        assert!(value.is_empty());
        let txid: [u8; 32] = take(&mut txid, 32).try_into().unwrap();
        (txid, u32::from_be_bytes(key[32..].try_into().unwrap()), worth, owner, height)
    });
    let expected: Vec<_> = coins
        .iter()
        .map(|(txid, vout, worth, coin)| {
            (*txid, *vout, *worth, coin.output.owner.as_bytes().to_vec(), coin.coinbase_height)
        })
        .collect();
    assert_eq!(found, expected);

    let mut expected: Vec<Vec<u8>> = coins
        .iter()
        .map(|(txid, vout, _, coin)| [&coin.output.owner.as_bytes()[..8], &txid[..], &vout.to_be_bytes()].concat())
        .collect();
    expected.sort_unstable();
    assert_eq!(table::<&[u8; 44], (), _>(&database, "owners", |key, ()| key.to_vec()), expected);

    let mut expected: Vec<_> = active
        .iter()
        .flat_map(|block| {
            (0u32..)
                .zip(block.transaction_ids())
                .map(|(place, (txid, _))| (txid.to_bytes(), block.header.height, place))
        })
        .collect();
    expected.sort_unstable();
    let found = table::<&[u8; 32], &[u8; 16], _>(&database, "transactions", |txid, value| {
        let mut value = opened("transactions", txid, value);
        (*txid, u64_of(&mut value), u32_of(&mut value))
    });
    assert_eq!(found, expected);

    let found = table::<u32, &[u8], _>(&database, "waiting", |place, value| {
        let mut value = opened("waiting", &place.to_be_bytes(), value);
        let flags = take(&mut value, 1)[0];
        assert!(flags < 4);
        let (own, returned) = (flags % 2 == 1, flags / 2 == 1);
        WaitingTransaction { transaction: codec::decode(value, MAX_DECODE).unwrap(), own, returned }
    });
    assert_eq!(found, waiting);

    // and the store itself takes what was read so
    drop(database);
    let store = RedbStore::open(directory.path(), &params).unwrap();
    assert!(store.check(toycoin_node::store::unwatched).unwrap().is_sound());
}
