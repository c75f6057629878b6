//! Bodies come from whoever has them: spread over peers, asked of another when one does not answer, and never too many.

use std::{collections::BTreeSet, time::Duration};

use crate::common::{
    chains::{PeerChain, block_at, chain_of, chain_of_size, extend_by_size, headers, honest_answers},
    stage::{Peer, Stage},
};
use toycoin_core::{BlockHash, ChainParams, Rule};
use toycoin_node::{
    limits,
    protocol::{Event, MuteReason},
    relay::ConnectionId,
};
use toycoin_wire::node::NodeMessage;

const SECOND: Duration = Duration::from_secs(1);

fn chain(blocks: usize) -> PeerChain {
    chain_of(&ChainParams::regtest(), blocks, 1)
}

/// A node that has the headers of a chain, and peers on one relay that say they have the chain.
fn with_headers(far: &PeerChain, peers: u32) -> (Stage, ConnectionId, Vec<Peer>) {
    let mut stage = Stage::new(&ChainParams::regtest());
    let relay = stage.connect();
    let peers: Vec<_> = (1..=peers).map(|number| Peer::new(relay, number)).collect();
    for peer in &peers {
        stage.tell_status(*peer, far);
    }
    stage.advance(SECOND / 5);
    let mut is_asked =
        |peer: &&Peer| stage.take_sent_to(**peer).iter().any(|message| matches!(message, NodeMessage::GetHeaders(_)));
    let asked = *peers.iter().find(&mut is_asked).expect("somebody is asked for headers");
    let all = headers(far, 1..=far.height());
    stage.tell(asked, &NodeMessage::Headers(all));
    (stage, relay, peers)
}

/// Takes the blocks that a peer was asked for.
fn asked(stage: &mut Stage, peer: Peer) -> Vec<BlockHash> {
    let of_blocks = |message| match message {
        NodeMessage::GetBlocks(hashes) => hashes,
        _ => Vec::new(),
    };
    stage.take_sent_to(peer).into_iter().flat_map(of_blocks).collect()
}

fn hash_at(chain: &PeerChain, height: u64) -> BlockHash {
    chain.header_at(height).expect("a height of the chain").hash
}

#[test]
fn unknown_sizes_are_asked_three_at_a_time_on_a_connection() {
    let far = chain(100);
    let (mut stage, _, peers) = with_headers(&far, 3);
    let of_each: Vec<_> = peers.iter().map(|peer| asked(&mut stage, *peer)).collect();
    assert!(of_each.iter().all(|hashes| hashes.len() == 1), "three on the connection, one of each: {of_each:?}");
    let lowest: BTreeSet<_> = (1..=3).map(|height| hash_at(&far, height)).collect();
    assert_eq!(of_each.concat().into_iter().collect::<BTreeSet<_>>(), lowest);

    let other = stage.connect();
    let more = Peer::new(other, 9);
    stage.tell_status(more, &far);
    assert_eq!(asked(&mut stage, more), [hash_at(&far, 4)], "another relay has room of its own");
}

#[test]
fn small_blocks_are_asked_in_ever_larger_numbers_up_to_a_bound() {
    let far = chain(1_000);
    let (mut stage, _, peers) = with_headers(&far, 1);
    let (mut on_their_way, mut most) = (Vec::new(), 0);
    loop {
        let questions = stage.take_sent_to(peers[0]);
        on_their_way.extend(questions.iter().flat_map(|question| honest_answers(&far, question)));
        most = most.max(on_their_way.len());
        assert_eq!(stage.machine.counts().blocks_in_flight, on_their_way.len());
        if on_their_way.is_empty() {
            break;
        }
        // each round trip takes as long as any other, so nothing waits in a queue
        stage.advance(SECOND / 10);
        for answer in std::mem::take(&mut on_their_way) {
            stage.tell(peers[0], &answer);
        }
    }
    assert!(stage.has_tip_of(&far));
    assert_eq!(most, limits::BLOCKS_A_CONNECTION);
}

