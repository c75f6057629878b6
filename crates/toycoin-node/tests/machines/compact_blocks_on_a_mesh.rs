//! Compact blocks that are gossiped: one goes on once it was rebuilt, and nobody pays for what cannot be rebuilt.

use std::time::Duration;

use crate::common::{
    chains::{PeerChain, mine, next_block, payment},
    stage::{Peer, Stage},
};
use toycoin_core::{
    Block, ChainParams, Rule,
    chain::Chain,
    compact::{CompactBlock, FillError},
    test_util::classroom,
};
use toycoin_node::{
    limits,
    protocol::{Direction, Judgement, MuteReason},
};
use toycoin_wire::node::{BlockTransactions, GetBlockTransactions, NodeMessage};

/// A node with two peers, and the block of three payments that the first one gossips.
struct Scene {
    stage: Stage,
    sender: Peer,
    other: Peer,
    chain: PeerChain,
    block: Block,
}

fn scene(known: usize) -> Scene {
    let mut stage = Stage::new(&ChainParams::regtest());
    let sender = stage.mesh_with_one();
    let other = Peer::new(sender.connection, 2);
    stage.join(other, Direction::Inbound);
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let payments: Vec<_> = (0..3).map(|key| payment(&chain, key, key + 1, 1_000)).collect();
    let block = mine(&mut chain, payments, 1);
    for payment in &block.transactions[..known] {
        stage.gossip(other, &NodeMessage::Transaction(payment.clone()));
    }
    stage.take_sent();
    Scene { stage, sender, other, chain, block }
}

fn compact(block: &Block) -> NodeMessage {
    NodeMessage::CompactBlock(CompactBlock::of(block, 7))
}

#[test]
fn compact_block_of_known_payments_goes_on_at_once() {
    let Scene { mut stage, sender, chain, block, .. } = scene(3);
    let ticket = stage.gossip(sender, &compact(&block));
    assert_eq!(stage.judgement(ticket), Some(Judgement::Accept));
    assert!(stage.has_tip_of(&chain) && stage.take_sent_to(sender).is_empty());
    let again = stage.gossip(sender, &NodeMessage::CompactBlock(CompactBlock::of(&block, 8)));
    assert_eq!(stage.judgement(again), Some(Judgement::Ignore));
}

#[test]
fn compact_block_goes_on_when_its_payments_have_come() {
    let Scene { mut stage, sender, chain, block, .. } = scene(1);
    let ticket = stage.gossip(sender, &compact(&block));
    assert_eq!(stage.judgement(ticket), None);
    let asked = GetBlockTransactions { block: block.hash(), places: vec![1, 2] };
    assert_eq!(stage.take_sent_to(sender), [NodeMessage::GetBlockTransactions(asked)]);
    let (hash, transactions) = (block.hash(), block.transactions[1..].to_vec());
    stage.answer(sender, &NodeMessage::BlockTransactions(BlockTransactions { block: hash, transactions }));
    assert_eq!(stage.judgement(ticket), Some(Judgement::Accept));
    assert!(stage.has_tip_of(&chain));
}

#[test]
fn compact_block_that_others_complete_goes_on_too() {
    let Scene { mut stage, sender, other, chain, block } = scene(0);
    let ticket = stage.gossip(sender, &compact(&block));
    assert_eq!(stage.judgement(ticket), None);
    let whole = stage.gossip(other, &NodeMessage::Block(block));
    assert_eq!([stage.judgement(whole), stage.judgement(ticket)], [Some(Judgement::Accept); 2]);
    assert!(stage.has_tip_of(&chain));
}

#[test]
fn false_compact_block_stays_here_and_blames_nobody() {
    let Scene { mut stage, sender, other, chain, block } = scene(3);
    let mut altered = CompactBlock::of(&block, 7);
    altered.coinbase.outputs[0].owner = classroom::owner(9);
    let ticket = stage.gossip(sender, &NodeMessage::CompactBlock(altered));
    assert_eq!(stage.take_sent_to(sender), [NodeMessage::GetBlocks(vec![block.hash()])]);
    assert_eq!(stage.judgement(ticket), None);
    stage.answer(sender, &NodeMessage::Block(block));
    assert_eq!(stage.judgement(ticket), Some(Judgement::Ignore), "it is not what it says");
    assert!(stage.has_tip_of(&chain) && stage.mesh.shunned.is_empty());
    assert!(!stage.is_muted(sender) && !stage.is_muted(other));
}

#[test]
fn compact_block_without_work_is_rejected() {
    let Scene { mut stage, sender, other, block, .. } = scene(3);
    let mut idle = block;
    while idle.header.bits.to_target().is_ok_and(|target| target.is_met_by(&idle.hash())) {
        idle.header.nonce += 1;
    }
    let ticket = stage.gossip(sender, &compact(&idle));
    assert_eq!(stage.judgement(ticket), Some(Judgement::Reject));
    assert_eq!(stage.muted_for(sender), Some(&MuteReason::BrokenRule(Rule::ProofOfWork)));
    assert!(stage.mesh.shunned.iter().all(|(id, _)| *id == sender.id) && !stage.is_muted(other));
}

