//! Reorganisations that are handed to the store in stages: they end as those that are handed over whole, and nobody sees
//! a stage.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use proptest::{prelude::*, sample::Index};
use toycoin_core::{
    Chain, OutPoint,
    chain::{Advance, ChainError},
    store::{ChainStore as _, MemoryStore},
    test_util::strategies::{self, ForkTree},
    utxo::Coin,
};

fn chain(tree: &ForkTree, stage_bytes: u64) -> Chain<MemoryStore> {
    Chain::in_memory(tree.params().clone()).with_stage_bytes(stage_bytes)
}

fn coins(chain: &Chain<MemoryStore>) -> Vec<(OutPoint, Coin)> {
    let mut coins = Vec::new();
    let Ok(()) = chain.store().visit_coins(&mut |outpoint, coin| coins.push((*outpoint, *coin)));
    coins.sort_unstable_by_key(|(outpoint, _)| *outpoint);
    coins
}

/// Takes bodies in an order, so many at a time, into both chains, and compares what they do step by step.
fn compare(tree: &ForkTree, order: &[usize], at_once: usize, stage_bytes: u64) {
    let (mut whole, mut staged) = (chain(tree, u64::MAX), chain(tree, stage_bytes));
    for chain in [&mut whole, &mut staged] {
        for node in tree.blocks() {
            chain.insert_header(&node.block.header, tree.now_ms()).unwrap();
        }
    }
    for places in order.chunks(at_once) {
        for place in places {
            let insert = |chain: &mut Chain<MemoryStore>| {
                chain
                    .insert_block(tree.blocks()[*place].block.clone(), tree.now_ms())
                    .map_err(|error| error.to_string())
            };
            assert_eq!(insert(&mut whole), insert(&mut staged));
        }
        loop {
            let (expected, found) = (whole.advance().unwrap(), staged.advance().unwrap());
            assert_eq!(format!("{expected:?}"), format!("{found:?}"));
            // in the middle of a move too, the store is what the tip commits to
            assert_eq!((staged.tip(), staged.state()), (whole.tip(), whole.state()));
            assert!(staged.audit().unwrap().holds);
            if matches!(found, Advance::Idle) {
                break;
            }
        }
    }
    assert_eq!(coins(&whole), coins(&staged));
    for node in tree.blocks() {
        assert_eq!(whole.store().undo(&node.hash), staged.store().undo(&node.hash));
        for (txid, _) in node.block.transaction_ids() {
            assert_eq!(whole.find_transaction(&txid).unwrap(), staged.find_transaction(&txid).unwrap());
        }
    }
    // a store that is taken away in the middle of a move keeps the old tip
    let reopened = Chain::open(tree.params().clone(), staged.store().clone()).unwrap();
    assert_eq!((reopened.tip().hash, reopened.state()), (whole.tip().hash, whole.state()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn stages_end_as_a_whole_move_does(
        tree in strategies::fork_tree_with_cheats(1..32),
        order in prop::collection::vec(any::<Index>(), 32),
        at_once in 1usize..32,
        stage_bytes in prop_oneof![Just(0), 1u64..20_000],
    ) {
        let mut places: Vec<_> = (0..tree.blocks().len()).collect();
        for (place, other) in order.iter().enumerate().take(places.len()) {
            places.swap(place, other.index(tree.blocks().len()));
        }
        compare(&tree, &places, at_once, stage_bytes);
    }
}

#[test]
fn a_chain_taken_away_between_stages_has_its_old_tip() {
    let params = toycoin_core::ChainParams::regtest();
    let (mut ours, mut theirs) =
        (Chain::in_memory(params.clone()).with_stage_bytes(0), Chain::in_memory(params.clone()));
    toycoin_core::test_util::grow(&mut ours, 5, toycoin_core::test_util::classroom::owner(1));
    toycoin_core::test_util::grow(&mut theirs, 6, toycoin_core::test_util::classroom::owner(2));
    for height in 1..=theirs.height() {
        ours.insert_block(theirs.block_at(height).unwrap().unwrap().block().clone(), u64::MAX).unwrap();
    }
    let (tip, before) = (ours.tip(), coins(&ours));
    let mut steps = 0;
    while matches!(ours.advance().unwrap(), Advance::Working) {
        steps += 1;
        assert_eq!((ours.tip(), coins(&ours)), (tip, before.clone()));
        let mut reopened = Chain::open(params.clone(), ours.store().clone()).unwrap();
        assert_eq!((reopened.tip(), coins(&reopened)), (tip, before.clone()));
        // and goes on from there to the same end
        while !matches!(reopened.advance().unwrap(), Advance::Idle) {}
        assert_eq!(reopened.tip(), theirs.tip());
    }
    assert_eq!(steps, 10, "each block but the last one is a step, and each a stage");
    assert_eq!((ours.tip(), ours.state()), (theirs.tip(), theirs.state()));
}

#[test]
fn keeping_what_waits_drops_the_stages() {
    let params = toycoin_core::ChainParams::regtest();
    let (mut ours, mut theirs) = (Chain::in_memory(params.clone()).with_stage_bytes(0), Chain::in_memory(params));
    toycoin_core::test_util::grow(&mut ours, 2, toycoin_core::test_util::classroom::owner(1));
    toycoin_core::test_util::grow(&mut theirs, 3, toycoin_core::test_util::classroom::owner(2));
    for height in 1..=3 {
        ours.insert_block(theirs.block_at(height).unwrap().unwrap().block().clone(), u64::MAX).unwrap();
    }
    assert!(matches!(ours.advance(), Ok(Advance::Working)));
    ours.keep_waiting(Vec::new()).unwrap();
    loop {
        match ours.advance() {
            Ok(Advance::Idle) => break,
            Ok(_) => {}
            Err(ChainError::Store(never)) => match never {},
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((ours.tip(), ours.state()), (theirs.tip(), theirs.state()));
    assert!(ours.audit().unwrap().holds);
}
