//! Honest nodes differ in their policy, in what they heard first and in where their tip is: none of that costs a sender
//! anything, and what is known or hopeless makes no traffic.

use crate::common::{
    chains::{PeerChain, chain_of, extend, mine, payment},
    stage::{Peer, Stage},
};
use toycoin_core::{
    Amount, Chain, ChainParams, FeeRate, OutPoint, Transaction, TransactionBuilder, TxOut, test_util::classroom,
    utxo::Coin,
};
use toycoin_node::{
    limits,
    mempool::AdmitError,
    protocol::{NodeConfig, Request, Response, SubmitError},
};
use toycoin_wire::node::NodeMessage;

/// More than the score at which a peer is muted.
const OFTEN: usize = 3 * limits::MUTE_SCORE as usize;

fn genesis() -> PeerChain {
    Chain::in_memory(ChainParams::regtest())
}

/// Spends one coin of a classroom key: so much to key 3, the rest less a fee back to the key.
fn spend(from: u32, (outpoint, coin): (OutPoint, Coin), grains: u64, fee: u64) -> Transaction {
    let output = |value, owner| TxOut { value: Amount::from_grains(value), owner };
    let outputs = vec![
        output(grains, classroom::owner(3)),
        output(coin.output.value.grains() - grains - fee, classroom::owner(from)),
    ];
    let mut transaction = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: Vec::new() };
    transaction.sign_all(ChainParams::regtest().genesis_hash(), &[coin.output], classroom::key(from));
    transaction
}

fn coin_of(chain: &PeerChain, key: u32) -> (OutPoint, Coin) {
    chain.coins_of(&classroom::owner(key)).unwrap()[0]
}

/// The coin that a transaction of [`spend`] gives back.
fn change(parent: &Transaction) -> (OutPoint, Coin) {
    let (outpoint, output) = parent.outpoints(parent.txid()).nth(1).expect("it has change");
    (outpoint, Coin { output: *output, coinbase_height: 0 })
}

/// Payments of which each spends the change of the one before.
fn in_a_row(chain: &PeerChain, count: usize) -> Vec<Transaction> {
    let mut row = vec![spend(0, coin_of(chain, 0), 1, 0)];
    while row.len() < count {
        row.push(spend(0, change(row.last().expect("not empty")), 1, 0));
    }
    row
}

/// Has a peer send each of these transactions, all of which the node refuses, and asserts that it pays nothing for it.
fn assert_costs_nothing(what: &str, mut stage: Stage, transactions: impl IntoIterator<Item = Transaction>) {
    let peer = Peer::new(stage.connect(), 1);
    let before = stage.machine.mempool().len();
    for transaction in transactions {
        stage.tell(peer, &NodeMessage::Transaction(transaction));
    }
    assert_eq!(stage.machine.mempool().len(), before, "{what}: nothing of it comes in");
    assert_eq!(stage.machine.mempool().orphans(), 0, "{what}: nothing of it waits");
    assert_eq!((stage.score(peer), stage.is_muted(peer)), (0, false), "{what}");
}

fn policy(change: impl FnOnce(&mut NodeConfig)) -> Stage {
    Stage::with(genesis(), change)
}

