//! A transaction that was prepared saves time when its block comes, and lets nothing through that another would not.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use toycoin_core::{
    Amount, Block, Chain, ChainError, ChainParams, Signature, Transaction, TxOut,
    consensus::{BatchVerifier, CachingVerifier, RuleError, SignatureCheck, SignatureVerifier},
    store::MemoryStore,
    test_util::{Payments, classroom},
    utxo::Coin,
};

const CACHE: usize = 1_000;

/// A verifier with a memory that counts the checks that it is asked for.
struct Counting {
    inner: CachingVerifier<BatchVerifier>,
    asked: AtomicUsize,
}

impl SignatureVerifier for Counting {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        self.asked.fetch_add(checks.len(), Ordering::Relaxed);
        self.inner.first_invalid(checks)
    }

    fn has_verified(&self, checks: &[SignatureCheck]) -> bool {
        self.inner.has_verified(checks)
    }
}

fn counting() -> Arc<Counting> {
    let inner = CachingVerifier::new(BatchVerifier::default(), [3; 32], CACHE);
    Arc::new(Counting { inner, asked: AtomicUsize::new(0) })
}

/// Returns a chain, and payments that spend its coins.
fn scene(verifier: Arc<Counting>) -> (Chain<MemoryStore>, Vec<(Transaction, Coin)>) {
    let mut chain = Chain::in_memory(ChainParams::regtest()).with_verifier(verifier);
    let genesis = chain.params().genesis_hash();
    let mut payments = Payments::new(genesis, chain.coins_of(&classroom::owner(0)).unwrap());
    let (outpoint, coin) = payments.coins_of(0).max_by_key(|(_, coin)| coin.value).unwrap();
    let value = Amount::from_grains(coin.value.grains() / 20);
    let split = payments.spend(vec![outpoint], vec![TxOut { value, owner: classroom::owner(1) }; 20]);
    let time = chain.tip().time + 1;
    let block = chain.template(vec![split], classroom::owner(2), b"", time).unwrap().mine_trivial();
    chain.apply(block, time).unwrap();
    let coins: Vec<_> = chain.coins_of(&classroom::owner(1)).unwrap().into_iter().take(10).collect();
    let pay = |(outpoint, coin): (_, Coin)| {
        let half = TxOut { value: Amount::from_grains(coin.output.value.grains() / 2), owner: classroom::owner(3) };
        let mut payment =
            Transaction { version: 1, inputs: vec![outpoint], outputs: vec![half; 2], signatures: Vec::new() };
        classroom::sign(&mut payment, genesis, &[coin.output]);
        (payment, coin)
    };
    (chain, coins.into_iter().map(pay).collect())
}

/// Lets the verifier see the signatures of a payment, as a mempool does before it prepares it.
fn verify(verifier: &Counting, chain: &Chain<MemoryStore>, payment: &Transaction, coin: &Coin) {
    let message = toycoin_core::sighash(chain.params().genesis_hash(), payment.txid(), [coin.output]);
    let check = SignatureCheck { key: coin.output.owner, message, signature: payment.signatures[0] };
    assert_eq!(verifier.inner.first_invalid(&[check]), None);
}

fn block_of(chain: &Chain<MemoryStore>, payments: &[(Transaction, Coin)]) -> Block {
    let payments = payments.iter().map(|(payment, _)| payment.clone()).collect();
    chain.template(payments, classroom::owner(2), b"", chain.tip().time + 1).unwrap().mine_trivial()
}

/// Returns the block with another signature of one payment, and a Merkle root and nonce that fit.
fn forged(mut block: Block, place: usize, signature: Signature) -> Block {
    block.transactions[place].signatures[0] = signature;
    block.header.merkle_root = block.merkle_root();
    block.mine_trivial()
}

#[test]
fn a_block_of_prepared_payments_asks_for_no_signature() {
    let verifier = counting();
    let (mut chain, payments) = scene(Arc::clone(&verifier));
    for (payment, coin) in &payments[..7] {
        verify(&verifier, &chain, payment, coin);
        chain.prepare(&payment.clone().into(), &[*coin]);
    }
    let block = block_of(&chain, &payments);
    let before = verifier.asked.load(Ordering::Relaxed);
    chain.apply(block.clone(), block.header.time).unwrap();
    assert_eq!(verifier.asked.load(Ordering::Relaxed) - before, 3, "those that were not prepared");
    assert!(chain.audit().unwrap().holds);
}

#[test]
fn a_payment_prepared_before_it_was_verified_is_verified() {
    let verifier = counting();
    let (mut chain, payments) = scene(Arc::clone(&verifier));
    for (payment, coin) in &payments {
        chain.prepare(&payment.clone().into(), &[*coin]);
    }
    let block = block_of(&chain, &payments);
    let before = verifier.asked.load(Ordering::Relaxed);
    chain.apply(block.clone(), block.header.time).unwrap();
    assert_eq!(verifier.asked.load(Ordering::Relaxed) - before, payments.len());
}

#[test]
fn rejects_another_signature_of_a_prepared_payment() {
    let verifier = counting();
    let (mut chain, payments) = scene(Arc::clone(&verifier));
    for (payment, coin) in &payments {
        verify(&verifier, &chain, payment, coin);
        chain.prepare(&payment.clone().into(), &[*coin]);
    }
    let block = block_of(&chain, &payments);
    let mut signature = payments[4].0.signatures[0].to_bytes();
    signature[40] ^= 1;
    let forged = forged(block.clone(), 4, Signature::from_bytes(signature));
    let time = block.header.time;
    let refused = chain.apply(forged, time);
    let txid = payments[4].0.txid();
    assert!(
        matches!(refused, Err(ChainError::Rule(RuleError::Signature { txid: found, input: 0 })) if found == txid),
        "{refused:?}"
    );
    chain.apply(block, time).unwrap();
}

#[test]
fn rejects_a_bad_signature_that_was_prepared() {
    let verifier = counting();
    let (mut chain, mut payments) = scene(Arc::clone(&verifier));
    let mut signature = payments[4].0.signatures[0].to_bytes();
    signature[40] ^= 1;
    payments[4].0.signatures[0] = Signature::from_bytes(signature);
    for (payment, coin) in &payments {
        chain.prepare(&payment.clone().into(), &[*coin]);
    }
    let block = block_of(&chain, &payments);
    let refused = chain.apply(block.clone(), block.header.time);
    assert!(matches!(refused, Err(ChainError::Rule(RuleError::Signature { .. }))), "{refused:?}");
}

#[test]
fn prepared_payments_do_not_hide_a_wrong_merkle_root() {
    let (mut chain, payments) = scene(counting());
    let mut block = block_of(&chain, &payments);
    for (payment, coin) in &payments {
        chain.prepare(&payment.clone().into(), &[*coin]);
    }
    block.transactions[3].outputs[0].owner = classroom::owner(4);
    let refused = chain.apply(block.clone(), block.header.time);
    assert!(matches!(refused, Err(ChainError::Rule(RuleError::MerkleRoot { .. }))), "{refused:?}");
}

#[test]
fn templates_are_alike_whatever_was_prepared() {
    let (mut chain, payments) = scene(counting());
    let expected = block_of(&chain, &payments);
    for (place, (payment, coin)) in payments.iter().enumerate() {
        let coin = match place {
            0..3 => *coin,
            // other coins than it spends
            3..6 => Coin { coinbase_height: 9, ..*coin },
            _ => continue,
        };
        chain.prepare(&payment.clone().into(), &[coin]);
    }
    let block = block_of(&chain, &payments);
    assert_eq!(block, expected);
    chain.apply(block.clone(), block.header.time).unwrap();
}
