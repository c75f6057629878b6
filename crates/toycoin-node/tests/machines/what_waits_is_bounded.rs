//! What cannot be judged yet waits, in bounded numbers: blocks without a parent, blocks ahead of their time, payments
//! without their coins, headers without the work.

use std::time::Duration;

use crate::common::{
    chains::{block_at, chain_of, extend, next_block, prefix, status},
    stage::{Peer, Stage},
};
use toycoin_core::{
    Amount, ChainParams, CompactTarget, Header, NetworkSpec, OutPoint, Retargeting, Rule, Transaction, TxOut, Txid,
    chain::Chain, consensus::HeaderContext, test_util::classroom,
};
use toycoin_node::{
    limits,
    machine::{Machine as _, Monotonic, Now},
    protocol::{Input, MuteReason},
};
use toycoin_wire::{
    ChannelRef,
    node::{GetHeaders, NodeMessage},
    relay::{Deliver, RelayMessage},
};

const SECOND: Duration = Duration::from_secs(1);

fn stage() -> (Stage, Peer) {
    let mut stage = Stage::new(&ChainParams::regtest());
    let peer = Peer::new(stage.connect(), 1);
    (stage, peer)
}

/// A transaction that spends a coin nobody knows.
fn orphan(number: u64) -> Transaction {
    let mut txid = [9; 32];
    txid[..8].copy_from_slice(&number.to_le_bytes());
    let inputs = vec![OutPoint { txid: Txid::from_bytes(txid), vout: 0 }];
    let outputs = vec![TxOut { value: Amount::from_grains(1), owner: classroom::owner(0) }];
    let signatures = vec![classroom::key(0).sign(&[0; 32])];
    Transaction { version: 1, inputs, outputs, signatures }
}

/// The latest time that a block may have at the stage's moment.
fn latest(stage: &Stage) -> u64 {
    stage.unix_ms() + ChainParams::regtest().spec().max_future_ms
}

#[test]
fn blocks_without_their_parent_wait_in_a_small_number() {
    let (mut stage, peer) = stage();
    let far = chain_of(&ChainParams::regtest(), 60, 1);
    for height in 2..=60 {
        stage.tell(peer, &NodeMessage::Block(block_at(&far, height)));
        let counts = stage.machine.counts();
        assert!(
            counts.orphan_blocks <= limits::ORPHAN_BLOCKS && counts.orphan_block_bytes <= limits::ORPHAN_BLOCK_BYTES
        );
    }
    assert_eq!(stage.machine.counts().orphan_blocks, limits::ORPHAN_BLOCKS);
    assert!(!stage.is_muted(peer));
    stage.serve(&[(peer, &far)], SECOND * 5);
    assert!(stage.has_tip_of(&far) && stage.machine.counts().orphan_blocks == 0);
}

#[test]
fn blocks_far_behind_that_nobody_asked_for_are_not_kept() {
    let mut own = chain_of(&ChainParams::regtest(), 40, 1);
    let mut stage = Stage::with(prefix(&own, 40), |_| {});
    let peer = Peer::new(stage.connect(), 1);
    let known = stage.machine.chain().headers().len();
    for branch in 2..60 {
        let cheap = chain_of(&ChainParams::regtest(), 1, branch);
        stage.tell(peer, &NodeMessage::Block(block_at(&cheap, 1)));
    }
    assert_eq!(stage.machine.chain().headers().len(), known);
    assert_eq!((stage.score(peer), stage.is_muted(peer)), (0, false));

    // one that came a little late is, and a better branch comes behind its headers
    let late = next_block(&prefix(&own, 30), Vec::new(), 9, own.tip().time);
    stage.tell(peer, &NodeMessage::Block(late.clone()));
    assert!(stage.machine.chain().has_block(&late.hash()));
    own = prefix(&own, 10);
    extend(&mut own, 40, 8);
    stage.tell_status(peer, &own);
    stage.serve(&[(peer, &own)], SECOND * 5);
    assert!(stage.has_tip_of(&own));
}

