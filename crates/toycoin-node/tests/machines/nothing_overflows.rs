//! Whatever a node has to say, it says no more than its relay connection takes: it is never left for what was not written.

use std::time::Duration;

use crate::common::{
    chains::{chain_of, status, wide_payment},
    stage::{Peer, Stage},
};
use toycoin_core::{Amount, BlockHash, ChainParams, SecretKey, chain::Chain, test_util::classroom};
use toycoin_node::{limits, protocol::Request};
use toycoin_wire::{
    node::{GetHeaders, NodeMessage},
    relay::RelayMessage,
};

/// A node with a chain of full pages of headers, whose relay takes nothing until it is told to.
fn stuck() -> (Stage, Peer) {
    let mut stage = Stage::with(chain_of(&ChainParams::regtest(), limits::HEADERS_A_MESSAGE, 1), |_| {});
    let peer = Peer::new(stage.connect(), 1);
    stage.take_sent();
    stage.holds_writes = true;
    (stage, peer)
}

fn page() -> NodeMessage {
    NodeMessage::GetHeaders(GetHeaders { locator: Vec::new(), stop: BlockHash::ZERO })
}

#[test]
fn burst_of_questions_closes_no_connection() {
    for peers in [1, 16, 468] {
        let (mut stage, first) = stuck();
        for number in 0..468 {
            stage.tell(Peer::new(first.connection, number % peers), &page());
        }
        assert!(stage.closed.is_empty() && stage.is_connected(first.connection));
        let counts = stage.machine.counts();
        assert!(counts.most_unwritten_answers <= limits::ANSWER_SHARE, "{counts:?}");
        assert!(stage.unwritten(first.connection) <= limits::TRANSPORT_QUEUE_BYTES as u64);
    }
}

#[test]
fn relay_that_asks_and_reads_nothing_is_left() {
    let (mut stage, peer) = stuck();
    for nonce in 0..100_000 {
        if !stage.is_connected(peer.connection) {
            break;
        }
        stage.relay_says(peer.connection, &RelayMessage::Ping(nonce));
        assert!(stage.unwritten(peer.connection) <= limits::CLIENT_SHARE);
    }
    assert!(!stage.is_connected(peer.connection));
    assert!(stage.closed[0].1.contains("PING"), "{:?}", stage.closed);
}

#[test]
fn payments_passed_on_take_their_share_and_no_more() {
    let (mut stage, peer) = stuck();
    let sink = stage.connect();
    let genesis = Chain::in_memory(ChainParams::regtest());
    // each replaces the one before, at a higher fee
    for round in 1..=20 {
        let mut wide = wide_payment(&genesis, 0, 2_250);
        let spent = genesis.coin(&wide.inputs[0]).unwrap().unwrap().output;
        let rest = wide.outputs.last_mut().unwrap();
        rest.value = Amount::from_grains(rest.value.grains() - round * 200_000);
        classroom::sign(&mut wide, ChainParams::regtest().genesis_hash(), &[spent]);
        stage.tell(peer, &NodeMessage::Transaction(wide));
    }
    assert!(stage.machine.unsent() > 0 && stage.closed.is_empty());
    assert!(stage.unwritten(sink) <= limits::FORWARD_SHARE + 10_000, "{}", stage.unwritten(sink));
    // and what matters more still goes out there
    let behind = status(&genesis, stage.unix_ms());
    stage.tell(Peer::new(sink, 7), &behind);
    stage.tell(Peer::new(sink, 7), &page());
    let told = stage.take_sent_to(Peer::new(sink, 7));
    assert!(told.iter().any(|message| matches!(message, NodeMessage::Headers(_))), "{} answers", told.len());
}

#[test]
fn block_without_room_is_told_by_status_later() {
    let params = ChainParams::regtest();
    let mut stage = Stage::with(Chain::in_memory(params), |config| {
        config.payout = Some(SecretKey::classroom(3).public_key());
    });
    let peer = Peer::new(stage.connect(), 1);
    stage.holds_writes = true;
    stage.advance(limits::JOIN_GRACE);
    while stage.machine.unsent() == 0 {
        let height = stage.machine.chain().height();
        assert!(height <= limits::BLOCK_SHARE / 200, "{height} blocks fit");
        // without payments, whose short ids would weigh little more
        stage.advance(Duration::from_millis(100));
        let job = stage.job.expect("it mines");
        stage.mine(job);
    }
    let tip = stage.machine.chain().tip().hash;
    stage.advance(limits::ANNOUNCE_SPREAD);
    let told = stage.take_sent();
    assert!(!told.iter().any(|sent| matches!(&sent.message, NodeMessage::CompactBlock(block) if block.hash() == tip)));
    let says_tip = |message: &NodeMessage| matches!(message, NodeMessage::Status(status) if status.tip == tip);
    assert!(told.iter().any(|sent| sent.to.is_none() && says_tip(&sent.message)), "whoever hears of it asks for it");
    assert!(stage.closed.is_empty() && stage.is_connected(peer.connection));
    assert!(matches!(stage.ask(Request::Status), toycoin_node::protocol::Response::Status(_)));
}
