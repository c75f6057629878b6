//! What is computed ahead, remembered, verified together or spread over cores decides nothing, nor does the secret of a map:
//! chains connect alike whatever it is.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use std::sync::Arc;

use rayon::ThreadPoolBuilder;
use toycoin_core::{
    Amount, Block, BlockHash, Chain, ChainParams, StateRoot, Transaction, TxOut,
    chain::Advance,
    consensus::{BatchVerifier, CachingVerifier, PlainVerifier, SignatureVerifier},
    store::MemoryStore,
    test_util::{Payments, classroom},
    utxo::Coin,
};

/// Blocks with so many payments each: they split coins finer and finer, and spend some in the block that makes them.
fn grow(chain: &mut Chain<MemoryStore>, payments: &mut Payments, sizes: &[usize], miner: u32) -> Vec<Block> {
    let split = |payments: &mut Payments| {
        let (outpoint, coin) = payments.coins_of(0).max_by_key(|(_, coin)| coin.value).unwrap();
        let value = Amount::from_grains(coin.value.grains() / 5);
        payments.spend(vec![outpoint], vec![TxOut { value, owner: classroom::owner(0) }; 5])
    };
    let block = |size: &usize| {
        let transactions = (0..*size).map(|_| split(payments)).collect();
        let time = chain.tip().time + 1_000;
        let block = chain.template(transactions, classroom::owner(miner), b"", time).unwrap().mine_trivial();
        chain.apply(block.clone(), time).unwrap();
        block
    };
    sizes.iter().map(block).collect()
}

fn begin() -> (Chain<MemoryStore>, Payments) {
    let chain = Chain::in_memory(ChainParams::regtest());
    let coins = chain.coins_of(&classroom::owner(0)).unwrap();
    let payments = Payments::new(chain.params().genesis_hash(), coins);
    (chain, payments)
}

fn blocks() -> Vec<Block> {
    let (mut chain, mut payments) = begin();
    grow(&mut chain, &mut payments, &[1, 3, 20, 90], 1)
}

/// A trunk, a branch with large blocks, and a longer one of small ones that takes its place.
fn branches() -> [Vec<Block>; 3] {
    let (mut one, mut payments) = begin();
    let trunk = grow(&mut one, &mut payments, &[1, 3, 20, 2, 2], 1);
    let mut other = Chain::in_memory(ChainParams::regtest());
    for block in &trunk {
        other.apply(block.clone(), block.header.time).unwrap();
    }
    let first = grow(&mut one, &mut payments.clone(), &[90, 0, 150], 1);
    let second = grow(&mut other, &mut payments, &[2, 1, 70, 2, 0, 2, 2, 5], 2);
    [trunk, first, second]
}

/// Takes all bodies of a part, then advances; returns each tip with its state root.
fn follow(chain: &mut Chain<MemoryStore>, parts: &[Vec<Block>]) -> Vec<(BlockHash, StateRoot)> {
    let mut tips = Vec::new();
    for part in parts {
        for block in part {
            chain.insert_block(block.clone(), u64::MAX / 2).unwrap();
        }
        loop {
            match chain.advance().unwrap() {
                Advance::Idle => break,
                Advance::Working => {}
                Advance::Moved(_) => {
                    assert_eq!(chain.state().root(), chain.state_root());
                    tips.push((chain.tip().hash, chain.state_root()));
                }
                Advance::Invalid { error, .. } => panic!("{error}"),
            }
        }
    }
    tips
}

#[test]
fn state_root_is_independent_of_threads_batches_and_map_secrets() {
    let parts = branches();
    let plain: Arc<dyn SignatureVerifier> = Arc::new(PlainVerifier);
    let mut chain = Chain::in_memory(ChainParams::regtest()).with_verifier(plain).with_lookahead(1);
    let expected = follow(&mut chain, &parts);
    assert_eq!(expected.len(), 5 + 3 + 5, "the branch that wins moves the tip by four blocks at once, then by one");
    for threads in [1, 2, 3, 7] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for secret in [[0; 32], [1; 32], [0xff; 32]] {
            for lookahead in [1, 2, 64] {
                let caching = |capacity| Arc::new(CachingVerifier::new(BatchVerifier::default(), secret, capacity));
                let verifiers: [Arc<dyn SignatureVerifier>; 3] =
                    [Arc::new(BatchVerifier::default()), caching(10_000), caching(3)];
                for verifier in verifiers {
                    let store = MemoryStore::with_map_secret(&secret);
                    let chain = Chain::open(ChainParams::regtest(), store).unwrap();
                    let mut chain = chain.with_verifier(verifier).with_lookahead(lookahead);
                    assert_eq!(pool.install(|| follow(&mut chain, &parts)), expected, "{threads} {lookahead}");
                    assert!(chain.audit().unwrap().holds);
                }
            }
        }
    }
}

fn connect(
    blocks: &[Block],
    verifier: Arc<dyn SignatureVerifier>,
    prepare: impl Fn(&mut Chain<MemoryStore>, &Transaction, &[Coin]),
) -> Chain<MemoryStore> {
    let mut chain = Chain::in_memory(ChainParams::regtest()).with_verifier(verifier);
    for block in blocks {
        for transaction in &block.transactions {
            let coins: Option<Vec<_>> =
                transaction.inputs.iter().map(|outpoint| chain.coin(outpoint).unwrap()).collect();
            if let Some(coins) = coins {
                prepare(&mut chain, transaction, &coins);
            }
        }
        chain.apply(block.clone(), block.header.time).unwrap();
    }
    assert!(chain.audit().unwrap().holds);
    chain
}

#[test]
fn chains_connect_alike_however_their_work_was_done() {
    let blocks = blocks();
    let expected = connect(&blocks, Arc::new(PlainVerifier), |_, _, _| ());
    let caching = |seed, capacity| Arc::new(CachingVerifier::new(BatchVerifier::default(), [seed; 32], capacity));
    let verifiers: [Arc<dyn SignatureVerifier>; 4] =
        [Arc::new(BatchVerifier::default()), caching(1, 1_000), caching(2, 1_000), caching(3, 2)];
    for verifier in verifiers {
        let all = |chain: &mut Chain<_>, transaction: &Transaction, coins: &[Coin]| {
            chain.prepare(&transaction.clone().into(), coins);
        };
        let some = |chain: &mut Chain<_>, transaction: &Transaction, coins: &[Coin]| {
            if transaction.txid().as_bytes()[0] < 128 {
                chain.prepare(&transaction.clone().into(), coins);
            }
        };
        // even where it was computed for other coins
        let wrong = |chain: &mut Chain<_>, transaction: &Transaction, coins: &[Coin]| {
            let coins: Vec<_> = coins.iter().map(|coin| Coin { coinbase_height: 7, ..*coin }).collect();
            chain.prepare(&transaction.clone().into(), &coins);
        };
        for chain in [
            connect(&blocks, Arc::clone(&verifier), all),
            connect(&blocks, Arc::clone(&verifier), some),
            connect(&blocks, Arc::clone(&verifier), wrong),
            connect(&blocks, Arc::clone(&verifier), |_, _, _| ()),
        ] {
            assert_eq!(chain.state(), expected.state());
            assert_eq!(chain.state_root(), expected.state_root());
        }
    }
}
