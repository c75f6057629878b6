//! The scenes that a store is driven through.

use std::fmt::Debug;

use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};

use super::{
    answers::fine,
    pair::{Pair, mined},
};
use crate::{
    amount::Amount,
    block::Block,
    chain::{Advance, Chain},
    digest::{BlockHash, StateRoot, Txid},
    params::ChainParams,
    store::{ChainStore, MemoryStore, WaitingTransaction},
    test_util::{
        Payments, classroom,
        strategies::{self, ForkTree},
    },
    transaction::{OutPoint, Transaction, TxOut},
};

/// A new store is empty, and says so.
pub(super) fn empty<S: ChainStore<Error: Debug>>(store: &mut S) {
    assert!(fine(store.load()).is_none(), "store suite: a new store keeps a chain");
    assert!(fine(store.block(&BlockHash::ZERO)).is_none(), "store suite: a new store has a block");
    assert_eq!(fine(store.find_transaction(&Txid::ZERO)), None, "store suite: a new store has a transaction");
    assert!(fine(store.waiting()).is_empty(), "store suite: something waits in a new store");
    assert_eq!(fine(store.opening(0)), None, "store suite: a new store has an opening");
    assert_eq!(fine(store.filter(0)), None, "store suite: a new store has a filter");
    // nothing is staged, and dropping nothing is not an error
    fine(store.unstage());
}

/// Payments, one of them created and spent in the same block. Then a longer branch without them, and one with one of
/// them again.
pub(super) fn payments<S: ChainStore<Error: Debug>>(params: &ChainParams, store: S) {
    let mut pair = Pair::new(params, store, u64::MAX);
    let (paid, again) = two_payments(&pair.model);
    let one = pair.mine(vec![paid.clone(), again.clone()], classroom::owner(7));
    assert_eq!(fine(pair.chain.find_transaction(&again.txid())), Some((one.hash(), 2)));
    pair.sync();
    pair.mine(Vec::new(), classroom::owner(7));

    let mut other = Chain::in_memory(params.clone());
    let branch = [(); 3].map(|()| extend(&mut other, Vec::new(), 8));
    for block in &branch {
        pair.apply(block, "on another branch, which becomes the longer one");
    }
    assert_eq!(pair.chain.tip(), other.tip());
    assert_eq!(fine(pair.chain.find_transaction(&paid.txid())), None, "its block left the active chain");
    let mut pair = pair.restart("after a restart behind a reorganisation");

    // the first payment is included again, on a third branch
    let mut third = Chain::in_memory(params.clone());
    let mut branch = vec![extend(&mut third, Vec::new(), 9), extend(&mut third, vec![paid.clone()], 9)];
    branch.extend([(); 2].map(|()| extend(&mut third, Vec::new(), 9)));
    for block in &branch {
        pair.apply(block, "on a branch that has a payment again");
    }
    // back and forth between two branches that both include it
    let mut old = Chain::in_memory(pair.model.params().clone());
    fine(old.apply(one.clone(), u64::MAX));
    for _ in 0..4 {
        let block = extend(&mut old, Vec::new(), 7);
        pair.apply(&block, "on a branch that holds what the other one holds");
    }
    assert_eq!(fine(pair.chain.find_transaction(&paid.txid())), Some((one.hash(), 1)));
    pair.restart("after the last restart");
}

/// A branch with more work and an invalid block: the old tip stays active, and the block stays invalid.
pub(super) fn invalid_block<S: ChainStore<Error: Debug>>(params: &ChainParams, store: S) {
    let mut pair = Pair::new(params, store, u64::MAX);
    pair.mine(Vec::new(), classroom::owner(7));
    let mut other = Chain::in_memory(params.clone());
    let good = extend(&mut other, Vec::new(), 8);
    let bad = spoiled(mined(&other, Vec::new(), classroom::owner(8)));
    pair.apply(&good, "on another branch");
    pair.apply(&bad, "after an invalid block");
    let mut pair = pair.restart("after a restart behind an invalid block");
    pair.apply(&bad, "when an invalid block comes again");
    pair.mine(Vec::new(), classroom::owner(7));
}

/// Waiting transactions survive a restart.
pub(super) fn waiting<S: ChainStore<Error: Debug>>(params: &ChainParams, store: S) {
    let mut pair = Pair::new(params, store, u64::MAX);
    let (paid, again) = two_payments(&pair.model);
    let waiting = |transaction: &Transaction, own, returned| WaitingTransaction {
        transaction: transaction.clone(),
        own,
        returned,
    };
    pair.keep_waiting(&[waiting(&paid, true, false), waiting(&again, false, true), waiting(&again, true, true)]);
    pair.sync();
    let mut pair = pair.restart("after a restart with transactions that wait");
    pair.keep_waiting(&[waiting(&again, false, false)]);
    let mut pair = pair.restart("after a restart with one that waits");
    pair.keep_waiting(&[]);
    pair.restart("after a restart with none that waits");
}

