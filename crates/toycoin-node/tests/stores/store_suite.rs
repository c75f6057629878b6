//! One suite for every store, and a store on disk beside the model in memory, driven alike.

use crate::disk::{Directory, everything, memory::Memory};
use proptest::prelude::*;
use toycoin_core::{
    Block, Chain, ChainParams,
    chain::Advance,
    store::ChainStore,
    test_util::{
        classroom, grow, store_suite,
        strategies::{self, ForkTree},
    },
};
use toycoin_node::store::{RedbStore, unwatched};

fn on_disk(params: &ChainParams) -> RedbStore {
    RedbStore::open_on(Memory::default(), Memory::default(), params).unwrap()
}

#[test]
fn store_on_disk_passes_the_suite() {
    store_suite(on_disk);
}

#[test]
fn store_in_files_passes_the_suite() {
    let mut directories = Vec::new();
    store_suite(|params| {
        directories.push(Directory::new());
        RedbStore::open(directories[directories.len() - 1].path(), params).unwrap()
    });
}

#[test]
fn store_that_writes_behind_passes_the_suite() {
    store_suite(|params| on_disk(params).writing_behind());
}

/// Returns a block on a chain's tip whose coinbase takes more than it may.
fn greedy(chain: &Chain<impl ChainStore<Error: std::fmt::Debug>>) -> Block {
    let mut block = chain.template(Vec::new(), classroom::owner(3), b"", chain.tip().time + 1).unwrap();
    block.coinbase.outputs.push(block.coinbase.outputs[0]);
    block.header.merkle_root = block.merkle_root();
    block.mine_trivial()
}

#[test]
fn block_that_came_amid_a_dropped_move_stays_marked_invalid() {
    let params = ChainParams::regtest();
    let (index, bodies) = (Memory::default(), Memory::default());
    let store = || RedbStore::open_on(index.clone(), bodies.clone(), &params).unwrap();
    let mut chain = Chain::open(params.clone(), store()).unwrap().with_stage_bytes(0);
    let mut branch = Chain::in_memory(params.clone());
    grow(&mut chain, 2, classroom::owner(1));
    grow(&mut branch, 2, classroom::owner(2));
    let (of_branch, of_tip) = (greedy(&branch), greedy(&chain));
    for height in 1..=2 {
        chain.insert_block(branch.block_at(height).unwrap().unwrap().block().clone(), u64::MAX).unwrap();
    }
    chain.insert_block(of_branch.clone(), u64::MAX).unwrap();
    assert!(matches!(chain.advance(), Ok(Advance::Working)), "a move in stages begins");
    chain.insert_block(of_tip.clone(), u64::MAX).unwrap();
    let mut refused = Vec::new();
    loop {
        match chain.advance().unwrap() {
            Advance::Idle => break,
            Advance::Invalid { hash, .. } => refused.push(hash),
            _ => {}
        }
    }
    assert_eq!(refused, [of_branch.hash(), of_tip.hash()]);
    chain.sync().unwrap();
    let stored = chain.store().load().unwrap().unwrap();
    let mut marked: Vec<_> = stored.headers.iter().filter(|(_, invalid)| *invalid).map(|(at, _)| at.hash()).collect();
    marked.sort_unstable();
    refused.sort_unstable();
    assert_eq!(marked, refused);
}

/// What happens beside the blocks.
#[derive(Debug, Clone, Copy)]
enum Between {
    Nothing,
    /// A sync begins, and is not waited for.
    Begin,
    Sync,
    Reopen,
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![
        4 => Just(Between::Nothing),
        2 => Just(Between::Begin),
        2 => Just(Between::Sync),
        1 => Just(Between::Reopen),
    ]
}

fn drive(tree: &ForkTree, between: &[Between], stage_bytes: u64, behind: bool) {
    let (params, now) = (tree.params(), tree.now_ms());
    let (index, bodies) = (Memory::default(), Memory::default());
    let open = || {
        let store = RedbStore::open_on(index.clone(), bodies.clone(), params).unwrap();
        let store = if behind { store.writing_behind() } else { store };
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
            Between::Begin => chain.begin_sync().unwrap(),
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
        behind: bool,
    ) {
        drive(&tree, &between, stage_bytes, behind);
    }
}
