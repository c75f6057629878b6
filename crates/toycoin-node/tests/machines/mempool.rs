//! The mempool's policy, and what the original got wrong in it.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use toycoin_core::{
    Amount, Block, Chain, ChainParams, CheckedBlock, FeeRate, IdentifiedTransaction, Rule, SecretKey, Transaction,
    TransactionBuilder,
    consensus::{BatchVerifier, PlainVerifier, SignatureCheck, SignatureVerifier},
    store::MemoryStore,
    utxo::Coin,
};
use toycoin_node::{
    limits,
    machine::Monotonic,
    mempool::{Admission, AdmitError, DropReason, Mempool, MempoolConfig, Orphan, Reorganisation, Reorganised},
};

fn pool() -> (Chain<MemoryStore>, Mempool) {
    let params = ChainParams::regtest();
    let config = MempoolConfig { min_fee_rate: FeeRate::ZERO, max_bytes: 100_000 };
    (Chain::in_memory(params.clone()), Mempool::new(params, config))
}

/// Wallet 0 spends all its genesis money: `grains` to `to`, `rate` a byte to the miner.
fn payment(chain: &Chain<MemoryStore>, to: u32, grains: u64, rate: u64) -> Transaction {
    let key = SecretKey::classroom(0);
    TransactionBuilder::new(chain.params())
        .spend(chain.coins_of(&key.public_key()).unwrap())
        .pay(chain.params().address(SecretKey::classroom(to).public_key()), Amount::from_grains(grains))
        .fee_rate(FeeRate::grains_per_byte(rate))
        .sign(&key)
        .unwrap()
}

/// Wallet 0 spends the change of its own unconfirmed payment.
fn child(chain: &Chain<MemoryStore>, parent: &Transaction) -> Transaction {
    let key = SecretKey::classroom(0);
    let txid = parent.txid();
    let (outpoint, output) = parent.outpoints(txid).last().unwrap();
    TransactionBuilder::new(chain.params())
        .spend([(outpoint, Coin { output: *output, coinbase_height: 0 })])
        .pay(chain.params().address(SecretKey::classroom(2).public_key()), Amount::from_grains(7))
        .sign(&key)
        .unwrap()
}

fn submit(
    chain: &Chain<MemoryStore>,
    pool: &mut Mempool,
    tx: &Transaction,
) -> Result<Admission, AdmitError<Infallible>> {
    pool.submit(tx.clone(), Some(1), chain.store(), chain.height() + 1, &PlainVerifier)
}

fn mine(
    chain: &mut Chain<MemoryStore>,
    miner: u8,
    transactions: impl IntoIterator<Item: Into<IdentifiedTransaction>>,
) -> Block {
    let time = chain.tip().time + 1_000;
    let payout = toycoin_core::PublicKey::from_bytes([miner; 32]);
    let transactions = transactions.into_iter().map(Into::into).collect();
    let block = chain.template_of(transactions, payout, &[miner], time).unwrap().mine_trivial();
    chain.apply(block.clone(), time).unwrap();
    block
}

fn checked(chain: &Chain<MemoryStore>, block: Block) -> Arc<CheckedBlock> {
    Arc::new(block.check(chain.params()).unwrap())
}

#[test]
fn double_spends_do_not_pass_in_the_pool() {
    let (chain, mut pool) = pool();
    submit(&chain, &mut pool, &payment(&chain, 1, 5, 2)).unwrap();
    let error = submit(&chain, &mut pool, &payment(&chain, 2, 5, 2)).unwrap_err();
    assert!(matches!(error, AdmitError::Conflict { .. }) && !error.is_misbehaviour());
    assert_eq!(pool.len(), 1);
}

#[test]
fn conflict_replaces_when_it_pays_a_grain_per_byte_more() {
    let (chain, mut pool) = pool();
    let poor = payment(&chain, 1, 5, 1);
    submit(&chain, &mut pool, &poor).unwrap();
    submit(&chain, &mut pool, &child(&chain, &poor)).unwrap();
    let rich = payment(&chain, 2, 5, 3);
    let Ok(Admission::Accepted(accepted)) = submit(&chain, &mut pool, &rich) else { panic!("it pays enough") };
    assert_eq!(accepted.replaced.len(), 2, "the descendant goes too");
    assert!(accepted.replaced.contains(&(poor.txid(), DropReason::Replaced { by: rich.txid() })));
    assert_eq!(pool.len(), 1);
}

