//! What an embedder sees of its node: where payments came from, what is searched, and what it can change meanwhile.

use std::time::Duration;

use crate::common::Net;
use toycoin_core::{Amount, ChainParams, SecretKey, TransactionBuilder, Txid};
use toycoin_node::protocol::{BlockSearch, Event, Request, Response, Status, TransactionOrigin};

const SECOND: Duration = Duration::from_secs(1);

fn pair(block_times: [Option<Duration>; 2]) -> Net {
    let mut net = Net::new(3, ChainParams::regtest());
    for block_time in block_times {
        let node = net.add_node(block_time);
        net.connect(node);
    }
    net.run_until(SECOND * 10, |net| net.now >= SECOND * 3);
    net
}

/// Submits a payment of the classroom's key 0 to a node.
fn pay(net: &mut Net, node: usize) -> (Txid, u64) {
    let (params, key) = (ChainParams::regtest(), SecretKey::classroom(0));
    let Response::Coins(coins) = net.ask(node, Request::Coins(key.public_key())) else { panic!("coins") };
    let to = params.address(SecretKey::classroom(1).public_key());
    let builder = TransactionBuilder::new(&params).spend(coins).pay(to, Amount::from_grains(5));
    let payment = builder.sign(&key).expect("enough money");
    let (txid, size) = (payment.txid(), payment.size());
    let Response::Submitted(Ok(_)) = net.ask(node, Request::Submit(payment)) else { panic!("a payment in order") };
    (txid, size)
}

/// Returns size and origin of a payment as a node told them.
fn accepted(net: &Net, node: usize, of: Txid) -> Option<(u64, TransactionOrigin)> {
    net.nodes[node].events.iter().find_map(|event| match event {
        Event::TransactionAccepted { txid, size, origin, .. } if *txid == of => Some((*size, *origin)),
        _ => None,
    })
}

fn status(net: &mut Net, node: usize) -> Status {
    let Response::Status(status) = net.ask(node, Request::Status) else { panic!("a status") };
    status
}

#[test]
fn a_payment_is_own_at_one_node_and_a_peers_at_the_other() {
    let mut net = pair([None, None]);
    let (txid, size) = pay(&mut net, 1);
    net.run_until(SECOND * 60, |net| net.nodes[0].machine.mempool().contains(&txid));
    assert_eq!(accepted(&net, 1, txid), Some((size, TransactionOrigin::Own)));
    let Response::Peers(peers) = net.ask(0, Request::Peers) else { panic!("peers") };
    let [peer] = &peers[..] else { panic!("one peer: {peers:?}") };
    assert_eq!(accepted(&net, 0, txid), Some((size, TransactionOrigin::Peer { id: peer.id })));
}

#[test]
fn a_status_says_what_is_searched() {
    let mut net = pair([Some(SECOND * 3_600), None]);
    let bits = ChainParams::regtest().genesis().header.bits;
    assert_eq!(status(&mut net, 0).search, Some(BlockSearch { height: 1, bits, payments: 0 }));
    assert_eq!(status(&mut net, 1).search, None, "it does not mine");
    pay(&mut net, 0);
    let then = net.now + SECOND * 2;
    net.run_until(SECOND * 60, |net| net.now >= then);
    assert_eq!(status(&mut net, 0).search, Some(BlockSearch { height: 1, bits, payments: 1 }));
    net.ask(0, Request::SetMining(false));
    assert_eq!(status(&mut net, 0).search, None);
}

#[test]
fn a_new_delay_holds_the_next_block_back() {
    let mut net = pair([Some(SECOND), None]);
    net.run_until(SECOND * 60, |net| net.heights()[1] >= 1);
    net.ask(0, Request::SetBlockDelay(SECOND * 500));
    let before = net.heights()[0];
    net.run_until(SECOND * 400, |net| net.heights()[0] >= before + 3);
    assert!(net.heights()[1] <= before, "{:?}: it was found and not published", net.heights());
    // what was held back does not wait longer either
    net.ask(0, Request::SetMining(false));
    net.ask(0, Request::SetBlockDelay(Duration::ZERO));
    net.run_until(SECOND * 10, |net| net.heights()[1] >= before + 3);
}
