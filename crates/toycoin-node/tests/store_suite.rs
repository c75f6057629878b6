//! One suite for every store, and a store on disk beside the model in memory, driven alike.

#![cfg(feature = "redb")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod disk;

use disk::{Directory, everything, memory::Memory, mine};
use proptest::prelude::*;
use toycoin_core::{
    Amount, Block, Chain, ChainParams, OutPoint, TxOut, Txid,
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
        WaitingTransaction { transaction: paid, own: true },
        WaitingTransaction { transaction: again, own: false },
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

#[test]
fn the_model_passes_the_suite() {
    suite(MemoryStore::new());
}

#[test]
fn the_store_on_disk_passes_the_suite() {
    suite(on_disk(&ChainParams::regtest()));
    let directory = Directory::new();
    suite(RedbStore::open(directory.path(), &ChainParams::regtest()).unwrap());
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

fn drive(tree: &ForkTree, between: &[Between]) {
    let (params, now) = (tree.params(), tree.now_ms());
    let (index, bodies) = (Memory::default(), Memory::default());
    let open = || {
        let store = RedbStore::open_on(index.clone(), bodies.clone(), params).unwrap();
        Chain::open(params.clone(), store).unwrap()
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
    ) {
        drive(&tree, &between);
    }
}
