//! Whoever was away, however long, ends on the chain of the others: a relay and several nodes under virtual time.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::common::{
    Net,
    chains::{block_at, headers, mine, payment},
    stage::{Peer, Stage},
};
use toycoin_core::{
    Chain, ChainParams, Txid,
    consensus::{BatchVerifier, SignatureCheck, SignatureVerifier},
};
use toycoin_node::{
    protocol::{Event, Request, Response},
    relay::{RelayConfig, RelayMachine},
};
use toycoin_wire::{
    ChannelRef, NodeId, Tag,
    node::NodeMessage,
    relay::{Hello, Publish, RelayMessage},
};

const SECOND: Duration = Duration::from_secs(1);

/// Nodes that mine a block every so often, connected, at a height.
fn network(seed: u64, miners: usize, block_time: Duration, height: u64) -> Net {
    let mut net = Net::new(seed, ChainParams::regtest());
    for _ in 0..miners {
        let node = net.add_node(Some(block_time));
        net.connect(node);
    }
    net.run_until(SECOND * 600, |net| net.heights().iter().all(|at| *at >= height));
    net
}

fn stop_mining(net: &mut Net) {
    for node in 0..net.nodes.len() {
        net.ask(node, Request::SetMining(false));
    }
}

fn confirmations(net: &mut Net, node: usize, txid: Txid) -> Option<u64> {
    let Response::Transaction(found) = net.ask(node, Request::Transaction(txid)) else { panic!("a place") };
    found.map(|found| found.confirmations)
}

fn assert_nobody_was_muted(net: &Net) {
    for node in &net.nodes {
        let muted = node.events.iter().find(|event| matches!(event, Event::PeerMuted { .. }));
        assert!(muted.is_none(), "{muted:?}");
    }
}

/// How many node messages with this tag a node published, by what it wrote.
fn published(net: &Net, node: usize, tag: Tag) -> usize {
    net.published.iter().filter(|(by, of)| (*by, *of) == (node, tag)).count()
}

#[test]
fn a_late_joiner_catches_up() {
    let mut net = network(1, 3, SECOND, 70);
    stop_mining(&mut net);
    net.run_until(SECOND * 120, |net| net.agree());
    let served = |net: &Net| (0..3).map(|node| published(net, node, Tag::BLOC)).collect::<Vec<_>>();
    let before = served(&net);

    let joiner = net.add_node(None);
    net.connect(joiner);
    net.run_until(SECOND * 60, |net| net.agree());

    let bodies: Vec<_> = served(&net).iter().zip(before).map(|(now, then)| now - then).collect();
    assert_eq!(bodies.iter().sum::<usize>() as u64, net.heights()[joiner], "each block once: {bodies:?}");
    assert!(bodies.iter().all(|count| *count > 10), "spread over all who have them: {bodies:?}");
    assert_eq!(published(&net, joiner, Tag::GHDR), 1, "headers first, in one message");
    assert_nobody_was_muted(&net);
}

/// Notes how many signatures it is asked for at a time.
#[derive(Default)]
struct Noting(Mutex<Vec<usize>>);

impl SignatureVerifier for Noting {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        self.0.lock().expect("one thread").push(checks.len());
        BatchVerifier::default().first_invalid(checks)
    }
}

#[test]
fn signatures_are_verified_together_in_catching_up() {
    const BLOCKS: usize = 100;
    let params = ChainParams::regtest();
    let mut theirs = Chain::in_memory(params.clone());
    for number in 0..BLOCKS {
        let paid = payment(&theirs, u32::try_from(number % 4).expect("a key"), 5, 1);
        mine(&mut theirs, vec![paid], 1);
    }
    let noting = Arc::new(Noting::default());
    let verifier: Arc<dyn SignatureVerifier> = noting.clone();
    let mut stage = Stage::with(Chain::in_memory(params).with_verifier(verifier), |_| {});
    let relay = stage.connect();
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &theirs);
    stage.advance(SECOND);
    stage.tell(peer, &NodeMessage::Headers(headers(&theirs, 1..=BLOCKS as u64)));
    let bodies: Vec<_> = (1..=BLOCKS as u64).map(|height| NodeMessage::Block(block_at(&theirs, height))).collect();
    stage.tell_at_once(peer, &bodies);
    assert!(stage.machine.chain().height() > 0, "so many wait and no more");
    stage.advance(Duration::ZERO);
    assert!(stage.has_tip_of(&theirs));
    let asked = noting.0.lock().expect("one thread").clone();
    assert_eq!(asked.iter().sum::<usize>(), BLOCKS, "each once: {asked:?}");
    assert!(asked.len() < 5, "{asked:?}");
}

#[test]
fn a_late_joiner_that_mines_catches_up_first() {
    let mut net = network(2, 2, SECOND, 70);
    let height = net.heights()[0];
    let joiner = net.add_node(Some(SECOND));
    net.connect(joiner);
    net.run_until(SECOND * 120, |net| net.agree() && net.heights()[joiner] > height);
    let first = net.nodes[joiner].events.iter().find_map(|event| match event {
        Event::BlockMined { height, .. } => Some(*height),
        _ => None,
    });
    assert!(first.is_none_or(|mined| mined > height), "no block on genesis");
}

