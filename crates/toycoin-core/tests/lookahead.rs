//! Blocks judged ahead of their turn, their signatures as one batch: it costs less and decides nothing.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use std::sync::{Arc, Mutex};

use proptest::{prelude::*, sample::Index};
use toycoin_core::{
    Amount, Block, BlockHash, Chain, ChainParams, Rule, RuleError, Signature, Transaction, TxOut,
    chain::Advance,
    consensus::{BatchVerifier, PlainVerifier, SignatureCheck, SignatureVerifier},
    store::{ChainStore, MemoryStore},
    test_util::{
        Payments, classroom,
        strategies::{self, ForkTree},
    },
};

/// What one call of `advance` did.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Working,
    Moved { disconnected: Vec<BlockHash>, connected: Vec<BlockHash> },
    Invalid { hash: BlockHash, error: RuleError },
}

/// Advances until there is nothing to do.
fn run(chain: &mut Chain<MemoryStore>) -> Vec<Step> {
    let mut steps = Vec::new();
    loop {
        steps.push(match chain.advance().unwrap() {
            Advance::Idle => return steps,
            Advance::Working => Step::Working,
            Advance::Invalid { hash, error } => Step::Invalid { hash, error },
            Advance::Moved(moved) => Step::Moved { disconnected: moved.disconnected, connected: moved.connected },
        });
    }
}

/// Takes a tree's bodies in an order, so many at a time, and compares every step, tip, state and mark.
fn compare(tree: &ForkTree, order: &[usize], at_once: usize, lookaheads: &[usize]) {
    let chain = |blocks: usize| Chain::in_memory(tree.params().clone()).with_lookahead(blocks);
    let plain: Arc<dyn SignatureVerifier> = Arc::new(PlainVerifier);
    let mut expected = chain(1).with_verifier(plain);
    let mut others: Vec<_> = lookaheads.iter().map(|blocks| chain(*blocks)).collect();
    for chain in others.iter_mut().chain([&mut expected]) {
        for node in tree.blocks() {
            chain.insert_header(&node.block.header, tree.now_ms()).unwrap();
        }
    }
    for places in order.chunks(at_once) {
        let take = |chain: &mut Chain<MemoryStore>| {
            let block = |place: &usize| tree.blocks()[*place].block.clone();
            let inserted: Vec<_> = places.iter().map(|place| chain.insert_block(block(place), tree.now_ms())).collect();
            (inserted, run(chain))
        };
        let steps = take(&mut expected);
        for chain in &mut others {
            assert_eq!(take(chain), steps);
            assert_eq!(chain.tip(), expected.tip());
            assert_eq!(chain.state(), expected.state());
        }
    }
    for chain in &others {
        assert!(chain.audit().unwrap().holds);
        for node in tree.blocks() {
            let hash = node.hash;
            assert_eq!(chain.headers().get(&hash), expected.headers().get(&hash));
            assert_eq!(chain.store().undo(&hash), expected.store().undo(&hash));
        }
        let stored = |chain: &Chain<MemoryStore>| chain.store().load().unwrap().unwrap();
        assert_eq!(stored(chain).headers, stored(&expected).headers);
        assert_eq!((stored(chain).tip, stored(chain).state), (stored(&expected).tip, stored(&expected).state));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_fork_tree_is_judged_as_block_by_block(
        tree in strategies::fork_tree_with_cheats(1..40),
        keys in prop::collection::vec(any::<u32>(), 40),
        at_once in 1..40_usize,
        swaps in prop::collection::vec(any::<(Index, Index)>(), 0..6),
    ) {
        // all in disorder, and nearly in order: long branches that wait
        let mut shuffled: Vec<_> = (0..tree.blocks().len()).collect();
        let mut nearly = shuffled.clone();
        shuffled.sort_by_key(|place| (keys.get(*place), *place));
        for (one, other) in swaps {
            nearly.swap(one.index(tree.blocks().len()), other.index(tree.blocks().len()));
        }
        for order in [shuffled, nearly] {
            compare(&tree, &order, at_once, &[1, 2, 5, 64]);
        }
    }
}

/// Notes how many signatures it is asked for at a time.
#[derive(Default)]
struct Noting(Mutex<Vec<usize>>);

impl SignatureVerifier for Noting {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        self.0.lock().unwrap().push(checks.len());
        BatchVerifier::default().first_invalid(checks)
    }
}

