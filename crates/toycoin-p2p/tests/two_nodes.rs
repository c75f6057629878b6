//! Two carriers on loopback, each with a node that the test plays.

mod common;
#[path = "../../toycoin-node/tests/sockets/reserved_port.rs"]
mod reserved_port;

use std::time::Duration;

use bytes::Bytes;
use toycoin_core::{BlockHash, ChainParams, OutPoint, Transaction, Txid};
use toycoin_node::{
    protocol::{Direction, Judgement, Missed, Unanswered},
    rt::{MeshCommand, MeshEvent, mesh_port},
};
use toycoin_p2p::{Config, StartError, node_id, start};
use toycoin_wire::node::NodeMessage;

use self::{
    common::{Played, anybody_at, config, soon, until},
    reserved_port::ReservedPort,
};

/// Returns two carriers that have joined; the second has dialled the first.
async fn pair() -> (Played, Played) {
    let mut first = Played::start(config()).await;
    let mut second = Played::start(config().peer(first.address())).await;
    let (a, b) = (first.name(), second.name());
    first.joined(b).await;
    second.joined(a).await;
    (first, second)
}

#[tokio::test]
async fn nodes_join_and_leave() {
    let mut first = Played::start(config()).await;
    assert_eq!(first.next().await, MeshEvent::Up);
    let mut second = Played::start(config().peer(first.address()).agent("teacher/1 \u{1b}[31m")).await;
    assert_eq!(second.next().await, MeshEvent::Up);
    let joined = second.next().await;
    let address = first.address().to_string();
    assert_eq!(joined, MeshEvent::Joined { peer: first.name(), direction: Direction::Outbound, address });
    let MeshEvent::Joined { peer, direction, address } = first.next().await else { panic!("it joins") };
    assert_eq!((peer, direction), (second.name(), Direction::Inbound));
    assert!(address.ends_with(&second.mesh.peer_id().to_string()), "{address}");

    let peers = first.mesh.peers().await;
    assert_eq!(peers.len(), 1);
    assert_eq!(node_id(&peers[0].id), second.name());
    assert_eq!(peers[0].agent, "teacher/1 \\u{1b}[31m");

    second.mesh.shutdown().await;
    assert_eq!(second.next().await, MeshEvent::Down { reason: "this node ends".into() });
    first.left(second.name()).await;
    assert!(first.mesh.peers().await.is_empty());
}

#[tokio::test]
async fn carrier_ends_with_its_node() {
    let (mut first, second) = pair().await;
    let (mesh, name) = (second.mesh.clone(), second.name());
    drop(second.port);
    soon("the end", mesh.ended()).await;
    assert!(mesh.peers().await.is_empty());
    mesh.shutdown().await;
    first.left(name).await;
}

#[tokio::test]
async fn question_gets_its_answer() {
    let (mut first, mut second) = pair().await;
    let (a, b) = (first.name(), second.name());
    second.ask(a, &b"GTXNbody"[..]);
    let (from, question, payload) = first.question().await;
    assert_eq!((from, &payload[..]), (b, &b"GTXNbody"[..]));
    first.answer_with(b, question, &[b"TXN one", b"TXN two", b"NOTFthree"]);
    for frame in [&b"TXN one"[..], b"TXN two", b"NOTFthree"] {
        let (from, payload) = second.answer().await;
        assert_eq!((from, &payload[..]), (a, frame));
    }
    // the one that was dialled may ask as well
    first.ask(b, &b"STATbody"[..]);
    let (_, question, _) = second.question().await;
    second.answer_with(a, question, &[b"STATmine"]);
    assert_eq!(first.answer().await.1, &b"STATmine"[..]);
    assert_eq!(first.mesh.counters().violations + second.mesh.counters().violations, 0);
}

#[tokio::test]
async fn empty_answer_costs_nothing() {
    let (mut first, mut second) = pair().await;
    let (a, b) = (first.name(), second.name());
    // more than may be in flight at a time
    for _ in 0..40 {
        second.ask(a, &b"GHDRbody"[..]);
    }
    for _ in 0..40 {
        let (_, question, _) = first.question().await;
        first.answer_with(b, question, &[]);
    }
    second.ask(a, &b"STAT"[..]);
    let (_, question, _) = first.question().await;
    first.answer_with(b, question, &[b"STATx"]);
    assert_eq!(second.answer().await.1, &b"STATx"[..]);
    assert_eq!(second.mesh.counters().failed, 0);
}

