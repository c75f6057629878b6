//! Whoever waits for a payment is told what became of it, whenever it did.

use std::time::Duration;

use crate::common::{
    chains::{PeerChain, block_at, chain_of, extend, mine, prefix},
    stage::{Peer, Stage},
};
use toycoin_core::{Amount, Chain, ChainParams, FeeRate, Transaction, TransactionBuilder, Txid, test_util::classroom};
use toycoin_node::{
    limits,
    mempool::{AdmitError, DropReason},
    protocol::{Confirmed, NodeConfig, Request, RequestId, Response, SubmitError, WaitError},
};
use toycoin_wire::node::NodeMessage;

fn genesis() -> PeerChain {
    Chain::in_memory(ChainParams::regtest())
}

fn stage() -> (Stage, Peer) {
    let mut stage = Stage::new(&ChainParams::regtest());
    let peer = Peer::new(stage.connect(), 1);
    (stage, peer)
}

/// Pays so many grains of a classroom key's genesis coin, at a fee rate.
fn pay(from: u32, grains: u64, rate: u64) -> Transaction {
    let chain = genesis();
    TransactionBuilder::new(chain.params())
        .spend(chain.coins_of(&classroom::owner(from)).unwrap())
        .pay(chain.params().address(classroom::owner(9)), Amount::from_grains(grains))
        .fee_rate(FeeRate::grains_per_byte(rate))
        .sign(classroom::key(from))
        .unwrap()
}

fn submit(stage: &mut Stage, transaction: &Transaction) -> Result<Txid, SubmitError> {
    let Response::Submitted(result) = stage.ask(Request::Submit(transaction.clone())) else { panic!("an answer") };
    result
}

const fn wait(txid: Txid, confirmations: u64) -> Request {
    Request::WaitForConfirmations { txid, confirmations }
}

/// Asks for what is answered at once: why a transaction will not be confirmed.
fn why_not(stage: &mut Stage, transaction: &Transaction) -> WaitError {
    let Response::NotConfirmed(error) = stage.ask(wait(transaction.txid(), 1)) else { panic!("it is not confirmed") };
    error
}

fn confirmed(response: Option<Response>) -> Confirmed {
    let Some(Response::Confirmed(confirmed)) = response else { panic!("confirmed, not {response:?}") };
    confirmed
}

fn tell_chain(stage: &mut Stage, peer: Peer, chain: &PeerChain) {
    for height in 1..=chain.height() {
        stage.tell(peer, &NodeMessage::Block(block_at(chain, height)));
    }
    assert_eq!(stage.machine.chain().tip(), chain.tip());
}

#[test]
fn what_was_dropped_before_is_answered_at_once() {
    let (mut stage, peer) = stage();
    let (poor, rich) = (pay(0, 5, 1), pay(0, 5, 9));
    submit(&mut stage, &poor).unwrap();
    submit(&mut stage, &rich).unwrap();
    assert_eq!(why_not(&mut stage, &poor), WaitError::Dropped(DropReason::Replaced { by: rich.txid() }));

    // a block with another payment of the same coin
    let mut chain = genesis();
    let rival = pay(0, 6, 0);
    mine(&mut chain, vec![rival.clone()], 1);
    tell_chain(&mut stage, peer, &chain);
    let conflict = WaitError::Dropped(DropReason::Conflict { with: rival.txid() });
    assert_eq!(why_not(&mut stage, &rich), conflict);
    assert!(matches!(why_not(&mut stage, &poor), WaitError::Dropped(DropReason::Replaced { .. })), "still known");

    // and its block leaves the chain: the rival waits again, until another block spends its coin
    let mut other = genesis();
    extend(&mut other, 1, 2);
    mine(&mut other, vec![pay(0, 7, 0)], 2);
    tell_chain(&mut stage, peer, &other);
    assert!(matches!(why_not(&mut stage, &rival), WaitError::Dropped(DropReason::Conflict { .. })));
}

#[test]
fn what_is_evicted_is_answered_with_that() {
    let mut stage = Stage::with(genesis(), |config: &mut NodeConfig| config.mempool_bytes = 400);
    let payments: Vec<_> = (0..3u32).map(|key| pay(key, 5, 1 + u64::from(key))).collect();
    for payment in &payments {
        submit(&mut stage, payment).unwrap();
    }
    assert_eq!(why_not(&mut stage, &payments[0]), WaitError::Dropped(DropReason::Evicted));
}

#[test]
fn what_was_never_seen_is_unknown() {
    let (mut stage, peer) = stage();
    let (parent, mut child) = (pay(0, 5, 0), pay(1, 5, 0));
    child.inputs[0].txid = parent.txid();
    // what only waits for its parent promises nobody anything
    stage.tell(peer, &NodeMessage::Transaction(child.clone()));
    assert_eq!(stage.machine.mempool().orphans(), 1);
    for transaction in [parent, child] {
        let txid = transaction.txid();
        assert_eq!(why_not(&mut stage, &transaction), WaitError::Unknown { txid });
    }
    assert_eq!(stage.machine.counts().waits, 0);
}

