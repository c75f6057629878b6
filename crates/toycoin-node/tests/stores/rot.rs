//! Bits that turn under a running node: it halts and says which record is gone, and condemns no block for it.

use crate::disk::{memory::Memory, mine};
use toycoin_core::{
    Amount, Block, Chain, ChainParams, OutPoint, TxOut,
    chain::ChainError,
    store::ChainStore as _,
    test_util::{Payments, classroom, grow},
};
use toycoin_node::{
    machine::{Machine as _, Monotonic, Now},
    protocol::{Event, Input, NodeConfig, NodeMachine, Output, Request, RequestId, Response},
    store::{BODIES_FILE, INDEX_FILE, RedbStore, StoreError, reindex, unwatched},
};

fn params() -> ChainParams {
    ChainParams::regtest()
}

/// Coins of one transaction, enough for a tree of several pages.
const COINS: usize = 400;

/// A chain on disk with many coins, and a block that spends one of them.
struct Scene {
    index: Memory,
    bodies: Memory,
    spent: OutPoint,
    next: Block,
}

impl Scene {
    fn new() -> Self {
        let mut model = Chain::in_memory(params());
        let (outpoint, coin) = model.coins_of(&classroom::owner(0)).unwrap()[0];
        let mut payments = Payments::new(params().genesis_hash(), [(outpoint, coin)]);
        let output = TxOut { value: Amount::from_grains(1_000), owner: classroom::owner(0) };
        let split = payments.spend(vec![outpoint], vec![output; COINS]);
        let spent = OutPoint { txid: split.txid(), vout: 200 };
        let blocks = [mine(&mut model, vec![split], 5), mine(&mut model, Vec::new(), 5)];
        let next = mine(&mut model, vec![payments.spend(vec![spent], vec![output])], 5);
        let (index, bodies) = (Memory::default(), Memory::default());
        let store = RedbStore::open_on(index.clone(), bodies.clone(), &params()).unwrap();
        let mut chain = Chain::open(params(), store).unwrap();
        for block in blocks {
            chain.apply(block, u64::MAX).unwrap();
        }
        chain.sync().unwrap();
        Self { index, bodies, spent, next }
    }

    /// Opens a chain on a copy of the files, the index' one in the caller's hands.
    fn open(&self) -> (Chain<RedbStore>, Memory) {
        let index = Memory::new(self.index.bytes().clone());
        let bodies = Memory::new(self.bodies.bytes().clone());
        let store = RedbStore::open_on(index.clone(), bodies, &params()).unwrap();
        (Chain::open(params(), store).unwrap(), index)
    }

    /// Returns bits of the index' file by which the coin that is spent is not found, though nothing else is noticed: in
    /// the keys of its leaf, and in the branch that leads there.
    fn hiding_bits(&self) -> Vec<usize> {
        let bytes = self.index.bytes().clone();
        let mut key = self.spent.txid.to_bytes().to_vec();
        key.extend(self.spent.vout.to_be_bytes());
        let places: Vec<_> = (0..bytes.len() - key.len()).filter(|at| bytes[*at..].starts_with(&key)).collect();
        let mut bits = Vec::new();
        // its own key, and those of its neighbours in the tree: a search goes past what is out of order
        for place in places {
            bits.extend((0..key.len()).map(|byte| (place + byte) * 8 + 6));
        }
        bits.retain(|bit| {
            let (chain, index) = self.open();
            index.bytes()[bit / 8] ^= 1 << (bit % 8);
            matches!(chain.coin(&self.spent), Ok(None))
        });
        bits
    }
}

fn now() -> Now {
    Now { monotonic: Monotonic::ORIGIN, unix_ms: params().spec().genesis_time + 10_000_000 }
}

#[test]
fn a_coin_hidden_by_damage_condemns_no_block() {
    let scene = Scene::new();
    let bits = scene.hiding_bits();
    assert!(bits.len() > 5, "{} bits hide the coin", bits.len());
    for bit in bits.into_iter().step_by(5) {
        let (mut chain, index) = scene.open();
        index.bytes()[bit / 8] ^= 1 << (bit % 8);
        let tip = chain.tip();
        let error = match chain.apply(scene.next.clone(), u64::MAX) {
            Err(ChainError::Store(error @ StoreError::Damaged { .. })) => error.to_string(),
            other => panic!("bit {bit}: {other:?}"),
        };
        assert!(error.contains(" of coins is damaged: it cannot be found, and pages"), "{error}");
        assert!(error.contains("--reindex") && error.contains(&scene.spent.txid.to_string()), "{error}");
        assert_eq!(error.lines().count(), 1);
        assert_eq!(chain.tip(), tip);
        assert!(chain.headers().get(&scene.next.hash()).is_some_and(|entry| !entry.invalid));
    }
}

