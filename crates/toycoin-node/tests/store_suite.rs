//! One suite for every store, and a store on disk beside the model in memory, driven alike.

#![cfg(feature = "redb")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod disk;

use disk::{Directory, everything, memory::Memory, mine};
use proptest::prelude::*;
use toycoin_core::{
    Amount, Block, Chain, ChainParams, OutPoint, TxOut, Txid,
    chain::Advance,
    store::{ChainStore, MemoryStore, WaitingTransaction},
    test_util::{
        Payments, classroom,
        strategies::{self, ForkTree},
    },
};
use toycoin_node::store::{RedbStore, unwatched};

fn on_disk(params: &ChainParams) -> RedbStore {
    RedbStore::open_on(Memory::default(), Memory::default(), params).unwrap()
}

/// What every store must do, whether it groups or not.
fn suite<S: ChainStore<Error: std::fmt::Debug>>(store: S) {
    let params = ChainParams::regtest();
    assert!(store.load().unwrap().is_none(), "a new store keeps nothing");
    assert_eq!(store.find_transaction(&Txid::ZERO).unwrap(), None);
    let mut chain = Chain::open(params.clone(), store).unwrap();
    let genesis = chain.block_at(0).unwrap().unwrap();
    assert_eq!(genesis.hash(), params.genesis_hash());

    let mut payments = Payments::new(params.genesis_hash(), chain.coins_of(&classroom::owner(0)).unwrap());
    let (outpoint, coin) = chain.coins_of(&classroom::owner(0)).unwrap()[0];
    let half = TxOut { value: Amount::from_grains(coin.output.value.grains() / 2), owner: classroom::owner(1) };
    let paid = payments.spend(vec![outpoint], vec![half, half]);
    let again = payments.spend(vec![OutPoint { txid: paid.txid(), vout: 0 }], vec![half]);
    let one = mine(&mut chain, vec![paid.clone(), again.clone()], 7);
    assert_eq!(chain.coin(&outpoint).unwrap(), None, "spent");
    assert_eq!(chain.coin(&OutPoint { txid: paid.txid(), vout: 0 }).unwrap(), None, "made and spent in one block");
    assert_eq!(chain.find_transaction(&again.txid()).unwrap(), Some((one.hash(), 2)));
    chain.sync().unwrap();
    assert!(chain.store().is_synced());
    assert_eq!(chain.coins_of(&classroom::owner(1)).unwrap().len(), 3);

    // another branch takes its place
    let mut other = Chain::in_memory(params.clone());
    let branch = [mine(&mut other, Vec::new(), 8), mine(&mut other, Vec::new(), 8)];
    for block in branch {
        chain.apply(block, u64::MAX).unwrap();
    }
    assert_eq!(chain.tip(), other.tip());
    assert_eq!(chain.coin(&outpoint).unwrap(), Some(coin), "given back");
    assert_eq!(chain.find_transaction(&paid.txid()).unwrap(), None);
    assert!(chain.store().undo(&one.hash()).unwrap().is_none(), "it left the active chain");
    assert_eq!(chain.block(&one.hash()).unwrap().unwrap().block(), &one, "its body stays");

    let waiting = vec![
        WaitingTransaction { transaction: paid, own: true, returned: false },
        WaitingTransaction { transaction: again.clone(), own: false, returned: true },
        WaitingTransaction { transaction: again, own: true, returned: true },
    ];
    chain.keep_waiting(waiting.clone()).unwrap();
    assert!(chain.audit().unwrap().holds);
    let reopened = Chain::open(params, chain.into_store()).unwrap();
    assert_eq!(reopened.tip(), other.tip());
    assert_eq!(reopened.store().waiting().unwrap(), waiting);
    let mut store = reopened.into_store();
    store.keep_waiting(Vec::new()).unwrap();
    assert!(store.waiting().unwrap().is_empty());
}

