//! Two nodes and a relay, driven from one seed without tokio: they mine, fork and heal; two runs are the same byte for byte.

use std::time::Duration;

use crate::common::Net;
use toycoin_core::{Amount, ChainParams, SecretKey, Transaction, TxOut, Txid};
use toycoin_node::protocol::{Event, Request, Response};

const SECOND: Duration = Duration::from_secs(1);

/// Mines together, apart, and together again, with a payment made while apart.
fn run(seed: u64) -> Net {
    let mut net = Net::new(seed, ChainParams::regtest());
    for _ in 0..2 {
        let node = net.add_node(Some(SECOND * 2));
        net.connect(node);
    }
    net.run_until(SECOND * 300, |net| net.heights().iter().all(|height| *height >= 5));

    net.disconnect(1);
    let paid = payment(&mut net, 1);
    let Response::Submitted(Ok(txid)) = net.ask(1, Request::Submit(paid)) else { panic!("a payment in order") };
    let before = net.heights();
    net.run_until(SECOND * 300, |net| net.heights().iter().zip(&before).all(|(now, then)| *now >= then + 3));
    assert!(!net.agree(), "two nodes apart build two chains");

    net.connect(1);
    net.run_until(SECOND * 300, |net| (0..2).all(|node| confirmations(net, node, txid).is_some_and(|n| n >= 3)));
    net.run_until(SECOND * 300, |net| net.agree());
    net
}

fn confirmations(net: &mut Net, node: usize, txid: Txid) -> Option<u64> {
    match net.ask(node, Request::Transaction(txid)) {
        Response::Transaction(found) => found.map(|found| found.confirmations),
        other => panic!("another answer: {other:?}"),
    }
}

fn payment(net: &mut Net, node: usize) -> Transaction {
    let key = SecretKey::classroom(0);
    let Response::Coins(coins) = net.ask(node, Request::Coins(key.public_key())) else { panic!("coins") };
    let (outpoint, coin) = coins[0];
    let half = Amount::from_grains(coin.output.value.grains() / 2);
    let to = |value, key: &SecretKey| TxOut { value, owner: key.public_key() };
    let outputs = vec![to(half, &SecretKey::classroom(1)), to(half, &key)];
    let mut transaction = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: vec![] };
    transaction.sign_all(ChainParams::regtest().genesis_hash(), &[coin.output], &key);
    transaction
}

#[test]
fn two_nodes_mine_fork_and_heal_and_two_runs_are_equal() {
    let (one, other) = (run(7), run(7));
    assert_eq!(one.trace.len(), other.trace.len());
    for (one, other) in one.trace.iter().zip(&other.trace) {
        assert_eq!(one, other);
    }
    assert!(run(8).trace != one.trace, "another seed is another run");

    let reorgs = one.nodes.iter().flat_map(|node| &node.events).filter(|event| match event {
        Event::TipChanged { reorg, .. } => reorg.is_some(),
        _ => false,
    });
    assert!(reorgs.count() >= 1, "one of the two gave up its branch");
    for node in &one.nodes {
        assert!(node.machine.chain().audit().expect("memory does not fail").holds);
        assert!(!node.events.iter().any(|event| matches!(event, Event::PeerMuted { .. })), "nobody misbehaved");
    }
}