#[test]
fn compact_block_of_a_side_branch_does_not_go_on() {
    let Scene { mut stage, sender, block, chain, .. } = scene(3);
    stage.gossip(sender, &compact(&block));
    let side = next_block(&Chain::in_memory(ChainParams::regtest()), Vec::new(), 2, chain.tip().time);
    let ticket = stage.gossip(sender, &compact(&side));
    assert_eq!(stage.judgement(ticket), Some(Judgement::Ignore), "nobody could have its payments from here");
    assert!(stage.machine.chain().has_block(&side.hash()));
}

#[test]
fn false_payments_shun_their_sender_and_the_block_comes_from_others() {
    let Scene { mut stage, sender, other, chain, block } = scene(0);
    let ticket = stage.gossip(sender, &compact(&block));
    stage.take_sent();
    let transactions = block.transactions.iter().rev().cloned().collect();
    stage.answer(sender, &NodeMessage::BlockTransactions(BlockTransactions { block: block.hash(), transactions }));
    assert_eq!(stage.judgement(ticket), Some(Judgement::Ignore));
    assert_eq!(stage.muted_for(sender), Some(&MuteReason::OtherPayments(FillError::OtherId { place: 0 })));
    let ticket = stage.gossip(other, &NodeMessage::CompactBlock(CompactBlock::of(&block, 8)));
    stage.serve_mesh(&[(other, &chain)]);
    assert_eq!(stage.judgement(ticket), Some(Judgement::Accept));
    assert!(stage.has_tip_of(&chain) && !stage.is_muted(other));
}

#[test]
fn neighbour_that_alters_ids_does_not_delay_a_block() {
    let Scene { mut stage, sender, other, chain, block } = scene(2);
    let mut altered = CompactBlock::of(&block, 7);
    altered.ids[0] = [9; 6];
    let false_ticket = stage.gossip(sender, &NodeMessage::CompactBlock(altered));
    assert_eq!(stage.take_sent_to(sender).len(), 1);
    let ticket = stage.gossip(other, &compact(&block));
    let asked = GetBlockTransactions { block: block.hash(), places: vec![2] };
    assert_eq!(stage.take_sent_to(other), [NodeMessage::GetBlockTransactions(asked)]);
    assert_eq!([stage.judgement(false_ticket), stage.judgement(ticket)], [None; 2]);
    let third = Peer::new(sender.connection, 3);
    stage.join(third, Direction::Inbound);
    stage.take_sent();
    let late = stage.gossip(third, &NodeMessage::CompactBlock(CompactBlock::of(&block, 8)));
    assert_eq!(stage.judgement(late), Some(Judgement::Ignore), "two are asked");
    assert!(stage.take_sent_to(third).is_empty());
    assert_eq!(stage.machine.counts().blocks_in_flight, 2);
    let (hash, transactions) = (block.hash(), block.transactions[2..].to_vec());
    stage.answer(other, &NodeMessage::BlockTransactions(BlockTransactions { block: hash, transactions }));
    assert!(stage.has_tip_of(&chain));
    let judgements = [stage.judgement(false_ticket), stage.judgement(ticket)];
    assert_eq!(judgements, [Some(Judgement::Ignore), Some(Judgement::Accept)]);
    let counts = stage.machine.counts();
    assert_eq!((counts.compact_blocks, counts.blocks_in_flight), (0, 0));
}

#[test]
fn silent_sender_delays_a_block_and_is_not_muted() {
    let Scene { mut stage, sender, other, chain, block } = scene(0);
    let ticket = stage.gossip(sender, &compact(&block));
    stage.take_sent();
    let said = crate::common::chains::status(&chain, stage.unix_ms());
    stage.question(other, &said);
    for _ in 0..100 {
        stage.advance(Duration::from_millis(50));
        stage.serve_mesh(&[(other, &chain)]);
    }
    assert!(stage.has_tip_of(&chain) && !stage.is_muted(sender) && !stage.is_muted(other));
    assert!(stage.judgement(ticket).is_some());
    stage.advance(limits::COMPACT_BLOCK_MEMORY + limits::SWEEP_INTERVAL);
    assert_eq!(stage.machine.counts().compact_blocks, 0);
}

#[test]
fn questions_for_payments_are_answered_and_ended() {
    let Scene { mut stage, sender, other, block, .. } = scene(3);
    stage.gossip(sender, &compact(&block));
    let ask = |places: &[u32]| {
        let places = places.to_vec();
        NodeMessage::GetBlockTransactions(GetBlockTransactions { block: block.hash(), places })
    };
    let question = stage.question(other, &ask(&[2]));
    let transactions = vec![block.transactions[2].clone()];
    let expected = NodeMessage::BlockTransactions(BlockTransactions { block: block.hash(), transactions });
    assert_eq!(stage.answers_to(question), Some(&[expected][..]));
    for places in [&[2, 1][..], &[3]] {
        let question = stage.question(other, &ask(places));
        assert_eq!(stage.answers_to(question), Some(&[][..]));
        assert_eq!(stage.muted_for(other), Some(&MuteReason::Places));
        stage.advance(limits::MUTE_FIRST * 4);
        stage.join(other, Direction::Inbound);
    }
}
