//! One node on a mesh whose peers leave its questions unanswered: others are asked, and nobody loses rank for "not now".

use std::time::Duration;

use crate::common::{
    chains::{PeerChain, block_at, chain_of, headers, status},
    stage::{Peer, Stage},
};
use toycoin_core::ChainParams;
use toycoin_node::{
    limits,
    protocol::{Direction, Unanswered},
};
use toycoin_wire::{Tag, node::NodeMessage};

const MS: Duration = Duration::from_millis(1);

fn regtest() -> ChainParams {
    ChainParams::regtest()
}

/// A node, and peers of its mesh that claim a chain. Nobody was asked for it so far.
fn node_behind(peers: u32, chain: &PeerChain) -> (Stage, Vec<Peer>) {
    let mut stage = Stage::new(&regtest());
    let mesh = stage.mesh_up();
    let peers: Vec<_> = (1..=peers).map(|number| Peer::new(mesh, number)).collect();
    for peer in &peers {
        stage.join(*peer, Direction::Inbound);
        stage.question(*peer, &status(chain, 0));
    }
    (stage, peers)
}

/// The questions with a tag that a peer was asked.
fn asked(stage: &mut Stage, peer: Peer, tag: Tag) -> Vec<NodeMessage> {
    stage.take_sent_to(peer).into_iter().filter(|message| message.tag() == tag).collect()
}

/// Waits until a peer is asked something with a tag, and returns that.
fn next_asked(stage: &mut Stage, peers: &[Peer], tag: Tag) -> (Peer, NodeMessage) {
    for _ in 0..100_000 {
        for peer in peers {
            if let Some(question) = asked(stage, *peer, tag).pop() {
                return (*peer, question);
            }
        }
        stage.advance(MS);
    }
    panic!("{tag} is asked of nobody")
}

/// A node that knows the headers of a chain from its first peer, and the peer that it asked for blocks then.
fn node_without_bodies(peers: u32, chain: &PeerChain) -> (Stage, Vec<Peer>, Peer, NodeMessage) {
    let (mut stage, peers) = node_behind(peers, chain);
    let (leader, _) = next_asked(&mut stage, &peers, Tag::GHDR);
    stage.answer(leader, &NodeMessage::Headers(headers(chain, 1..=chain.height())));
    let (peer, question) = next_asked(&mut stage, &peers, Tag::GBLK);
    (stage, peers, peer, question)
}

#[test]
fn another_peer_is_asked_at_once_for_a_block_that_is_not_now() {
    let chain = chain_of(&regtest(), 1, 0);
    let (mut stage, peers, busy, question) = node_without_bodies(2, &chain);
    let other = *peers.iter().find(|peer| **peer != busy).unwrap();
    let asked_at = stage.now;
    stage.unanswered(busy, &question, Unanswered::NotNow);
    assert_eq!(asked(&mut stage, other, Tag::GBLK), [question]);
    assert_eq!(stage.now, asked_at);
    assert_eq!(asked(&mut stage, busy, Tag::GBLK), []);
    assert_eq!(stage.score(busy), 0);
}

#[test]
fn a_busy_peer_is_asked_again_after_a_backoff_and_keeps_its_rank() {
    let chain = chain_of(&regtest(), 2, 0);
    let (mut stage, _, peer, question) = node_without_bodies(1, &chain);
    let asked_at = stage.now;
    stage.unanswered(peer, &question, Unanswered::NotNow);
    let (_, again) = next_asked(&mut stage, &[peer], Tag::GBLK);
    let took = stage.now - asked_at;
    assert!((limits::NOT_NOW_REST..=limits::BODY_TIMEOUT + MS).contains(&took), "{took:?}");
    // as one that let a request lapse, it would be asked for one block at a time
    assert_eq!(again, question);
}