/// What a store does with a move that comes in parts.
fn stages<S: ChainStore<Error: std::fmt::Debug>>(store: S) {
    let params = ChainParams::regtest();
    let mut chain = Chain::open(params.clone(), store).unwrap().with_stage_bytes(0);
    let mut payments = Payments::new(params.genesis_hash(), chain.coins_of(&classroom::owner(0)).unwrap());
    let mut old = vec![params.genesis().clone()];
    for number in 0..3 {
        let (outpoint, coin) = payments.coins().first_key_value().map(|(outpoint, coin)| (*outpoint, *coin)).unwrap();
        let half = TxOut { value: Amount::from_grains(coin.value.grains() / 2), owner: classroom::owner(0) };
        old.push(mine(&mut chain, vec![payments.spend(vec![outpoint], vec![half, half])], 7 + number));
    }
    let mut other = Chain::in_memory(params.clone());
    let new: Vec<_> = (0..5).map(|_| mine(&mut other, Vec::new(), 6)).collect();
    let all: Vec<_> = old.iter().chain(&new).cloned().collect();
    // a branch whose fourth block breaks a rule, and one that comes in the middle of a move
    let mut bad = new[3].clone();
    bad.header.state_root = Default::default();
    let bad = bad.mine_trivial();
    for block in new[..3].iter().chain([&bad]) {
        chain.insert_block(block.clone(), u64::MAX).unwrap();
    }
    let before = everything(&chain, &all);
    let side = {
        let mut side = Chain::in_memory(params.clone());
        mine(&mut side, Vec::new(), 5)
    };
    let mut steps = 0;
    loop {
        match chain.advance().unwrap() {
            Advance::Working => {}
            Advance::Invalid { hash, .. } => break assert_eq!(hash, bad.hash()),
            other => panic!("{other:?}"),
        }
        steps += 1;
        if steps == 4 {
            chain.insert_block(side.clone(), u64::MAX).unwrap();
            chain.sync().unwrap();
            assert!(chain.store().is_synced());
            assert_eq!(chain.block(&side.hash()).unwrap().unwrap().block(), &side);
        } else if steps < 4 {
            assert_eq!(everything(&chain, &all), before, "a stage shows");
        }
    }
    assert!(steps > 5, "{steps} steps, some of them after the store was checked");
    assert_eq!(chain.store().block(&side.hash()).unwrap().unwrap().block(), &side, "a dropped move keeps bodies");
    assert_eq!(chain.tip().hash, old[3].hash());
    assert!(chain.audit().unwrap().holds);
    assert_eq!(everything(&chain, &all)[1..], before[1..], "the old chain stands exactly");

    // the good branch wins
    let model = Chain::in_memory(params.clone());
    let mut model = model;
    for block in old[1..].iter().chain([&side]).chain(&new[..3]).chain([&bad]).chain(&new[3..]) {
        drop(model.apply(block.clone(), u64::MAX));
    }
    for block in &new[3..] {
        chain.apply(block.clone(), u64::MAX).unwrap();
    }
    assert_eq!(chain.tip(), other.tip());
    let mut known = all;
    known.extend([side, bad]);
    assert_eq!(everything(&chain, &known), everything(&model, &known));
    chain.sync().unwrap();
    let chain = Chain::open(params, chain.into_store()).unwrap();
    assert_eq!(everything(&chain, &known), everything(&model, &known));
}

#[test]
fn the_model_passes_the_suite() {
    suite(MemoryStore::new());
    stages(MemoryStore::new());
}

#[test]
fn the_store_on_disk_passes_the_suite() {
    suite(on_disk(&ChainParams::regtest()));
    stages(on_disk(&ChainParams::regtest()));
    let directory = Directory::new();
    suite(RedbStore::open(directory.path(), &ChainParams::regtest()).unwrap());
    let directory = Directory::new();
    stages(RedbStore::open(directory.path(), &ChainParams::regtest()).unwrap());
}

/// What happens beside the blocks.
#[derive(Debug, Clone, Copy)]
enum Between {
    Nothing,
    Sync,
    Reopen,
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![4 => Just(Between::Nothing), 2 => Just(Between::Sync), 1 => Just(Between::Reopen)]
}

fn drive(tree: &ForkTree, between: &[Between], stage_bytes: u64) {
    let (params, now) = (tree.params(), tree.now_ms());
    let (index, bodies) = (Memory::default(), Memory::default());
    let open = || {
        let store = RedbStore::open_on(index.clone(), bodies.clone(), params).unwrap();
        Chain::open(params.clone(), store).unwrap().with_stage_bytes(stage_bytes)
    };
    let (mut model, mut chain) = (Chain::in_memory(params.clone()), open());
    let mut blocks: Vec<Block> = vec![params.genesis().clone()];
    for (node, between) in tree.blocks().iter().zip(between.iter().cycle()) {
        blocks.push(node.block.clone());
        let (expected, found) = (model.apply(node.block.clone(), now), chain.apply(node.block.clone(), now));
        assert_eq!(format!("{expected:?}"), format!("{found:?}"));
        match between {
            Between::Nothing => {}
            Between::Sync => {
                chain.sync().unwrap();
                let report = chain.store().check(unwatched).unwrap();
                assert!(report.is_sound(), "{:?}", report.problems);
            }
            Between::Reopen => {
                drop(chain);
                chain = open();
                // headers whose bodies were refused are forgotten by both
                model = Chain::open(params.clone(), model.into_store()).unwrap();
            }
        }
        assert_eq!(everything(&model, &blocks), everything(&chain, &blocks));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn disk_and_model_say_the_same(
        tree in strategies::fork_tree_with_cheats(1..24),
        between in prop::collection::vec(between(), 1..24),
        stage_bytes in prop_oneof![Just(0), 1u64..10_000, Just(u64::MAX)],
    ) {
        drive(&tree, &between, stage_bytes);
    }
}