#[test]
fn what_comes_back_after_a_drop_is_waited_for() {
    let (mut stage, peer) = stage();
    let (poor, rich) = (pay(0, 5, 1), pay(0, 5, 9));
    submit(&mut stage, &poor).unwrap();
    submit(&mut stage, &rich).unwrap();
    assert!(matches!(why_not(&mut stage, &poor), WaitError::Dropped(_)));
    let mut chain = genesis();
    mine(&mut chain, vec![poor.clone()], 1);
    tell_chain(&mut stage, peer, &chain);
    assert_eq!(confirmed(Some(stage.ask(wait(poor.txid(), 1)))).height, 1, "a block holds it all the same");
    let deeper = stage.request(wait(poor.txid(), 2));
    assert!(stage.take_reply(deeper).is_none());
    mine(&mut chain, vec![], 1);
    tell_chain(&mut stage, peer, &chain);
    assert_eq!(confirmed(stage.take_reply(deeper)).confirmations, 2);
}

#[test]
fn a_wait_for_a_coinbase_ends_when_its_block_is_stale() {
    let (mut stage, peer) = stage();
    let (ours, theirs) = (chain_of(&ChainParams::regtest(), 1, 1), chain_of(&ChainParams::regtest(), 2, 2));
    tell_chain(&mut stage, peer, &ours);
    let block = block_at(&ours, 1);
    let reward = block.coinbase.txid();
    let waiting = stage.request(wait(reward, 3));
    assert!(stage.take_reply(waiting).is_none());
    tell_chain(&mut stage, peer, &theirs);
    let stale = WaitError::Dropped(DropReason::StaleBlock { block: block.hash() });
    for response in [stage.take_reply(waiting).unwrap(), stage.ask(wait(reward, 3))] {
        assert!(matches!(&response, Response::NotConfirmed(error) if *error == stale), "{response:?}");
    }
    // until its branch is the best again
    let mut ours = prefix(&ours, 1);
    extend(&mut ours, 2, 1);
    tell_chain(&mut stage, peer, &ours);
    assert_eq!(confirmed(Some(stage.ask(wait(reward, 3)))).confirmations, 3);
}

fn submit_and_wait(stage: &mut Stage, transaction: &Transaction) -> RequestId {
    stage.request(Request::SubmitAndWait { transaction: transaction.clone(), confirmations: 1 })
}

#[test]
fn submit_and_wait_is_one_request() {
    let (mut stage, peer) = stage();
    let payment = pay(0, 5, 0);
    let waiting = submit_and_wait(&mut stage, &payment);
    assert!(stage.take_reply(waiting).is_none() && stage.machine.mempool().contains(&payment.txid()));
    let mut chain = genesis();
    mine(&mut chain, vec![payment.clone()], 1);
    tell_chain(&mut stage, peer, &chain);
    assert_eq!(confirmed(stage.take_reply(waiting)).height, 1);
    // what is confirmed already is answered at once
    let again = submit_and_wait(&mut stage, &payment);
    assert_eq!(confirmed(stage.take_reply(again)).height, 1);
}

#[test]
fn submit_and_wait_tells_of_a_refusal_and_of_a_later_drop() {
    let (mut stage, _) = stage();
    let (first, conflict, rich) = (pay(0, 5, 1), pay(0, 6, 1), pay(0, 7, 9));
    let waiting = submit_and_wait(&mut stage, &first);
    let refused = submit_and_wait(&mut stage, &conflict);
    let Some(Response::Submitted(Err(SubmitError::Refused(error)))) = stage.take_reply(refused) else {
        panic!("it is refused")
    };
    assert!(matches!(error, AdmitError::Conflict { with, .. } if with == first.txid()));
    assert_eq!(stage.machine.counts().waits, 1);
    submit(&mut stage, &rich).unwrap();
    let dropped = stage.take_reply(waiting);
    assert!(
        matches!(dropped, Some(Response::NotConfirmed(WaitError::Dropped(DropReason::Replaced { .. })))),
        "{dropped:?}"
    );
}

#[test]
fn what_cannot_be_waited_for_is_not_submitted() {
    let (mut stage, _) = stage();
    let payment = pay(0, 5, 0);
    submit(&mut stage, &payment).unwrap();
    for _ in 0..limits::WAITS {
        stage.request(wait(payment.txid(), 1));
    }
    let other = pay(1, 5, 0);
    let refused = submit_and_wait(&mut stage, &other);
    assert!(matches!(stage.take_reply(refused), Some(Response::NotConfirmed(WaitError::TooMany))));
    assert!(!stage.machine.mempool().contains(&other.txid()));
    // what can be answered at once needs no place
    assert!(matches!(why_not(&mut stage, &other), WaitError::Unknown { .. }));
}

#[test]
fn the_memory_of_drops_is_bounded() {
    let (mut stage, peer) = stage();
    let mine = pay(0, 5, 1);
    submit(&mut stage, &mine).unwrap();
    submit(&mut stage, &pay(0, 5, 9)).unwrap();
    // strangers have their own replaced, again and again
    for rate in 1..limits::REMEMBERED_DROPS as u64 / 16 {
        stage.tell(peer, &NodeMessage::Transaction(pay(1, 5, 2 * rate)));
        stage.advance(Duration::from_millis(1));
    }
    let counts = stage.machine.counts();
    assert!(counts.drops > 200 && counts.drops <= 2 * limits::REMEMBERED_DROPS, "{}", counts.drops);
    assert!(matches!(why_not(&mut stage, &mine), WaitError::Dropped(DropReason::Replaced { .. })));
}