#[test]
fn refusals_by_policy_cost_the_sender_nothing() {
    let pay = |grains: usize| spend(0, coin_of(&genesis(), 0), grains as u64, 0);
    let rate = FeeRate::grains_per_byte(1);
    assert_costs_nothing("fee rate", policy(|config| config.min_fee_rate = rate), (1..OFTEN).map(pay));
    assert_costs_nothing("again", policy(|config| config.min_fee_rate = rate), vec![pay(1); OFTEN]);
    assert_costs_nothing("full", policy(|config| config.mempool_bytes = 10), (1..OFTEN).map(pay));

    let submitted = |chain, transactions: Vec<Transaction>| {
        let mut stage = Stage::with(chain, |_| {});
        for transaction in transactions {
            let Response::Submitted(result) = stage.ask(Request::Submit(transaction)) else { panic!("an answer") };
            result.unwrap();
        }
        stage
    };
    let stage = || submitted(genesis(), vec![pay(OFTEN)]);
    assert_costs_nothing("conflicts", stage(), (1..OFTEN).map(pay));
    assert_costs_nothing("known", stage(), vec![pay(OFTEN); OFTEN]);
    let row = in_a_row(&genesis(), limits::MEMPOOL_RELATIVES + 1);
    let last = change(row.last().unwrap());
    let children = (1..OFTEN as u64).map(|grains| spend(0, last, grains, 0));
    assert_costs_nothing("package limit", submitted(genesis(), row), children);
}

#[test]
fn what_another_tip_makes_of_a_payment_costs_nothing() {
    let mut chain = genesis();
    let coin = coin_of(&chain, 0);
    mine(&mut chain, vec![spend(0, coin, 1, 0)], 1);
    let held = |chain: &PeerChain| Stage::with(crate::common::chains::prefix(chain, chain.height()), |_| {});
    let rivals = (2..OFTEN as u64).map(|grains| spend(0, coin, grains, 0));
    assert_costs_nothing("spent on the chain", held(&chain), rivals);
    assert_costs_nothing("confirmed", held(&chain), vec![spend(0, coin, 1, 0); OFTEN]);

    let young = chain.coins_of(&classroom::owner(7)).unwrap()[0];
    let immature = (1..OFTEN as u64).map(|grains| spend(7, young, grains, 0));
    assert_costs_nothing("immature", held(&chain), immature);
}

#[test]
fn halves_of_a_double_spend_mute_neither_teller() {
    // 130 coins, each spent twice; the nodes hear of another half first
    let coins = genesis().coins_of(&classroom::owner(0)).unwrap();
    let output = TxOut { value: Amount::from_grains(1_000), owner: classroom::owner(0) };
    let mut split =
        Transaction { version: 1, inputs: vec![coins[0].0], outputs: vec![output; 130], signatures: vec![] };
    let rest = coins[0].1.output.value.grains() - 130_000;
    split.outputs.push(TxOut { value: Amount::from_grains(rest), ..output });
    split.sign_all(ChainParams::regtest().genesis_hash(), &[coins[0].1.output], classroom::key(0));
    let mut chain = genesis();
    mine(&mut chain, vec![split.clone()], 1);
    let half = |grains| {
        let outpoints = split.outpoints(split.txid()).take(130);
        let coins = outpoints.map(|(outpoint, output)| (outpoint, Coin { output: *output, coinbase_height: 0 }));
        coins.map(|coin| spend(0, coin, grains, 0)).collect::<Vec<_>>()
    };
    for (first, second) in [(1, 2), (2, 1)] {
        let mut stage = Stage::with(crate::common::chains::prefix(&chain, 1), |_| {});
        for payment in half(first) {
            stage.ask(Request::Submit(payment));
        }
        assert_eq!(stage.machine.mempool().len(), 130);
        assert_costs_nothing("the other half", stage, half(second));
    }
}

#[test]
fn confirmed_payments_told_again_ask_for_nothing() {
    // each but the last has its coins spent by the next
    let mut chain = genesis();
    let row = in_a_row(&chain, 40);
    mine(&mut chain, row.clone(), 1);
    extend(&mut chain, 3, 1);
    let mut stage = Stage::with(chain, |_| {});
    let peer = Peer::new(stage.connect(), 1);
    stage.take_sent();
    for payment in row.iter().rev().chain(&row) {
        stage.tell(peer, &NodeMessage::Transaction(payment.clone()));
        assert!(stage.take_sent_to(peer).is_empty());
        assert_eq!(stage.machine.mempool().orphans(), 0);
    }
    for payment in row {
        let txid = payment.txid();
        let Response::Submitted(result) = stage.ask(Request::Submit(payment)) else { panic!("an answer") };
        assert_eq!(result, Err(SubmitError::Refused(AdmitError::AlreadyConfirmed { txid })));
    }
}