#[test]
fn chains_of_unconfirmed_payments_are_kept_and_mined_in_order() {
    let (mut chain, mut pool) = pool();
    let parent = payment(&chain, 1, 5, 0);
    let child = child(&chain, &parent);
    submit(&chain, &mut pool, &parent).unwrap();
    submit(&chain, &mut pool, &child).unwrap();
    let chosen = pool.select(1_000_000);
    assert_eq!(chosen, [parent, child]);
    mine(&mut chain, 1, chosen);
    assert_eq!(chain.height(), 1);
}

#[test]
fn a_child_waits_for_its_parent_and_is_handed_back_behind_it() {
    let (chain, mut pool) = pool();
    let parent = payment(&chain, 1, 5, 0);
    let child = child(&chain, &parent);
    let Ok(Admission::Orphaned { missing, .. }) = submit(&chain, &mut pool, &child) else { panic!("no parent yet") };
    assert_eq!(missing, [parent.txid()]);
    let Ok(Admission::Accepted(accepted)) = submit(&chain, &mut pool, &parent) else { panic!("in order") };
    assert_eq!((pool.len(), pool.orphans()), (1, 0));
    assert_eq!(accepted.unblocked, [Orphan { transaction: child.clone().into(), source: 1 }]);
    assert!(matches!(submit(&chain, &mut pool, &child), Ok(Admission::Accepted(_))));
}

#[test]
fn orphans_return_when_a_move_of_the_tip_makes_their_coins() {
    // a block with the parent
    let (mut chain, mut pool) = pool();
    let parent = payment(&chain, 1, 5, 0);
    let child = child(&chain, &parent);
    submit(&chain, &mut pool, &child).unwrap();
    let block = mine(&mut chain, 1, vec![parent]);
    let block = checked(&chain, block);
    pool.block_connected(&block);
    let next_height = chain.height() + 1;
    let outcome = pool.settle(false, chain.store(), next_height).unwrap();
    assert_eq!(outcome.unblocked, [Orphan { transaction: child.clone().into(), source: 1 }]);
    assert_eq!((pool.orphans(), outcome.readmitted), (0, vec![]));

    // a block with a coinbase
    let young = block.block().coinbase.outpoints(block.coinbase_txid()).next().unwrap().0;
    let mut of_coinbase = child;
    of_coinbase.inputs[0] = young;
    submit(&Chain::in_memory(ChainParams::regtest()), &mut pool, &of_coinbase).unwrap();
    pool.block_connected(&block);
    let outcome = pool.settle(false, chain.store(), next_height).unwrap();
    assert_eq!(outcome.unblocked.len(), 1);
}

#[test]
fn a_lost_race_drops_no_transaction_and_none_is_mined_twice() {
    let (mut chain, mut pool) = pool();
    let parent = payment(&chain, 1, 5, 0);
    let child = child(&chain, &parent);
    submit(&chain, &mut pool, &parent).unwrap();
    submit(&chain, &mut pool, &child).unwrap();
    let mut rival = Chain::in_memory(ChainParams::regtest());
    let chosen = pool.select(1_000_000);
    let lost = mine(&mut chain, 1, chosen);
    assert!(pool.block_connected(&checked(&chain, lost.clone())).is_empty());
    assert!(pool.is_empty(), "what a block holds is not mined again");

    // the rival's chain wins: it holds the parent, not the child
    let one = mine(&mut rival, 2, vec![parent.clone()]);
    let two = mine(&mut rival, 2, Vec::<Transaction>::new());
    let now = two.header.time;
    for block in [&one, &two] {
        chain.apply(block.clone(), now).unwrap();
        pool.block_connected(&checked(&chain, block.clone()));
    }
    let (lost, height) = (checked(&chain, lost), chain.height() + 1);
    let mut reorganisation = Reorganisation::default();
    [one, two].into_iter().for_each(|block| reorganisation.note_connected(&checked(&chain, block)));
    let outcome = pool.block_returned(&lost, &mut reorganisation, 1, chain.store(), height).unwrap();
    assert_eq!(pool.settle(true, chain.store(), height).unwrap(), Reorganised::default());
    assert_eq!(outcome.readmitted, [(child.txid(), Amount::ZERO)]);
    assert!(outcome.dropped.is_empty());
    assert_eq!(pool.select(1_000_000), [child]);
}