/// A deep move arrives in parts. Its last block is invalid, so all parts are dropped. Then a valid branch wins.
pub(super) fn move_in_parts<S: ChainStore<Error: Debug>>(params: &ChainParams, store: S) {
    let mut pair = Pair::new(params, store, 0);
    let mut payments = Payments::new(params.genesis_hash(), fine(pair.model.coins_of(&classroom::owner(0))));
    for number in 0..3 {
        let (outpoint, coin) = first_coin(&payments);
        let half = TxOut { value: Amount::from_grains(coin.value.grains() / 2), owner: classroom::owner(0) };
        pair.mine(vec![payments.spend(vec![outpoint], vec![half, half])], classroom::owner(7 + number));
    }
    let old_tip = pair.chain.tip();
    let mut other = Chain::in_memory(params.clone());
    let mut new: Vec<_> = (0..3).map(|_| extend(&mut other, Vec::new(), 6)).collect();
    let bad = spoiled(mined(&other, Vec::new(), classroom::owner(6)));
    for block in new.iter().chain([&bad]) {
        pair.insert(block);
    }
    // arrives in the middle of the move, and stays stored although the move is dropped
    let side = mined(&Chain::in_memory(params.clone()), Vec::new(), classroom::owner(5));
    let mut steps = 0;
    loop {
        match pair.advance() {
            Advance::Working => pair.compare_answers("in the middle of a move"),
            Advance::Invalid { hash, .. } => break assert_eq!(hash, bad.hash()),
            other => panic!("store suite: in the middle of a move: {other:?}"),
        }
        steps += 1;
        if steps == 4 {
            pair.insert_amid(&side);
        }
    }
    assert!(steps > 4, "a move of this depth takes {steps} steps");
    assert_eq!(pair.chain.tip(), old_tip, "store suite: after an invalid move the old tip stands");
    pair.compare("after a move whose last part was invalid");
    new.extend((0..3).map(|_| extend(&mut other, Vec::new(), 6)));
    for block in new.iter().skip(3) {
        pair.apply(block, "on the branch that wins, in parts");
    }
    assert_eq!(pair.chain.tip(), other.tip());
    pair.sync();
    pair.restart("after a restart behind a move in parts");
}

/// A random tree of blocks, some of them invalid. The UTXO set must also match a plain map of coins.
pub(super) fn fork_tree<S: ChainStore<Error: Debug>>(tree: &ForkTree, store: S, number: u32) {
    let stage_bytes = match number % 3 {
        0 => 0,
        1 => 5_000,
        _ => u64::MAX,
    };
    let mut pair = Pair::new(tree.params(), store, stage_bytes);
    for (place, node) in tree.blocks().iter().enumerate() {
        pair.apply(&node.block, "in a tree of blocks");
        if place % 5 == 4 {
            pair.sync();
            pair = pair.restart("after a restart in a tree of blocks");
        }
        let tip = pair.chain.tip().hash;
        let ledger = tree.blocks().iter().find(|node| node.hash == tip).map(|node| &node.ledger);
        for (outpoint, coin) in ledger.into_iter().flat_map(|ledger| ledger.coins()) {
            assert_eq!(
                fine(pair.chain.coin(outpoint)).as_ref(),
                Some(coin),
                "store suite: coin {outpoint:?} in a tree"
            );
        }
    }
}

/// Returns the same tree for the same number.
pub(super) fn tree(number: u32) -> ForkTree {
    let mut runner = TestRunner::deterministic();
    let strategy = strategies::fork_tree_with_cheats(12..24);
    let mut drawn = (0..=number).map(|_| strategy.new_tree(&mut runner).expect("a strategy without filters"));
    drawn.next_back().expect("at least one").current()
}

/// A payment by classroom key 0, and one that spends its output.
fn two_payments(chain: &Chain<MemoryStore>) -> (Transaction, Transaction) {
    let mut payments = Payments::new(chain.params().genesis_hash(), fine(chain.coins_of(&classroom::owner(0))));
    let (outpoint, coin) = first_coin(&payments);
    let half = TxOut { value: Amount::from_grains(coin.value.grains() / 2), owner: classroom::owner(1) };
    let paid = payments.spend(vec![outpoint], vec![half, half]);
    let again = payments.spend(vec![OutPoint { txid: paid.txid(), vout: 0 }], vec![half]);
    (paid, again)
}

fn first_coin(payments: &Payments) -> (OutPoint, TxOut) {
    payments.coins().first_key_value().map(|(outpoint, coin)| (*outpoint, *coin)).expect("key 0 has coins")
}

fn extend(chain: &mut Chain<MemoryStore>, transactions: Vec<Transaction>, miner: u32) -> Block {
    let block = mined(chain, transactions, classroom::owner(miner));
    fine(chain.apply(block.clone(), u64::MAX));
    block
}

/// Gives a block a wrong state root.
fn spoiled(mut block: Block) -> Block {
    block.header.state_root = StateRoot::ZERO;
    block.mine_trivial()
}