#[test]
fn a_peer_that_never_gives_is_asked_seldom() {
    let chain = chain_of(&regtest(), 2, 0);
    let (mut stage, _, peer, question) = node_without_bodies(1, &chain);
    stage.unanswered(peer, &question, Unanswered::NotNow);
    let mut count = 0;
    for _ in 0..60_000 {
        stage.advance(MS);
        for question in stage.take_sent_to(peer) {
            if matches!(question.tag(), Tag::GBLK | Tag::GHDR) {
                count += 1;
                stage.unanswered(peer, &question, Unanswered::NotNow);
            }
        }
    }
    assert!((2..=20).contains(&count), "{count} questions in a minute");
    assert_eq!((stage.score(peer), stage.is_muted(peer)), (0, false));
}

#[test]
fn blocks_left_out_of_an_answer_are_asked_for_at_once() {
    let chain = chain_of(&regtest(), 3, 0);
    let (mut stage, _, peer, question) = node_without_bodies(1, &chain);
    let hash = |height| block_at(&chain, height).hash();
    assert_eq!(question, NodeMessage::GetBlocks(vec![hash(1), hash(2), hash(3)]));
    let asked_at = stage.now;
    stage.answer(peer, &NodeMessage::Block(block_at(&chain, 1)));
    stage.unanswered(peer, &question, Unanswered::NotNow);
    assert_eq!(asked(&mut stage, peer, Tag::GBLK), [NodeMessage::GetBlocks(vec![hash(2), hash(3)])]);
    assert_eq!(stage.now, asked_at);
}

#[test]
fn a_whole_answer_leaves_nothing_to_ask() {
    let chain = chain_of(&regtest(), 1, 0);
    let (mut stage, _, peer, question) = node_without_bodies(1, &chain);
    stage.answer(peer, &NodeMessage::Block(block_at(&chain, 1)));
    for why in [Unanswered::NotNow, Unanswered::TimedOut] {
        stage.unanswered(peer, &question, why);
    }
    assert!(stage.has_tip_of(&chain));
    stage.advance(limits::BODY_TIMEOUT * 3);
    assert_eq!(asked(&mut stage, peer, Tag::GBLK), []);
}

#[test]
fn another_peer_is_asked_at_once_for_headers_that_are_not_now() {
    let chain = chain_of(&regtest(), 1, 0);
    let (mut stage, peers) = node_behind(2, &chain);
    let (busy, question) = next_asked(&mut stage, &peers, Tag::GHDR);
    let asked_at = stage.now;
    stage.unanswered(busy, &question, Unanswered::NotNow);
    stage.advance(Duration::ZERO);
    let other = *peers.iter().find(|peer| **peer != busy).unwrap();
    assert_eq!(asked(&mut stage, other, Tag::GHDR), [question]);
    assert_eq!(stage.now, asked_at);
}

#[test]
fn the_only_peer_is_asked_for_headers_after_its_backoff() {
    let chain = chain_of(&regtest(), 1, 0);
    let (mut stage, peers) = node_behind(1, &chain);
    for time in 0..4 {
        let (peer, question) = next_asked(&mut stage, &peers, Tag::GHDR);
        let asked_at = stage.now;
        stage.unanswered(peer, &question, Unanswered::NotNow);
        let (_, again) = next_asked(&mut stage, &peers, Tag::GHDR);
        let took = stage.now - asked_at;
        let least = limits::NOT_NOW_REST * (1 << (2 * time)).min(16);
        assert!((least..=least + MS).contains(&took), "{time}: {took:?}");
        stage.unanswered(peer, &again, Unanswered::NotNow);
    }
    // headers that nobody waits for any more are unasked ones
    stage.answer(peers[0], &NodeMessage::Headers(headers(&chain, 1..=1)));
    assert_eq!(stage.score(peers[0]), limits::POINTS_UNASKED);
}

#[test]
fn what_is_not_said_by_a_peer_that_is_gone_changes_nothing() {
    let chain = chain_of(&regtest(), 1, 0);
    let (mut stage, peers, busy, question) = node_without_bodies(2, &chain);
    stage.part(busy);
    for peer in &peers {
        stage.take_sent_to(*peer);
    }
    stage.unanswered(busy, &question, Unanswered::NotNow);
    assert!(stage.take_sent().is_empty());
}