#[test]
fn block_that_spends_the_same_coin_drops_the_conflict() {
    let (mut chain, mut pool) = pool();
    let ours = payment(&chain, 1, 5, 0);
    submit(&chain, &mut pool, &ours).unwrap();
    let theirs = payment(&chain, 2, 6, 0);
    let block = mine(&mut chain, 1, vec![theirs.clone()]);
    let dropped = pool.block_connected(&checked(&chain, block));
    assert_eq!(dropped, [(ours.txid(), DropReason::Conflict { with: theirs.txid() })]);
}

#[test]
fn a_forged_signature_condemns_its_own_wtxid_alone() {
    let (chain, mut pool) = pool();
    let honest = payment(&chain, 1, 5, 0);
    let mut forged = honest.clone();
    forged.signatures[0] = SecretKey::classroom(3).sign(&[0; 32]);
    assert!(submit(&chain, &mut pool, &forged).unwrap_err().is_misbehaviour());
    assert_eq!(submit(&chain, &mut pool, &forged), Err(AdmitError::RefusedBefore { rule: Rule::Signature }));
    assert!(matches!(submit(&chain, &mut pool, &honest), Ok(Admission::Accepted(_))));
}

/// Verifies in batches and counts the signatures that it is asked for.
#[derive(Default)]
struct Counting(AtomicUsize);

impl SignatureVerifier for Counting {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        self.0.fetch_add(checks.len(), Ordering::Relaxed);
        BatchVerifier::default().first_invalid(checks)
    }
}

/// Offers transactions one by one with their signatures verified ahead; returns what came of each, and the verifications.
fn submit_together(transactions: &[Transaction]) -> (Vec<Result<Admission, AdmitError<Infallible>>>, usize) {
    let (chain, mut pool) = pool();
    let (store, next_height, counting) = (chain.store(), chain.height() + 1, Counting::default());
    let identified: Vec<IdentifiedTransaction> = transactions.iter().cloned().map(Into::into).collect();
    let ahead = pool.verify_ahead(&identified, store, next_height, &counting).unwrap();
    let offer = |tx: &IdentifiedTransaction| pool.submit(tx.clone(), Some(1), store, next_height, &ahead);
    (identified.iter().map(offer).collect(), counting.0.load(Ordering::Relaxed))
}

#[test]
fn signatures_verified_ahead_change_nothing_but_the_cost() {
    let (chain, _) = pool();
    let parent = payment(&chain, 1, 5, 0);
    let child = child(&chain, &parent);
    let rival = payment(&chain, 2, 5, 2);
    let mut forged = payment(&chain, 3, 9, 0);
    forged.signatures[0] = SecretKey::classroom(3).sign(&[0; 32]);
    let mut unsigned = payment(&chain, 3, 10, 0);
    unsigned.signatures.clear();
    let all = [parent, child, rival, forged, unsigned];
    for first in 0..all.len() {
        for second in 0..all.len() {
            let mut order: Vec<_> = all.to_vec();
            order.swap(0, first);
            order.swap(1, second);
            order.push(all[second].clone());
            let (mut pool, mut one_by_one) = (pool().1, Vec::new());
            for transaction in &order {
                one_by_one.push(submit(&chain, &mut pool, transaction));
            }
            assert_eq!(submit_together(&order).0, one_by_one);
        }
    }
}

#[test]
fn what_was_verified_ahead_is_not_verified_again() {
    let (chain, _) = pool();
    let parent = payment(&chain, 1, 5, 0);
    let child = child(&chain, &parent);
    let (outcomes, verified) = submit_together(&[parent, child]);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Admission::Accepted(_)))));
    assert_eq!(verified, 2, "one a transaction");
}

/// Spends all coins of a wallet, or the last output of its parent, at `rate` grains per byte.
fn spend(chain: &Chain<MemoryStore>, wallet: u32, parent: Option<&Transaction>, rate: u64) -> Transaction {
    let key = SecretKey::classroom(wallet);
    let coins = match parent {
        None => chain.coins_of(&key.public_key()).unwrap(),
        Some(parent) => {
            let (outpoint, output) = parent.outpoints(parent.txid()).last().unwrap();
            vec![(outpoint, Coin { output: *output, coinbase_height: 0 })]
        }
    };
    TransactionBuilder::new(chain.params())
        .spend(coins)
        .pay(chain.params().address(SecretKey::classroom(9).public_key()), Amount::from_grains(7))
        .fee_rate(FeeRate::grains_per_byte(rate))
        .sign(&key)
        .unwrap()
}