#[test]
fn blocks_that_turn_out_larger_are_asked_in_smaller_numbers() {
    let mut far = chain_of_size(&ChainParams::regtest(), 100, 600);
    extend_by_size(&mut far, 300, 60_000);
    let (mut stage, _, peers) = with_headers(&far, 1);
    let (mut on_their_way, mut bytes) = (Vec::new(), Vec::new());
    while !stage.has_tip_of(&far) {
        let questions = stage.take_sent_to(peers[0]);
        on_their_way.extend(questions.iter().flat_map(|question| honest_answers(&far, question)));
        let size = |answer: &NodeMessage| answer.encode().expect("a block of the chain").len() as u64;
        // all that was asked for before the first large one came has come too
        if stage.machine.chain().height() > 101 + limits::BLOCKS_A_CONNECTION as u64 {
            bytes.push(on_their_way.iter().map(size).sum::<u64>());
        }
        stage.advance(SECOND / 10);
        for answer in std::mem::take(&mut on_their_way) {
            stage.tell(peers[0], &answer);
        }
    }
    // of one peer no more than sixteen, unless many fit its share
    let most = *bytes.iter().max().expect("some rounds");
    assert!((15 * 60_000..=limits::BYTES_A_CONNECTION).contains(&most), "{bytes:?}");
}

#[test]
fn a_newcomer_that_stalls_loses_its_block_soon_and_no_score() {
    let far = chain(1);
    let (mut stage, _, peers) = with_headers(&far, 2);
    let of_each: Vec<_> = peers.iter().map(|peer| asked(&mut stage, *peer).len()).collect();
    let (silent, other) = if of_each[0] == 1 { (peers[0], peers[1]) } else { (peers[1], peers[0]) };
    stage.advance(limits::NEWCOMER_PATIENCE - SECOND / 100);
    assert!(asked(&mut stage, other).is_empty(), "not yet");
    stage.advance(SECOND / 100);
    assert_eq!(asked(&mut stage, other), [hash_at(&far, 1)]);
    assert!(asked(&mut stage, silent).is_empty());
    assert_eq!(stage.score(silent), 0, "a stall is no crime");
    // late is better than never
    stage.tell(silent, &NodeMessage::Block(block_at(&far, 1)));
    assert!(stage.has_tip_of(&far));
}

#[test]
fn what_is_behind_others_in_the_relays_queue_is_not_late() {
    let far = chain(1);
    let (mut stage, _, peers) = with_headers(&far, 2);
    stage.answers_pings = false;
    stage.take_sent();
    stage.advance(limits::BARRIER_TIMEOUT / 2);
    assert_eq!(stage.pings.len(), 1, "the relay is asked once whether it holds something back");
    assert!(stage.take_sent().iter().all(|sent| !matches!(sent.message, NodeMessage::GetBlocks(_))));
    stage.answer_pings();
    let asked_again: Vec<_> = peers.iter().flat_map(|peer| asked(&mut stage, *peer)).collect();
    assert_eq!(asked_again, [hash_at(&far, 1)], "now it is");
}

#[test]
fn a_peer_that_delivered_has_more_time_than_a_newcomer() {
    let far = chain(40);
    let (mut stage, _, peers) = with_headers(&far, 1);
    let (steady, other) = (peers[0], Peer::new(peers[0].connection, 9));
    for answer in stage.take_sent_to(steady).iter().flat_map(|question| honest_answers(&far, question)) {
        stage.tell(steady, &answer);
    }
    let lowest = asked(&mut stage, steady)[0];
    stage.tell_status(other, &far);
    stage.take_sent_to(other);
    stage.advance(limits::BODY_TIMEOUT - SECOND / 100);
    assert!(!asked(&mut stage, other).contains(&lowest), "not yet");
    stage.advance(SECOND / 50);
    assert!(!asked(&mut stage, steady).contains(&lowest), "it rests");
}

#[test]
fn a_block_that_a_peer_has_not_is_asked_of_another_at_once() {
    let far = chain(1);
    let (mut stage, _, peers) = with_headers(&far, 2);
    let of_each: Vec<_> = peers.iter().map(|peer| asked(&mut stage, *peer).len()).collect();
    let (poor, other) = if of_each[0] == 1 { (peers[0], peers[1]) } else { (peers[1], peers[0]) };
    stage.tell(other, &NodeMessage::NotFound(vec![hash_at(&far, 1).to_bytes()]));
    assert!(asked(&mut stage, poor).is_empty() && asked(&mut stage, other).is_empty(), "it was not asked");
    stage.tell(poor, &NodeMessage::NotFound(vec![hash_at(&far, 1).to_bytes()]));
    assert_eq!(asked(&mut stage, other), [hash_at(&far, 1)]);
    assert_eq!(stage.score(poor), 0);
    // when everybody was tried, they are tried again
    stage.tell(other, &NodeMessage::NotFound(vec![hash_at(&far, 1).to_bytes()]));
    stage.advance(limits::BODY_TIMEOUT);
    assert_eq!(asked(&mut stage, poor).len() + asked(&mut stage, other).len(), 1);
}