#[test]
fn node_that_was_cut_off_reorganises_and_loses_no_payment() {
    let mut net = network(3, 3, SECOND, 10);
    net.disconnect(2);
    let paid = payment(net.nodes[2].machine.chain(), 0, 1, 5_000);
    let Response::Submitted(Ok(txid)) = net.ask(2, Request::Submit(paid)) else { panic!("a payment in order") };
    net.run_until(SECOND * 120, |net| confirmations(net, 2, txid) >= Some(2));
    let (lonely, others) = (net.heights()[2], net.heights()[0]);
    net.run_until(SECOND * 120, |net| net.heights()[0] > lonely.max(others) + 5);
    // its own branch stays behind
    net.ask(2, Request::SetMining(false));

    net.connect(2);
    net.run_until(SECOND * 60, |net| net.agree());
    let events = &net.nodes[2].events;
    let given_up = events.iter().filter(|event| matches!(event, Event::BlockDisconnected { .. })).count();
    assert!(given_up >= 2, "the branch with the payment left the chain");
    net.run_until(SECOND * 120, |net| (0..3).all(|node| confirmations(net, node, txid) >= Some(3)));
    assert_nobody_was_muted(&net);
}

#[test]
fn nodes_agree_again_after_their_relay_was_gone() {
    let mut net = network(4, 3, SECOND * 2, 8);
    for node in 0..3 {
        net.disconnect(node);
    }
    net.relay = RelayMachine::new(RelayConfig::default());
    let before = net.heights();
    net.run_until(SECOND * 300, |net| net.heights().iter().zip(&before).all(|(now, then)| *now >= then + 4));
    assert!(!net.agree(), "three nodes apart build three chains");
    for node in 0..3 {
        net.connect(node);
    }
    stop_mining(&mut net);
    // of branches with equal work each stays where it is: one block more decides
    net.ask(0, Request::SetMining(true));
    net.run_until(SECOND * 300, |net| net.agree());
    assert_nobody_was_muted(&net);
}

#[test]
fn each_new_block_sends_one_block_not_the_chain() {
    let mut net = network(5, 1, SECOND, 30);
    let listener = net.add_node(None);
    net.connect(listener);
    net.run_until(SECOND * 60, |net| net.agree());

    let before = (published(&net, 0, Tag::CBLK), net.heights()[0]);
    net.run_until(SECOND * 120, |net| net.agree() && net.heights()[0] >= before.1 + 20);
    let mined = net.heights()[0] - before.1;
    assert_eq!((published(&net, 0, Tag::CBLK) - before.0) as u64, mined, "one compact block for each block");
    assert_eq!(published(&net, 0, Tag::HDRS), 1, "headers went out once, when the listener joined");
}

#[test]
fn nodes_do_not_hear_themselves() {
    let mut net = network(6, 1, SECOND, 10);
    let paid = payment(net.nodes[0].machine.chain(), 0, 1, 5_000);
    let Response::Submitted(Ok(_)) = net.ask(0, Request::Submit(paid)) else { panic!("a payment in order") };
    net.run_for(SECOND * 60);
    assert!(published(&net, 0, Tag::STAT) > 1 && published(&net, 0, Tag::TXN) >= 1, "it did speak");
    let Response::Peers(peers) = net.ask(0, Request::Peers) else { panic!("peers") };
    assert!(peers.is_empty(), "it alone is on the channel: {peers:?}");
}

#[test]
fn one_malformed_message_does_not_kill_a_node() {
    let mut net = network(7, 2, SECOND, 5);
    let stranger = net.stranger();
    let id = NodeId::new([9; 16]);
    net.stranger_sends(stranger, &RelayMessage::Hello(Hello { node_id: id, agent: "noise" }).to_frame().unwrap());
    let channel = ChannelRef::new("/topic/main").unwrap();
    for payload in [b"BLOC\xff\xff\xff\xff".as_slice(), b"", b"TX", b"TXN ", b"NOISE AND MORE NOISE"] {
        let message = RelayMessage::Publish(Publish { channel, to: None, payload });
        net.stranger_sends(stranger, &message.to_frame().unwrap());
    }
    let height = net.heights()[0];
    net.run_until(SECOND * 60, |net| net.agree() && net.heights()[0] >= height + 5);
    for node in &net.nodes {
        let muted = node.events.iter().filter(|event| matches!(event, Event::PeerMuted { .. }));
        assert!(muted.count() == 1 && node.closed.is_empty(), "the sender is muted, the relay is not left");
    }
}

#[test]
fn tip_below_a_withheld_block_is_announced_elsewhere() {
    const BLOCKS: u64 = 10;
    let params = ChainParams::regtest();
    let mut theirs = Chain::in_memory(params.clone());
    for _ in 0..=BLOCKS {
        mine(&mut theirs, Vec::new(), 1);
    }
    // the last block's header is shown, and its body never comes
    let mut stage = Stage::new(&params);
    let (relay, elsewhere) = (stage.connect(), stage.connect());
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &theirs);
    stage.advance(SECOND);
    stage.tell(peer, &NodeMessage::Headers(headers(&theirs, 1..=BLOCKS + 1)));
    for height in 1..=BLOCKS {
        stage.tell(peer, &NodeMessage::Block(block_at(&theirs, height)));
    }
    stage.take_sent();
    stage.advance(SECOND * 14);
    assert_eq!(stage.machine.chain().height(), BLOCKS);
    let announced = stage.take_sent().into_iter().any(|sent| {
        sent.connection == elsewhere && matches!(sent.message, NodeMessage::Status(status) if status.height == BLOCKS)
    });
    assert!(announced);
}