#[test]
fn damage_is_not_copied_into_a_table_that_is_written_anew() {
    // coins of as many transactions, so that a key which turns mostly stays between its neighbours
    let mut model = Chain::in_memory(params());
    grow(&mut model, 160, classroom::owner(5));
    let (index, bodies) = (Memory::default(), Memory::default());
    let store = RedbStore::open_on(index.clone(), bodies.clone(), &params()).unwrap();
    let mut chain = Chain::open(params(), store).unwrap();
    for height in 1..=model.height() {
        chain.apply(model.block_at(height).unwrap().unwrap().block().clone(), u64::MAX).unwrap();
    }
    chain.sync().unwrap();
    let hidden = OutPoint { txid: model.block_at(50).unwrap().unwrap().coinbase_txid(), vout: 0 };
    let (outpoint, coin) = model.coins_of(&classroom::owner(0)).unwrap()[0];
    let mut payments = Payments::new(params().genesis_hash(), [(outpoint, coin)]);
    let output = TxOut { value: Amount::from_grains(1_000), owner: classroom::owner(0) };
    // so many changes that the table of coins is written anew
    let many = mine(&mut model, vec![payments.spend(vec![outpoint], vec![output; 60])], 5);
    drop(chain);

    let bytes = index.bytes().clone();
    let key = [hidden.txid.to_bytes().as_slice(), &hidden.vout.to_be_bytes()].concat();
    let places: Vec<_> = (0..bytes.len() - key.len()).filter(|at| bytes[*at..].starts_with(&key)).collect();
    let mut noticed = 0;
    for at in places {
        let index = Memory::new(bytes.clone());
        let store = RedbStore::open_on(index.clone(), Memory::new(bodies.bytes().clone()), &params()).unwrap();
        let mut chain = Chain::open(params(), store).unwrap();
        index.bytes()[at + key.len() - 1] ^= 1;
        chain.apply(many.clone(), u64::MAX).unwrap();
        match chain.sync() {
            Err(ChainError::Store(error @ StoreError::Damaged { .. })) => {
                assert!(error.to_string().contains(" of coins is damaged: its checksum is wrong"), "{error}");
                noticed += 1;
            }
            // an older page
            Ok(()) => assert!(chain.coin(&hidden).unwrap().is_some()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(noticed, 1);
}

#[test]
fn a_node_halts_for_damage_and_a_reindex_mends_it() {
    let scene = Scene::new();
    let bit = scene.hiding_bits()[0];
    let (mut chain, index) = scene.open();
    chain.insert_block(scene.next.clone(), u64::MAX).unwrap();
    let mut node = NodeMachine::new(chain, NodeConfig::new(&params()), now());
    index.bytes()[bit / 8] ^= 1 << (bit % 8);
    for _ in 0..4 {
        node.handle(now(), Input::Timeout);
    }
    node.handle(now(), Input::Request { id: RequestId(1), request: Request::Status });
    let (mut halted, mut answered) = (Vec::new(), false);
    while let Some(output) = node.poll_output() {
        match output {
            Output::Halt { error } => halted.push(error),
            Output::Emit(event @ Event::BlockRejected { .. }) => panic!("{event:?}"),
            Output::Reply { response, .. } => answered = matches!(*response, Response::Halted),
            _ => {}
        }
    }
    assert!(halted.len() == 1 && halted[0].contains("--reindex"), "{halted:?}");
    assert!(answered);
    drop(node);

    // the files as they are on the disk
    let directory = crate::disk::Directory::new();
    std::fs::create_dir_all(directory.path()).unwrap();
    let mut rotten = scene.index.bytes().clone();
    rotten[bit / 8] ^= 1 << (bit % 8);
    std::fs::write(directory.file(INDEX_FILE), rotten).unwrap();
    std::fs::write(directory.file(BODIES_FILE), scene.bodies.bytes().as_slice()).unwrap();
    assert!(matches!(RedbStore::open(directory.path(), &params()), Err(StoreError::Damaged { .. })));
    assert_eq!(reindex(directory.path(), &params(), unwatched).unwrap().height, 2);
    let mut chain = crate::disk::open(&directory, &params());
    let hash = scene.next.hash();
    chain.apply(scene.next, u64::MAX).unwrap();
    assert_eq!(chain.tip().hash, hash);
    assert!(chain.store().check(unwatched).unwrap().is_sound());
}

#[test]
fn a_damaged_opening_is_noticed_and_never_served() {
    // enough for a tree of several pages, because the store keeps the root in memory
    const BLOCKS: u64 = 160;
    let (index, bodies) = (Memory::default(), Memory::default());
    let open = |index: &Memory, bodies: &Memory| RedbStore::open_on(index.clone(), bodies.clone(), &params()).unwrap();
    let mut chain = Chain::open(params(), open(&index, &bodies)).unwrap();
    grow(&mut chain, BLOCKS, classroom::owner(5));
    chain.sync().unwrap();
    let truth: Vec<_> = (0..=BLOCKS).map(|height| chain.opening_at(height).unwrap().unwrap()).collect();
    drop(chain);
    let bytes = index.bytes().clone();
    let all = |pattern: &[u8]| -> Vec<usize> {
        (0..bytes.len() - pattern.len()).filter(|at| bytes[*at..].starts_with(pattern)).collect()
    };

    // a record with its checksum, and its key and those beside it: a height is little-endian in the file
    let height = 100_u64;
    let mut places: Vec<_> = all(&truth[100].coins).into_iter().flat_map(|at| at..at + 44).collect();
    let keys = [height - 1, height, height + 1].map(u64::to_le_bytes).concat();
    places.extend(all(&keys).into_iter().flat_map(|at| at..at + keys.len()));
    let (mut wrong, mut hidden) = (0, 0);
    for (bit, place) in (0..).zip(places) {
        let index = Memory::new(bytes.clone());
        let store = open(&index, &bodies);
        index.bytes()[place] ^= 1 << (bit % 8);
        for near in height - 5..=height + 5 {
            match store.opening(near) {
                Ok(found) => assert_eq!(found, Some(truth[usize::try_from(near).unwrap()]), "byte {place}"),
                Err(error @ StoreError::Damaged { .. }) => {
                    let text = error.to_string();
                    assert!(text.contains(" of openings") && text.contains("--reindex"), "{text}");
                    *if text.contains("checksum") { &mut wrong } else { &mut hidden } += 1;
                }
                Err(error) => panic!("byte {place}: {error}"),
            }
        }
    }
    assert!(wrong >= 44 && hidden > 3, "{wrong} records are wrong, {hidden} are hidden");
}

#[test]
fn a_damaged_filter_is_noticed_and_never_served() {
    // enough for a tree of several pages, because the store keeps the root in memory
    const BLOCKS: u64 = 400;
    let (index, bodies) = (Memory::default(), Memory::default());
    let open = |index: &Memory, bodies: &Memory| RedbStore::open_on(index.clone(), bodies.clone(), &params()).unwrap();
    let mut chain = Chain::open(params(), open(&index, &bodies)).unwrap();
    grow(&mut chain, BLOCKS, classroom::owner(5));
    chain.sync().unwrap();
    let truth: Vec<_> = (0..=BLOCKS).map(|height| chain.filter_at(height).unwrap().unwrap()).collect();
    drop(chain);
    let bytes = index.bytes().clone();

    // a record with its checksum
    let height = 200_u64;
    let record = [&truth[200].count.to_le_bytes()[..], &truth[200].bytes].concat();
    let found = (0..bytes.len() - record.len()).filter(|at| bytes[*at..].starts_with(&record));
    let places: Vec<_> = found.flat_map(|at| at..at + record.len() + 4).collect();
    let mut wrong = 0;
    for (bit, place) in (0..).zip(places) {
        let index = Memory::new(bytes.clone());
        let store = open(&index, &bodies);
        index.bytes()[place] ^= 1 << (bit % 8);
        for near in height - 5..=height + 5 {
            match store.filter(near) {
                Ok(found) => assert_eq!(found.as_ref(), truth.get(usize::try_from(near).unwrap()), "byte {place}"),
                Err(error @ StoreError::Damaged { .. }) => {
                    let text = error.to_string();
                    assert!(text.contains(" of filters") && text.contains("--reindex"), "{text}");
                    wrong += 1;
                }
                Err(error) => panic!("byte {place}: {error}"),
            }
        }
    }
    assert!(wrong >= record.len() + 4, "{wrong} records are wrong");
}

#[test]
fn a_coin_that_was_never_there_condemns_a_block() {
    let scene = Scene::new();
    let (mut chain, _) = scene.open();
    let mut bad = scene.next.clone();
    bad.transactions[0].inputs[0].vout = 100_000;
    bad.header.merkle_root = bad.merkle_root();
    let bad = bad.mine_trivial();
    for round in 0..3 {
        let error = chain.apply(bad.clone(), u64::MAX).unwrap_err();
        assert_eq!(error.rule().is_some(), round == 0, "{error}");
        assert!(chain.headers().get(&bad.hash()).is_some_and(|entry| entry.invalid));
    }
    // a sound store goes on as before, and remembers
    chain.apply(scene.next, u64::MAX).unwrap();
    chain.sync().unwrap();
    assert!(chain.store().check(unwatched).unwrap().is_sound());
    let stored = chain.store().load().unwrap().unwrap();
    assert!(stored.headers.iter().any(|(header, invalid)| *invalid && header.hash() == bad.hash()));
}