#[test]
fn a_spend_of_a_spent_coin_takes_no_orphan_place() {
    let mut chain = genesis();
    let row = in_a_row(&chain, 3);
    mine(&mut chain, row.clone(), 1);
    let mut stage = Stage::with(chain, |_| {});
    let peer = Peer::new(stage.connect(), 1);
    stage.take_sent();
    for parent in &row[..2] {
        stage.tell(peer, &NodeMessage::Transaction(spend(0, change(parent), 5, 0)));
    }
    // nor what spends an output that its parent never had
    let (mut none, coin) = change(&row[2]);
    none.vout = 2;
    stage.tell(peer, &NodeMessage::Transaction(spend(0, (none, coin), 5, 0)));
    let told = stage.take_sent_to(peer);
    assert!(told.iter().all(|message| matches!(message, NodeMessage::Reject(_))), "{told:?}");
    assert_eq!((stage.machine.mempool().len(), stage.machine.mempool().orphans()), (0, 0));
}

#[test]
fn a_refused_submission_is_not_kept() {
    let mut stage = Stage::with(chain_of(&ChainParams::regtest(), 1, 1), |_| {});
    let peer = Peer::new(stage.connect(), 1);
    let row = in_a_row(&genesis(), 3);
    for (number, child) in row.iter().enumerate().skip(1) {
        let Response::Submitted(result) = stage.ask(Request::Submit(child.clone())) else { panic!("an answer") };
        let parents = vec![row[number - 1].txid()];
        assert_eq!(result, Err(SubmitError::Refused(AdmitError::UnknownParents { parents })));
        assert_eq!(stage.machine.mempool().orphans(), 0);
    }
    stage.take_sent();
    // its parent comes, from a peer
    stage.tell(peer, &NodeMessage::Transaction(row[0].clone()));
    assert_eq!(stage.machine.mempool().len(), 1);
    assert!(!stage.take_sent().iter().any(|sent| matches!(sent.message, NodeMessage::Transaction(_))));
    for child in &row[1..] {
        let Response::Submitted(result) = stage.ask(Request::Submit(child.clone())) else { panic!("an answer") };
        assert_eq!(result, Ok(child.txid()));
    }
}

#[test]
fn a_refused_submission_says_why_as_a_type() {
    let submit = |stage: &mut Stage, transaction: Transaction| {
        let Response::Submitted(result) = stage.ask(Request::Submit(transaction)) else { panic!("an answer") };
        let Err(SubmitError::Refused(error)) = result else { panic!("it is refused: {result:?}") };
        error
    };
    let rate = FeeRate::grains_per_byte(1);
    let free = payment(&genesis(), 0, 1, 5);
    let error = submit(&mut policy(|config| config.min_fee_rate = rate), free.clone());
    assert_eq!(error, AdmitError::FeeTooLow { fee: Amount::ZERO, size: free.size(), minimum: rate });
    let mut stage = policy(|_| {});
    stage.ask(Request::Submit(free.clone()));
    let error = submit(&mut stage, payment(&genesis(), 0, 1, 6));
    assert!(matches!(error, AdmitError::Conflict { with, .. } if with == free.txid()), "{error}");
    let greedy = TransactionBuilder::new(&ChainParams::regtest())
        .spend(genesis().coins_of(&classroom::owner(1)).unwrap())
        .pay(ChainParams::regtest().address(classroom::owner(2)), Amount::from_grains(7))
        .sign(classroom::key(1));
    let mut unsigned = greedy.unwrap();
    unsigned.signatures[0] = classroom::key(2).sign(&[0; 32]);
    assert_eq!(submit(&mut stage, unsigned).broken_rule(), Some(toycoin_core::Rule::Signature));
}