#[tokio::test]
async fn node_learns_what_is_not_answered() {
    let (mut first, mut second) = pair().await;
    let (a, b) = (first.name(), second.name());
    let hash = |byte| BlockHash::from_bytes([byte; 32]);
    let blocks = |hashes: &[BlockHash]| Bytes::from(NodeMessage::GetBlocks(hashes.to_vec()).encode().unwrap());
    let transactions = NodeMessage::GetTransactions(vec![Txid::ZERO; 3]).encode().unwrap();
    second.ask(a, &b"STATnobody waits for the answer"[..]);
    second.ask(a, &b"GHDRbody"[..]);
    second.ask(a, blocks(&[hash(1), hash(2)]));
    second.ask(a, transactions.clone());
    for _ in 0..5 {
        let (_, question, payload) = first.question().await;
        let frames: &[&[u8]] = match &payload[..4] {
            b"GBLK" if payload == blocks(&[hash(2)]) => &[b"BLOC"],
            b"GTXN" => &[b"TXN one", b"NOTFtwo"],
            _ => &[],
        };
        first.answer_with(b, question, frames);
    }
    let mut unanswered = Vec::new();
    while unanswered.len() < 3 {
        if let MeshEvent::Unanswered { from, question, why } = second.next().await {
            assert_eq!((from, why), (a, Unanswered::NotNow));
            unanswered.push(question);
        }
    }
    unanswered.sort();
    assert_eq!(unanswered, [blocks(&[hash(1)]), Bytes::from_static(b"GHDRbody"), transactions.into()]);
    // and one whose answer does not end in time
    second.ask(a, &b"GHDRagain"[..]);
    let why = loop {
        if let MeshEvent::Unanswered { why, .. } = second.next().await {
            break why;
        }
    };
    assert_eq!(why, Unanswered::TimedOut);
}

#[tokio::test]
async fn blocks_are_asked_for_one_by_one() {
    let (mut first, second) = pair().await;
    let hash: BlockHash = ChainParams::regtest().genesis_hash();
    let blocks = |count| Bytes::from(NodeMessage::GetBlocks(vec![hash; count]).encode().unwrap());
    second.ask(first.name(), blocks(3));
    for _ in 0..3 {
        let (from, question, payload) = first.question().await;
        assert_eq!(payload, blocks(1));
        first.answer_with(from, question, &[b"BLOC"]);
    }
}

#[tokio::test]
async fn gossip_waits_for_its_judgement() {
    let (mut first, second) = pair().await;
    first.gossips_with(1).await;
    second.gossips_with(1).await;
    for (payload, judgement) in
        [("TXN accepted", Judgement::Accept), ("BLOCignored", Judgement::Ignore), ("TXN rejected", Judgement::Reject)]
    {
        second.publish(payload);
        let (from, ticket, heard) = first.gossip().await;
        assert_eq!((from, &heard[..]), (second.name(), payload.as_bytes()));
        first.judge(ticket, judgement);
        // once more, which counts for nothing
        first.judge(ticket, Judgement::Reject);
    }
    until("three judgements", async || {
        let counters = first.mesh.counters();
        (counters.accepted, counters.ignored, counters.rejected) == (1, 1, 1)
    })
    .await;
    let score = first.mesh.peers().await[0].score;
    assert!(score < -20.0, "a rejected message costs 25: {score}");
    assert_eq!(second.mesh.counters().published, 3);
}

/// A payment that nobody judges, as it is gossiped.
fn payment(from: u8, number: u32) -> Transaction {
    let inputs = vec![OutPoint { txid: Txid::from_bytes([from; 32]), vout: number }];
    Transaction { version: 1, inputs, outputs: Vec::new(), signatures: Vec::new() }
}

#[tokio::test]
async fn colluding_neighbours_leave_room_for_others() {
    let mut node = Played::start(config()).await;
    let mut others = Vec::new();
    for _ in 0..5 {
        let other = Played::start(config().peer(node.address())).await;
        node.joined(other.name()).await;
        other.gossips_with(1).await;
        others.push(other);
    }
    let honest = others.pop().expect("five");
    let publish = |who: &Played, payment: Transaction| {
        who.publish(NodeMessage::Transaction(payment).encode().unwrap());
    };
    for number in 0..100 {
        (0..).zip(&others).for_each(|(place, other)| publish(other, payment(place, number)));
    }
    until("no room", async || node.mesh.counters().unjudged >= 100).await;
    publish(&honest, payment(9, 0));
    let (mut is_heard, mut missed) = (false, 0);
    while !is_heard || missed == 0 {
        match node.next().await {
            MeshEvent::Heard { payload, .. } => {
                is_heard |= payload[..] == NodeMessage::Transaction(payment(9, 0)).encode().unwrap()[..];
            }
            MeshEvent::Missed { what: Missed::Transaction(_), .. } => missed += 1,
            _ => {}
        }
    }
}

