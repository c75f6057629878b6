//! What is computed ahead, remembered or spread over cores decides nothing: chains connect alike with and without.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use std::sync::Arc;

use toycoin_core::{
    Amount, Block, Chain, ChainParams, Transaction, TxOut,
    consensus::{BatchVerifier, CachingVerifier, PlainVerifier, SignatureVerifier},
    store::MemoryStore,
    test_util::{Payments, classroom},
    utxo::Coin,
};

/// Blocks that split coins finer and finer, and spend some in the block that makes them.
fn blocks() -> Vec<Block> {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let coins = chain.coins_of(&classroom::owner(0)).unwrap();
    let mut payments = Payments::new(chain.params().genesis_hash(), coins);
    let split = |payments: &mut Payments| {
        let (outpoint, coin) = payments.coins_of(0).max_by_key(|(_, coin)| coin.value).unwrap();
        let value = Amount::from_grains(coin.value.grains() / 5);
        payments.spend(vec![outpoint], vec![TxOut { value, owner: classroom::owner(0) }; 5])
    };
    let mut blocks = Vec::new();
    for size in [1, 3, 20, 90] {
        let transactions = (0..size).map(|_| split(&mut payments)).collect();
        let time = chain.tip().time + 1_000;
        let block = chain.template(transactions, classroom::owner(1), b"", time).unwrap().solve_easily();
        chain.apply(block.clone(), time).unwrap();
        blocks.push(block);
    }
    blocks
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
    let caching = |seed, capacity| Arc::new(CachingVerifier::new(BatchVerifier, [seed; 32], capacity));
    let verifiers: [Arc<dyn SignatureVerifier>; 4] =
        [Arc::new(BatchVerifier), caching(1, 1_000), caching(2, 1_000), caching(3, 2)];
    for verifier in verifiers {
        let all = |chain: &mut Chain<_>, transaction: &Transaction, coins: &[Coin]| {
            chain.prepare(transaction.txid(), transaction, coins);
        };
        let some = |chain: &mut Chain<_>, transaction: &Transaction, coins: &[Coin]| {
            if transaction.txid().as_bytes()[0] < 128 {
                chain.prepare(transaction.txid(), transaction, coins);
            }
        };
        // even where it was computed for other coins
        let wrong = |chain: &mut Chain<_>, transaction: &Transaction, coins: &[Coin]| {
            let coins: Vec<_> = coins.iter().map(|coin| Coin { coinbase_height: 7, ..*coin }).collect();
            chain.prepare(transaction.txid(), transaction, &coins);
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