#[test]
fn block_from_the_future_waits_with_its_children_for_the_clock() {
    let (mut stage, peer) = stage();
    let mut far = Chain::in_memory(ChainParams::regtest());
    let early = next_block(&far, Vec::new(), 1, latest(&stage) + 5_000);
    far.apply(early.clone(), u64::MAX).unwrap();
    let child = next_block(&far, Vec::new(), 1, early.header.time + 1);
    far.apply(child.clone(), u64::MAX).unwrap();
    stage.tell(peer, &NodeMessage::Block(early));
    stage.tell(peer, &NodeMessage::Block(child));
    stage.serve(&[(peer, &far)], SECOND * 4);
    assert_eq!((stage.machine.chain().headers().len(), stage.machine.chain().height()), (1, 0));
    stage.serve(&[(peer, &far)], SECOND * 2);
    assert!(stage.has_tip_of(&far));
    assert_eq!((stage.score(peer), stage.is_muted(peer)), (0, false));
}

#[test]
fn deferred_blocks_are_bounded_and_the_farthest_makes_room() {
    let (mut stage, peer) = stage();
    let genesis = Chain::in_memory(ChainParams::regtest());
    let first = latest(&stage) + 1_000;
    for number in (0..100).rev() {
        let block = next_block(&genesis, Vec::new(), 1, first + number * 10);
        stage.tell(peer, &NodeMessage::Block(block));
        assert!(stage.machine.counts().deferred_blocks <= limits::DEFERRED_BLOCKS);
    }
    stage.advance(SECOND * 10);
    assert_eq!(stage.machine.chain().headers().len(), 1 + limits::DEFERRED_BLOCKS);
    assert_eq!(stage.machine.chain().tip().time, first, "the nearest was the first");
    assert_eq!(stage.score(peer), 0);
}

#[test]
fn false_body_of_a_deferred_block_takes_no_place() {
    let (mut stage, cheat) = stage();
    let honest = Peer::new(cheat.connection, 2);
    let early = next_block(&Chain::in_memory(ChainParams::regtest()), Vec::new(), 1, latest(&stage) + 5_000);
    let mut mutated = early.clone();
    mutated.coinbase.extra.push(0);
    stage.tell(cheat, &NodeMessage::Block(mutated));
    assert_eq!(stage.muted_for(cheat), Some(&MuteReason::BrokenRule(Rule::MerkleRoot)));
    stage.tell(honest, &NodeMessage::Block(early.clone()));
    stage.advance(SECOND * 5);
    assert_eq!(stage.machine.chain().tip().hash, early.hash());
}

#[test]
fn orphans_are_bounded_in_all_and_per_peer() {
    let (mut stage, first) = stage();
    for number in 0..200 {
        stage.tell(first, &NodeMessage::Transaction(orphan(number)));
        assert!(stage.machine.mempool().orphans() <= limits::ORPHANS_A_PEER);
    }
    for peer in 2..10 {
        for number in 0..30 {
            let peer = Peer::new(first.connection, peer);
            stage.tell(peer, &NodeMessage::Transaction(orphan(u64::from(peer.id.to_bytes()[3]) * 1_000 + number)));
            assert!(stage.machine.mempool().orphans() <= limits::ORPHANS);
        }
    }
    assert_eq!(stage.machine.mempool().orphans(), limits::ORPHANS);
    assert_eq!((stage.score(first), stage.is_muted(first)), (0, false));
}

#[test]
fn unconfirmed_chains_are_bounded_by_the_package_limit() {
    let (mut stage, first) = stage();
    let channel = ChannelRef::new("/topic/main").unwrap();
    let now = Now { monotonic: Monotonic::new(stage.now), unix_ms: stage.start_ms };
    let senders = 10;
    for number in 0..limits::ARRIVALS as u64 + 3_000 {
        let from = Peer::new(first.connection, u32::try_from(number % senders).unwrap()).id;
        let payload = NodeMessage::Transaction(orphan(number)).encode().unwrap();
        let delivery = RelayMessage::Deliver(Deliver { channel, from, payload: &payload }).to_frame().unwrap();
        stage.machine.handle(now, Input::Received { connection: first.connection, bytes: &delivery });
        if number % 100 == 0 {
            let counts = stage.machine.counts();
            assert!(counts.arrivals <= limits::ARRIVALS && counts.arrival_bytes <= limits::ARRIVAL_BYTES);
        }
    }
    assert!(stage.machine.counts().dropped_arrivals > 0);
    assert_eq!(stage.machine.next_timeout().unwrap().since_origin().as_millis(), 0, "as soon as the budget allows");
    stage.advance(limits::ARRIVAL_PATIENCE + SECOND);
    assert_eq!(stage.machine.counts().arrivals, 0);
    assert_eq!((stage.score(first), stage.is_muted(first)), (0, false), "overload is no crime");
}