#[test]
fn wrong_body_blames_its_sender_and_another_peer_delivers() {
    let far = chain(5);
    let (mut stage, _, peers) = with_headers(&far, 2);
    let (cheat, honest) = (peers[0], peers[1]);
    let hash = asked(&mut stage, cheat)[0];
    let mut mutated = far.block(&hash).unwrap().unwrap().block().clone();
    mutated.coinbase.extra.push(0);
    stage.tell(cheat, &NodeMessage::Block(mutated));
    assert_eq!(stage.muted_for(cheat), Some(&MuteReason::BrokenRule(Rule::MerkleRoot)));
    stage.serve(&[(honest, &far)], SECOND);
    assert!(stage.has_tip_of(&far), "the block itself is not invalid");
    assert_eq!(stage.score(honest), 0);
}

#[test]
fn undecodable_body_mutes_and_another_peer_delivers() {
    let far = chain(5);
    let (mut stage, _, peers) = with_headers(&far, 2);
    let (cheat, honest) = (peers[0], peers[1]);
    assert!(!asked(&mut stage, cheat).is_empty());
    stage.tell_payload(cheat, b"BLOC and then garbage");
    assert!(matches!(stage.muted_for(cheat), Some(MuteReason::Undecodable(_))));
    stage.serve(&[(honest, &far)], SECOND);
    assert!(stage.has_tip_of(&far));
}

#[test]
fn questions_of_a_lost_connection_go_to_another_at_once() {
    let far = chain(3);
    let (mut stage, relay, peers) = with_headers(&far, 1);
    assert_eq!(asked(&mut stage, peers[0]).len(), 3);
    let other = Peer::new(stage.connect(), 9);
    stage.tell_status(other, &far);
    stage.disconnect(relay);
    assert_eq!(asked(&mut stage, other), [hash_at(&far, 1)], "one, as of any newcomer");
    stage.tell(other, &NodeMessage::Block(block_at(&far, 1)));
    assert_eq!(asked(&mut stage, other).len(), 2);
}

#[test]
fn questions_of_a_muted_peer_go_to_another_at_once() {
    let far = chain(3);
    let (mut stage, _, peers) = with_headers(&far, 1);
    assert_eq!(asked(&mut stage, peers[0]).len(), 3);
    let other = Peer::new(peers[0].connection, 9);
    stage.tell_status(other, &far);
    for _ in 0..limits::MUTE_SCORE / limits::POINTS_UNASKED {
        stage.tell(peers[0], &NodeMessage::Headers(Vec::new()));
    }
    assert!(stage.is_muted(peers[0]));
    assert_eq!(asked(&mut stage, other), [hash_at(&far, 1)], "one, as of any newcomer");
}

#[test]
fn a_branch_longer_than_the_window_is_fetched_to_its_end() {
    let length = usize::try_from(limits::BODY_WINDOW).unwrap() * 2;
    let own = chain_of(&ChainParams::regtest(), length - 1, 2);
    let far = chain(length);
    let mut stage = Stage::with(own, |_| {});
    let peer = Peer::new(stage.connect(), 1);
    stage.tell_status(peer, &far);
    stage.serve(&[(peer, &far)], SECOND * 10);
    assert!(stage.has_tip_of(&far));
    let left = stage.events.iter().filter(|event| matches!(event, Event::BlockDisconnected { .. })).count();
    assert_eq!(left, length - 1);
}

#[test]
fn an_answer_in_any_order_will_do() {
    let far = chain(30);
    let (mut stage, _, peers) = with_headers(&far, 1);
    for _ in 0..30 {
        let questions = stage.take_sent_to(peers[0]);
        for answer in questions.iter().flat_map(|question| honest_answers(&far, question)).rev() {
            stage.tell(peers[0], &answer);
        }
    }
    assert!(stage.has_tip_of(&far));
}

#[test]
fn headers_whose_bodies_nobody_sends_keep_no_shorter_chain_out() {
    let (far, near) = (chain(20), chain_of(&ChainParams::regtest(), 12, 2));
    let (mut stage, relay, _) = with_headers(&far, 1);
    let honest = Peer::new(relay, 9);
    stage.tell_status(honest, &near);
    stage.serve(&[(honest, &near)], 10 * SECOND);
    assert!(stage.has_tip_of(&near), "whoever keeps his bodies to himself stops nobody");
}

#[test]
fn a_withheld_chain_is_followed_once_somebody_sends_it() {
    let (far, near) = (chain(20), chain_of(&ChainParams::regtest(), 12, 2));
    let (mut stage, relay, silent) = with_headers(&far, 1);
    let honest = Peer::new(relay, 9);
    stage.tell_status(honest, &near);
    stage.serve(&[(honest, &near)], 10 * SECOND);
    stage.serve(&[(honest, &near), (silent[0], &far)], 30 * SECOND);
    assert!(stage.has_tip_of(&far));
}