#[test]
fn pages_follow_the_order_of_mining_and_miss_nothing() {
    let (chain, mut pool) = pool();
    let at = |seconds| Monotonic::new(Duration::from_secs(seconds));
    let [first, rich, second, poor] =
        [(0, 3), (1, 9), (2, 3), (3, 0)].map(|(key, rate)| spend(&chain, key, None, rate));
    let child = spend(&chain, 3, Some(&poor), 50);
    for (payment, seconds) in [&first, &rich, &second, &poor, &child].into_iter().zip(1..) {
        pool.set_now(at(seconds));
        submit(&chain, &mut pool, payment).unwrap();
    }
    pool.set_now(at(60));

    let whole = pool.page(None, 100);
    // the child pays for its parent, which is still the poorest by itself
    let ids = [&child, &rich, &first, &second, &poor].map(Transaction::txid);
    assert_eq!(whole.entries.iter().map(|entry| entry.txid).collect::<Vec<_>>(), ids);
    assert_eq!((whole.count, whole.bytes, whole.now, whole.next), (5, pool.bytes(), at(60), None));
    let [of_child, .., of_poor] = &whole.entries[..] else { panic!("five") };
    assert_eq!((&*of_child.parents, &*of_poor.children), (&[poor.txid()][..], &[child.txid()][..]));
    assert_eq!((of_child.parents.len(), of_child.children.len(), of_poor.parents.len()), (1, 0, 0));
    assert_eq!((&of_child.spends, of_child.since, of_poor.since), (&child.inputs, at(5), at(4)));
    assert_eq!((of_child.size, of_child.package_size), (child.size(), child.size() + poor.size()));
    assert_eq!((of_poor.fee, of_child.package_fee), (Amount::ZERO, of_child.fee));

    for limit in 0..6 {
        let (mut found, mut page) = (Vec::new(), pool.page(None, limit));
        loop {
            assert!(page.entries.len() <= limit.max(1) && !page.entries.is_empty());
            found.append(&mut page.entries);
            let Some(next) = page.next else { break };
            page = pool.page(Some(next), limit);
        }
        assert_eq!(found, whole.entries, "{limit} on a page");
    }
    // the place of a payment that has left stays a place
    let after_two = pool.page(None, 2).next;
    pool.block_connected(&checked(&chain, {
        let time = chain.tip().time + 1_000;
        let payout = toycoin_core::PublicKey::from_bytes([1; 32]);
        chain.template(vec![rich], payout, &[1], time).unwrap().mine_trivial()
    }));
    assert_eq!(pool.page(after_two, 9).entries, whole.entries[2..]);
}

#[test]
fn a_page_is_bounded_in_payments_and_bytes() {
    let params = ChainParams::regtest();
    let config = MempoolConfig { min_fee_rate: FeeRate::ZERO, max_bytes: limits::MEMPOOL_BYTES };
    let (chain, mut pool) = (Chain::in_memory(params.clone()), Mempool::new(params, config));
    // a chain of payments of 90 kB each, as long as the package limit allows
    let key = SecretKey::classroom(0);
    let mut coins = chain.coins_of(&key.public_key()).unwrap();
    for _ in 0..20 {
        let builder = TransactionBuilder::new(chain.params()).spend(coins);
        let to = chain.params().address(SecretKey::classroom(9).public_key());
        let builder = (0..2_200).fold(builder, |builder, _| builder.pay(to, Amount::from_grains(1)));
        let payment = builder.sign(&key).unwrap();
        let (outpoint, output) = payment.outpoints(payment.txid()).last().unwrap();
        coins = vec![(outpoint, Coin { output: *output, coinbase_height: 0 })];
        submit(&chain, &mut pool, &payment).unwrap();
    }
    assert!(pool.bytes() > limits::MEMPOOL_PAGE_BYTES, "{} bytes", pool.bytes());
    let page = pool.page(None, usize::MAX);
    let listed: u64 = page.entries.iter().map(|entry| entry.size).sum();
    assert!(page.entries.len() < 20 && page.next.is_some(), "{} payments", page.entries.len());
    assert!((limits::MEMPOOL_PAGE_BYTES..limits::MEMPOOL_PAGE_BYTES + 100_000).contains(&listed), "{listed} bytes");
}
