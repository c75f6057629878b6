//! Peers that do not read what they are gossiped, or do not answer pings: what they may cost, and when they are gone.

mod common;

use std::{cell::Cell, time::Duration};

use toycoin_core::ChainParams;
use toycoin_node::{peering::PeerId, protocol::Judgement};
use toycoin_p2p::{
    Config,
    limits::{MAX_GOSSIP, MAX_GOSSIP_LOST, MAX_GOSSIP_QUEUE},
    node_id,
};
use toycoin_wire::NodeId;

use self::common::{
    Played,
    attacker::{Attacker, Pings},
    config, soon, until,
};

fn name_of(attacker: &Attacker) -> NodeId {
    node_id(&PeerId::from_bytes(&attacker.id.to_bytes()).expect("a peer id"))
}

/// Returns a carrier that an attacker has joined.
async fn meet(config: Config, attacker: &Attacker) -> Played {
    let mut node = Played::start(config).await;
    attacker.dial(&node.address().to_string());
    node.joined(name_of(attacker)).await;
    node
}

/// Returns a carrier, and a neighbour in its gossip that reads nothing.
async fn meet_deaf() -> (Played, Attacker) {
    let deaf = Attacker::deaf(&ChainParams::regtest());
    let node = meet(config(), &deaf).await;
    deaf.pretends_to_gossip();
    node.gossips_with(1).await;
    (node, deaf)
}

/// Returns a payload of transactions with a number.
fn payload(number: usize, size: usize) -> Vec<u8> {
    let mut payload = format!("TXN {number} ").into_bytes();
    payload.resize(size, 7);
    payload
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gossip_that_nobody_reads_is_bounded() {
    let (node, deaf) = meet_deaf().await;
    for number in 0..2 * MAX_GOSSIP_QUEUE {
        node.publish(payload(number, MAX_GOSSIP));
    }
    // it is asked after that
    node.ask(name_of(&deaf), &b"STAT"[..]);
    deaf.saw("a question", |seen| seen.questions > 0).await;
    // all that is kept comes over the stream in order, and then what is said now
    deaf.listen();
    let number = Cell::new(0);
    until("what is said last", async || {
        number.set(number.get() + 1);
        node.publish(format!("TXN said last {}", number.get()));
        let heard = deaf.heard();
        heard.windows(13).rev().take(4_096).any(|bytes| bytes == b"TXN said last")
    })
    .await;
    let heard = deaf.heard().len();
    eprintln!("{} KiB were kept", heard >> 10);
    // beside the queue, a stream's window of 256 KiB, and what is being written
    assert!(heard <= (MAX_GOSSIP_QUEUE + 6) * (MAX_GOSSIP + 256), "{heard}");
    assert!(heard <= 9 << 20, "{heard}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbour_that_reads_nothing_is_parted_from() {
    const SIZE: usize = 8 << 10;
    const BATCH: usize = 16;
    let (mut node, deaf) = meet_deaf().await;
    let mut reader = Played::start(config().peer(node.address())).await;
    node.joined(reader.name()).await;
    node.gossips_with(2).await;
    reader.gossips_with(1).await;
    // a window of 256 KiB, the queue, and what must be lost; one more batch for what is being written
    let batches = ((256 << 10) / SIZE + MAX_GOSSIP_QUEUE + MAX_GOSSIP_LOST).div_ceil(BATCH) + 1;
    for batch in 0..batches {
        for number in 0..BATCH {
            node.publish(payload(batch * BATCH + number, SIZE));
        }
        for _ in 0..BATCH {
            let (_, ticket, _) = reader.gossip().await;
            reader.judge(ticket, Judgement::Ignore);
        }
    }
    node.left(name_of(&deaf)).await;
    deaf.is_closed().await;
    let peers = node.mesh.peers().await;
    assert_eq!(peers.iter().map(|peer| peer.node).collect::<Vec<_>>(), [reader.name()]);
    // slowness is no fault: it may come again
    deaf.dial(&node.address().to_string());
    node.joined(name_of(&deaf)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pings_without_an_answer_end_a_connection() {
    let silent = Attacker::pinged(&ChainParams::regtest(), Pings::Ignores);
    let config = config().ping_every(Duration::from_secs(5), Duration::from_millis(200));
    let mut node = meet(config, &silent).await;
    node.left(name_of(&silent)).await;
    silent.is_closed().await;
    assert_eq!(silent.seen().pings, 2);
    assert_eq!(node.mesh.counters().violations, 0);
    // nobody is muted for it
    silent.dial(&node.address().to_string());
    node.joined(name_of(&silent)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_pings_that_are_not_in_a_row_end_nothing() {
    let halving = Attacker::pinged(&ChainParams::regtest(), Pings::Halves);
    let config = config().ping_every(Duration::from_millis(20), Duration::from_secs(60));
    let node = meet(config, &halving).await;
    // one is lost between two that it sees
    halving.saw("pings", |seen| seen.pings >= 5).await;
    let peers = soon("its peers", node.mesh.peers()).await;
    assert_eq!(peers.iter().map(|peer| peer.node).collect::<Vec<_>>(), [name_of(&halving)]);
    assert_eq!(halving.seen().closed, 0);
}