#[tokio::test]
async fn gossip_that_nobody_judges_is_ignored() {
    let (mut first, second) = pair().await;
    second.gossips_with(1).await;
    second.publish("TXN forgotten");
    let (_, ticket, _) = first.gossip().await;
    until("the end of its time", async || first.mesh.counters().unjudged == 1).await;
    first.judge(ticket, Judgement::Accept);
    let counters = first.mesh.counters();
    assert_eq!((counters.ignored, counters.accepted), (1, 0));
}

#[tokio::test]
async fn muted_peer_is_gone_and_stays_away() {
    let (mut first, mut second) = pair().await;
    let (a, b) = (first.name(), second.name());
    first.port.tell(MeshCommand::Shun { peer: b, time: Duration::from_secs(3_600) });
    first.left(b).await;
    second.left(a).await;
    // it dials again, and is refused
    until("a refusal", async || first.mesh.counters().refused > 0).await;
    assert!(first.mesh.peers().await.is_empty());
}

#[tokio::test]
async fn nodes_of_another_network_part_at_once() {
    let mut first = Played::start(config()).await;
    let other = Config::new(&ChainParams::lab()).peer(first.address());
    let stranger = Played::start(other).await;
    // it dials for ever; this one comes later and joins
    let second = Played::start(config().peer(first.address())).await;
    first.joined(second.name()).await;
    assert!(stranger.mesh.peers().await.is_empty());
    assert_eq!(first.mesh.peers().await.len(), 1);
}

#[tokio::test]
async fn taken_address_is_named() {
    let first = Played::start(config()).await;
    let taken = first.address().endpoint;
    let (_port, end) = mesh_port(1);
    let config = Config::new(&ChainParams::regtest()).listen(taken);
    let error = start(config, end).await.unwrap_err();
    assert!(matches!(&error, StartError::Listen { address, .. } if *address == taken.into()));
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
}

#[tokio::test]
async fn node_that_is_behind_blames_nobody() {
    let mut first = Played::start(config()).await;
    // a node that hears nothing beyond these
    let (port, end) = mesh_port(2);
    let slow = start(config().peer(first.address()), end).await.unwrap();
    let name = node_id(slow.peer_id());
    first.joined(name).await;
    first.gossips_with(1).await;
    first.publish("TXN unheard");
    first.ask(name, &b"STAT"[..]);
    until("drops", async || slow.counters().unanswered == 1 && slow.counters().unjudged == 1).await;
    assert_eq!(first.mesh.peers().await.len(), 1);
    assert!(slow.peers().await[0].score >= 0.0);
    drop(port);
    first.left(name).await;
}

#[tokio::test]
async fn mute_survives_a_restart() {
    let mut name = [0; 8];
    getrandom::fill(&mut name).unwrap();
    let folder = std::env::temp_dir().join(format!("toycoin-p2p-mute-{}", u64::from_ne_bytes(name)));
    std::fs::create_dir(&folder).unwrap();
    let config_of_first = config().key_file(folder.join("p2p.key")).peers_file(folder.join("peers"));
    let mut first = Played::start(config_of_first.clone()).await;
    let id = first.mesh.peer_id().clone();
    // the address stays over the restart, whoever takes the port on which the first one listened
    let to_first = ReservedPort::new().forward_to(first.address().endpoint.to_socket_addr());
    let second = Played::start(config().peer(anybody_at(to_first.address()))).await;
    first.joined(second.name()).await;
    first.port.tell(MeshCommand::Shun { peer: second.name(), time: Duration::from_secs(3_600) });
    first.left(second.name()).await;
    to_first.hold();
    first.mesh.shutdown().await;
    assert!(std::fs::read_to_string(folder.join("peers")).unwrap().contains("mute "));
    drop(first);

    let first = Played::start(config_of_first).await;
    assert_eq!(first.mesh.peer_id(), &id);
    to_first.forward_to(first.address().endpoint.to_socket_addr());
    until("a refusal", async || first.mesh.counters().refused > 0).await;
    assert!(first.mesh.peers().await.is_empty());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn node_that_dials_itself_joins_nobody() {
    // an address that is its own, and that it does not know to be
    let to_itself = ReservedPort::new().listen();
    let mut first = Played::start(config().peer(anybody_at(to_itself.address()))).await;
    to_itself.forward_to(first.address().endpoint.to_socket_addr());
    until("its own dial", async || first.mesh.counters().refused == 1).await;
    let second = Played::start(config().peer(first.address())).await;
    first.joined(second.name()).await;
    assert_eq!(first.mesh.peers().await.len(), 1);
}