/// Blocks of payments, each of which spends what the one before it made.
fn blocks(sizes: &[usize], spoil: impl Fn(usize, &mut Transaction)) -> Vec<Block> {
    let mut chain = Chain::in_memory(ChainParams::regtest()).with_verifier(Arc::new(Trusting));
    let coins = chain.coins_of(&classroom::owner(0)).unwrap();
    let (outpoint, coin) = coins[0];
    let mut payments = Payments::new(chain.params().genesis_hash(), coins);
    let mut last = (outpoint, coin.output);
    let mut pay = |number| {
        let value = last.1.value.checked_sub(Amount::from_grains(1)).unwrap();
        let mut payment = payments.spend(vec![last.0], vec![TxOut { value, owner: classroom::owner(0) }]);
        spoil(number, &mut payment);
        let (outpoint, output) = payment.outpoints(payment.txid()).next().unwrap();
        last = (outpoint, *output);
        payment
    };
    let block = |(number, size): (usize, &usize)| {
        let transactions = (0..*size).map(|_| pay(number)).collect();
        let time = chain.tip().time + 1_000;
        let block = chain.template(transactions, classroom::owner(1), b"", time).unwrap().mine_trivial();
        chain.apply(block.clone(), time).unwrap();
        block
    };
    sizes.iter().enumerate().map(block).collect()
}

struct Trusting;

impl SignatureVerifier for Trusting {
    fn first_invalid(&self, _: &[SignatureCheck]) -> Option<usize> {
        None
    }
}

/// Takes all bodies, then advances; returns what was verified together, and the steps.
fn caught_up(blocks: &[Block]) -> (Vec<usize>, Vec<Step>) {
    let noting = Arc::new(Noting::default());
    let verifier: Arc<dyn SignatureVerifier> = noting.clone();
    let mut chain = Chain::in_memory(ChainParams::regtest()).with_verifier(verifier);
    for block in blocks {
        chain.insert_block(block.clone(), u64::MAX / 2).unwrap();
    }
    let steps = run(&mut chain);
    let asked = noting.0.lock().unwrap().clone();
    (asked, steps)
}

#[test]
fn signatures_of_waiting_blocks_are_one_batch_verified_once() {
    let (asked, steps) = caught_up(&blocks(&[2; 70], |_, _| ()));
    assert_eq!(steps.len(), 70, "still a move for each block");
    assert_eq!(asked, [128, 12]);
}

#[test]
fn batch_over_blocks_is_bounded_and_a_large_block_goes_alone() {
    let (asked, _) = caught_up(&blocks(&[400, 400, 400, 1_100, 1, 1], |_, _| ()));
    assert_eq!(asked, [800, 400, 1_100, 2]);
}

#[test]
fn wrong_signature_is_found_and_earlier_blocks_are_connected() {
    let blocks = blocks(&[2; 12], |block, payment| {
        if block == 7 {
            payment.signatures = vec![Signature::from_bytes([3; 64])];
        }
    });
    let (asked, steps) = caught_up(&blocks);
    let (last, moves) = steps.split_last().unwrap();
    assert_eq!(moves.len(), 7);
    let Step::Invalid { hash, error } = last else { panic!("{last:?}") };
    assert_eq!((*hash, error.rule()), (blocks[7].hash(), Rule::Signature));
    assert_eq!(asked, [24, 2], "what follows a block that is known to be wrong is not verified again");
}