#[test]
fn new_ids_that_claim_a_withheld_chain_keep_no_other_chain_out() {
    let (far, near) = (chain(20), chain_of(&ChainParams::regtest(), 12, 2));
    let (mut stage, relay, _) = with_headers(&far, 1);
    let honest = Peer::new(relay, 9);
    stage.tell_status(honest, &near);
    // faster than the node gives up on one of them
    for number in 10..40 {
        stage.tell_status(Peer::new(relay, number), &far);
        stage.serve(&[(honest, &near)], SECOND / 4);
    }
    assert!(stage.has_tip_of(&near));
}

#[test]
fn bodies_that_trickle_keep_no_other_chain_out() {
    let (far, near) = (chain(20), chain_of(&ChainParams::regtest(), 12, 2));
    let (mut stage, relay, liars) = with_headers(&far, 1);
    let honest = Peer::new(relay, 9);
    stage.tell_status(honest, &near);
    for height in 1..4 {
        for number in 0..20 {
            stage.tell_status(Peer::new(relay, 100 * height + number), &far);
            stage.serve(&[(honest, &near)], SECOND / 4);
        }
        stage.tell(liars[0], &NodeMessage::Block(block_at(&far, height.into())));
    }
    assert!(stage.has_tip_of(&near));
}

#[test]
fn new_ids_that_claim_a_side_branch_do_not_hold_the_best_one() {
    let (far, near) = (chain(20), chain_of(&ChainParams::regtest(), 12, 2));
    let (mut stage, relay, honest) = with_headers(&far, 1);
    // the headers of a side branch whose bodies nobody sends
    let liar = Peer::new(relay, 9);
    stage.tell_status(liar, &near);
    let mut number = 10;
    let mut go_on = |stage: &mut Stage, served: &[(Peer, &PeerChain)]| {
        for question in stage.take_sent_to(liar) {
            if matches!(question, NodeMessage::GetHeaders(_)) {
                honest_answers(&near, &question).iter().for_each(|answer| stage.tell(liar, answer));
            }
        }
        stage.tell_status(Peer::new(relay, number), &near);
        stage.serve(served, SECOND / 5);
        number += 1;
    };
    // the honest peer's first answers are lost
    (0..15).for_each(|_| go_on(&mut stage, &[]));
    stage.take_sent_to(honest[0]);
    (0..75).for_each(|_| go_on(&mut stage, &[(honest[0], &far)]));
    assert!(stage.has_tip_of(&far));
}

/// A node whose tip is a chain's, and two peers of which one has that chain.
fn with_chain(blocks: &PeerChain) -> (Stage, Peer, Peer) {
    let mut stage = Stage::new(&ChainParams::regtest());
    let relay = stage.connect();
    let one = Peer::new(relay, 1);
    stage.tell_status(one, blocks);
    stage.serve(&[(one, blocks)], 5 * SECOND);
    assert!(stage.has_tip_of(blocks));
    (stage, one, Peer::new(relay, 2))
}

#[test]
fn a_body_that_was_not_judged_in_its_place_is_not_handed_on() {
    let (near, other) = (chain(3), chain_of(&ChainParams::regtest(), 3, 2));
    let (mut stage, one, another) = with_chain(&near);
    let (active, aside) = (hash_at(&near, 1), hash_at(&other, 1));
    // right by itself, and on no branch with more work: nobody has looked at what it spends
    stage.tell(one, &NodeMessage::Block(block_at(&other, 1)));
    stage.take_sent();
    stage.tell(another, &NodeMessage::GetBlocks(vec![active, aside]));
    let answers = stage.take_sent_to(another);
    assert!(answers.contains(&NodeMessage::Block(block_at(&near, 1))), "{answers:?}");
    assert!(answers.contains(&NodeMessage::NotFound(vec![aside.to_bytes()])), "{answers:?}");
}

#[test]
fn a_block_that_lost_its_race_is_still_handed_out() {
    let (near, far) = (chain(3), chain_of(&ChainParams::regtest(), 5, 2));
    let (mut stage, _, another) = with_chain(&near);
    stage.tell_status(another, &far);
    stage.serve(&[(another, &far)], 5 * SECOND);
    assert!(stage.has_tip_of(&far));
    stage.take_sent();
    stage.tell(another, &NodeMessage::GetBlocks(vec![hash_at(&near, 2)]));
    let answers = stage.take_sent_to(another);
    assert!(answers.contains(&NodeMessage::Block(block_at(&near, 2))), "{answers:?}");
}
