//! What was prepared for one verifier, network or coin says nothing about another.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use std::sync::Arc;

use toycoin_core::{
    Amount, BlockHash, Chain, ChainError, ChainParams, OutPoint, Rule, Signature, Transaction, TxOut,
    consensus::{
        BatchVerifier, BlockContext, CachingVerifier, PlainVerifier, RuleError, SignatureCheck, SignatureVerifier,
        connect, connect_prepared, gather,
    },
    sighash,
    state::Deltas,
    store::MemoryStore,
    test_util::{Payments, TestLedger, classroom},
    utxo::Coin,
};

/// A verifier that takes every signature for valid.
struct Trusting;

impl SignatureVerifier for Trusting {
    fn first_invalid(&self, _: &[SignatureCheck]) -> Option<usize> {
        None
    }
}

fn caching(inner: impl SignatureVerifier + 'static) -> Arc<dyn SignatureVerifier> {
    Arc::new(CachingVerifier::new(inner, [1; 32], 100))
}

/// A payment of a coin of genesis with so many outputs, and the coin.
fn pay(chain: &Chain<MemoryStore>, outputs: usize) -> (Transaction, OutPoint, Coin) {
    let (outpoint, coin) = chain.coins_of(&classroom::owner(0)).unwrap()[0];
    let mut payments = Payments::new(chain.params().genesis_hash(), [(outpoint, coin)]);
    let value = Amount::from_grains(coin.output.value.grains() / outputs as u64);
    (payments.spend(vec![outpoint], vec![TxOut { value, owner: classroom::owner(1) }; outputs]), outpoint, coin)
}

/// Has a verifier remember that the only signature of a payment is valid, if it is for this verifier.
fn verify(verifier: &dyn SignatureVerifier, genesis: BlockHash, payment: &Transaction, coin: Coin) {
    let message = sighash(genesis, payment.txid(), [coin.output]);
    let check = SignatureCheck { key: coin.output.owner, message, signature: payment.signatures[0] };
    assert_eq!(verifier.first_invalid(&[check]), None);
}

#[test]
fn another_verifier_does_not_inherit_verdicts() {
    let trusting = caching(Trusting);
    let mut chain = Chain::in_memory(ChainParams::regtest()).with_verifier(Arc::clone(&trusting));
    let (mut payment, _, coin) = pay(&chain, 1);
    payment.signatures[0] = Signature::from_bytes([1; 64]);
    verify(&*trusting, chain.params().genesis_hash(), &payment, coin);
    chain.prepare(&payment.clone().into(), &[coin]);
    let mut chain = chain.with_verifier(Arc::new(PlainVerifier));
    let time = chain.tip().time + 1;
    let block = chain.template(vec![payment], classroom::owner(2), b"", time).unwrap().mine_trivial();
    let refused = chain.apply(block, time);
    assert!(matches!(refused, Err(ChainError::Rule(RuleError::Signature { .. }))), "{refused:?}");
}

#[test]
fn another_network_does_not_inherit_verdicts() {
    let one = ChainParams::regtest();
    // the same coins under another genesis hash, so other messages are signed
    let mut spec = one.spec().clone();
    spec.genesis_time += 1;
    let two = ChainParams::new(spec).unwrap();
    let verifier = caching(BatchVerifier::default());
    let deltas = Deltas::new(100);
    let mut first = Chain::in_memory(one).with_verifier(Arc::clone(&verifier)).with_deltas(deltas.clone());
    let (payment, _, coin) = pay(&first, 1);
    verify(&*verifier, first.params().genesis_hash(), &payment, coin);
    first.prepare(&payment.clone().into(), &[coin]);

    let second = Chain::in_memory(two.clone());
    assert_eq!(second.coins_of(&classroom::owner(0)).unwrap(), first.coins_of(&classroom::owner(0)).unwrap());
    let time = second.tip().time + 1;
    let block = second.template(vec![payment], classroom::owner(2), b"", time).unwrap().mine_trivial();
    let checked = block.check(&two).unwrap();
    let coins = gather(&checked, second.store()).unwrap();
    let work = second.headers().get(&two.genesis_hash()).unwrap().work;
    let place = BlockContext { state: second.state(), work };
    let plain = connect(&two, &checked, &coins, place, &PlainVerifier).map(drop);
    assert!(matches!(plain, Err(RuleError::Signature { .. })), "{plain:?}");
    assert_eq!(connect_prepared(&two, &checked, &coins, place, &PlainVerifier, &deltas).map(drop), plain);
}

#[test]
fn a_change_for_another_coin_makes_no_root_right() {
    // the second payment is too long to be remembered whole
    for outputs in [5, 30] {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        let (payment, outpoint, coin) = pay(&chain, outputs);
        let wrong = Coin { coinbase_height: 9, ..coin };
        chain.prepare(&payment.clone().into(), &[wrong]);
        let time = chain.tip().time + 1;
        let block = chain.template(vec![payment], classroom::owner(2), b"", time).unwrap();
        // the root that this change gives
        let mut state =
            TestLedger::new(chain.params().clone()).judge(block.clone().mine_trivial(), time).unwrap().state().clone();
        state.utxo_hash.add(&outpoint, &coin);
        state.utxo_hash.remove(&outpoint, &wrong);
        let mut false_block = block.clone();
        false_block.header.state_root = state.root();
        let refused = chain.apply(false_block.mine_trivial(), time);
        assert!(matches!(refused, Err(ChainError::Rule(RuleError::StateRoot { .. }))), "{refused:?}");
        chain.apply(block.mine_trivial(), time).unwrap();
    }
}

#[test]
fn a_sandbox_template_is_what_its_chain_expects() {
    let mut spec = ChainParams::regtest().spec().clone();
    spec.extra = b"again".to_vec();
    spec.coinbase_maturity = 1;
    let params = ChainParams::sandbox(spec, [Rule::CoinbaseHeight, Rule::CoinbaseMaturity]).unwrap();
    let mut chain = Chain::in_memory(params);
    let time = chain.tip().time + 1;
    // block 1 has the coinbase of block 2
    let mut block = chain.template(vec![], classroom::owner(0), b"", time).unwrap();
    block.coinbase.height = 2;
    TestLedger::new(chain.params().clone()).commit(&mut block);
    let block = block.mine_trivial();
    let outpoint = OutPoint { txid: block.coinbase.txid(), vout: 0 };
    chain.apply(block, time).unwrap();
    let coin = chain.coin(&outpoint).unwrap().unwrap();
    let mut payments = Payments::new(chain.params().genesis_hash(), [(outpoint, coin)]);
    let payment = payments.spend(vec![outpoint], vec![TxOut { value: coin.output.value, owner: classroom::owner(1) }]);
    // block 2 spends that coinbase and makes it again, so the order counts
    let block = chain.template(vec![payment], classroom::owner(0), b"", time + 1).unwrap().mine_trivial();
    assert_eq!(block.coinbase.txid(), outpoint.txid);
    chain.apply(block, time + 1).unwrap();
}