/// A network whose blocks begin at 4,096 hashes and may become as easy as two.
fn steep() -> ChainParams {
    ChainParams::new(NetworkSpec {
        name: "steep".into(),
        retargeting: Some(Retargeting { spacing_ms: 1_000, half_life_ms: 10_000 }),
        genesis_bits: CompactTarget::from_bits(0x1f0f_ffff),
        extra: b"toycoin steep".to_vec(),
        ..ChainParams::regtest().spec().clone()
    })
    .expect("regtest's parameters with another difficulty")
}

/// Headers on genesis, each so long after the one before that difficulty falls to its least.
fn slow_headers(params: &ChainParams, count: usize) -> Vec<Header> {
    let genesis = params.genesis().header;
    let mut context = HeaderContext::after_genesis(params);
    let mut next = || {
        let (height, time) = (context.height + 1, context.time + 20_000);
        let bits = context.expected_bits(params);
        let mut header = Header { previous: context.parent, height, time, bits, ..genesis };
        while !bits.to_target().expect("expected bits").is_met_by(&header.hash()) {
            header.nonce += 1;
        }
        context.extend(&header, header.hash());
        header
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn a_longer_chain_of_less_work_is_held_back_bounded_and_let_go() {
    let params = steep();
    let own = chain_of(&params, 30, 1);
    let light = slow_headers(&params, limits::HELD_HEADERS + 3 * limits::HEADERS_A_MESSAGE);
    let mut stage = Stage::with(prefix(&own, 30), |_| {});
    // so late that all those times are past
    stage.start_ms = light.last().unwrap().time;
    let peer = Peer::new(stage.connect(), 1);
    let NodeMessage::Status(mut said) = status(&own, stage.unix_ms()) else { unreachable!() };
    (said.work, said.height) = ([0xff; 32], light.len() as u64);
    said.tip = light.last().unwrap().hash();
    stage.tell(peer, &NodeMessage::Status(said));

    let (mut pages, mut most_held) = (0, 0);
    for _ in 0..100 {
        stage.advance(SECOND / 10);
        for message in stage.take_sent_to(peer) {
            let NodeMessage::GetHeaders(GetHeaders { locator, .. }) = message else { continue };
            let known = light.iter().position(|header| locator.contains(&header.hash()));
            let page = light.iter().skip(known.map_or(0, |place| place + 1)).take(limits::HEADERS_A_MESSAGE);
            stage.tell(peer, &NodeMessage::Headers(page.copied().collect()));
            pages += 1;
            most_held = most_held.max(stage.machine.counts().held_headers);
        }
    }
    assert_eq!(pages, limits::HELD_HEADERS / limits::HEADERS_A_MESSAGE, "and then no more of it");
    assert!((limits::HELD_HEADERS / 2..=limits::HELD_HEADERS).contains(&most_held), "{most_held}");
    assert_eq!(stage.machine.counts().held_headers, 0);
    assert_eq!(stage.machine.chain().headers().len(), 31, "none of it in the tree");
    assert!(stage.has_tip_of(&own) && !stage.is_muted(peer));
}

#[test]
fn most_work_wins_not_most_blocks() {
    let params = steep();
    let own = chain_of(&params, 10, 1);
    let mut stage = Stage::with(prefix(&own, 10), |_| {});
    let mut light = Chain::in_memory(params);
    for _ in 0..12 {
        let time = light.tip().time + 20_000;
        light.apply(next_block(&light, Vec::new(), 2, time), u64::MAX).unwrap();
    }
    assert!(light.height() > own.height() && light.tip().work < own.tip().work);
    stage.start_ms = light.tip().time;
    let peer = Peer::new(stage.connect(), 1);
    stage.tell_status(peer, &light);
    for height in 1..=12 {
        stage.tell(peer, &NodeMessage::Block(block_at(&light, height)));
    }
    stage.serve(&[(peer, &light)], SECOND * 5);
    assert!(stage.has_tip_of(&own));
    // until its work is more
    let mut heavy = prefix(&own, 8);
    extend(&mut heavy, 3, 3);
    stage.tell_status(peer, &heavy);
    stage.serve(&[(peer, &heavy)], SECOND * 5);
    assert!(stage.has_tip_of(&heavy));
}
