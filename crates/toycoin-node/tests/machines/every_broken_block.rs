//! Whatever rule a served block breaks: the node stays on its valid chain, the sender pays, and the honest are heard.

use std::time::Duration;

use crate::common::{
    chains::PeerChain,
    stage::{Peer, Stage},
};
use toycoin_core::{
    Block, ChainParams, Rule,
    chain::Chain,
    test_util::{
        Scene,
        mutations::{self, Mutation, Setting},
    },
};
use toycoin_node::protocol::{Event, MuteReason};
use toycoin_wire::node::NodeMessage;

const SECOND: Duration = Duration::from_secs(1);

/// The scene's chain as a node holds it.
fn chain_of_scene(scene: &Scene) -> PeerChain {
    let mut chain = Chain::in_memory(scene.ledger.params().clone());
    for block in scene.ledger.blocks().iter().skip(1) {
        chain.apply(Block::clone(block), u64::MAX).expect("the scene's chain is valid");
    }
    chain
}

/// The node on the scene's chain, its clock at the scene's moment.
fn stage_of(scene: &Scene) -> Stage {
    let mut stage = Stage::with(chain_of_scene(scene), |_| {});
    stage.start_ms = scene.now_ms;
    stage
}

/// Serves the block that a mutation broke, then the valid one.
fn serve(mutation: &Mutation) -> (Stage, Peer, Peer) {
    let valid = Scene::new(ChainParams::regtest());
    let mut broken = valid.clone();
    mutation.apply(&mut broken);
    let mut stage = stage_of(&valid);
    stage.start_ms = broken.now_ms;
    let relay = stage.connect();
    let (cheat, honest) = (Peer::new(relay, 1), Peer::new(relay, 2));

    let before = stage.machine.chain().tip();
    stage.tell(cheat, &NodeMessage::Block(broken.block.clone()));
    stage.advance(SECOND);
    assert_eq!(stage.machine.chain().tip(), before, "{}", mutation.name);
    assert!(stage.machine.chain().audit().expect("memory does not fail").holds, "{}", mutation.name);

    stage.start_ms = stage.start_ms.max(valid.now_ms);
    stage.tell(honest, &NodeMessage::Block(valid.block.clone()));
    stage.advance(SECOND);
    assert_eq!(stage.machine.chain().tip().hash, valid.block.hash(), "the valid block is not taken: {}", mutation.name);
    assert!(!stage.is_muted(honest));
    (stage, cheat, honest)
}

#[test]
fn a_block_that_breaks_a_rule_mutes_its_sender_for_that_rule() {
    let spared = [Rule::PreviousBlock, Rule::TimeNotInFuture];
    for mutation in mutations::all().filter(|mutation| !spared.contains(&mutation.rule)) {
        let (stage, cheat, _) = serve(&mutation);
        let Some(MuteReason::BrokenRule(rule)) = stage.muted_for(cheat) else { panic!("not muted: {}", mutation.name) };
        // coins that were never made are missed before anything else about them
        if mutation.setting != Setting::Money {
            assert_eq!(*rule, mutation.rule, "{}", mutation.name);
        }
        let told =
            stage.events.iter().any(|event| matches!(event, Event::BlockRejected { rule: why, .. } if why == rule));
        assert!(told, "{}", mutation.name);
    }
}

#[test]
fn a_parent_that_nobody_knows_is_asked_for_and_no_crime() {
    let (mut stage, peer, _) = serve(&mutations::of(Rule::PreviousBlock));
    let asked = stage.take_sent_to(peer).into_iter().any(|message| matches!(message, NodeMessage::GetHeaders(_)));
    assert!(asked, "an honest peer may have a chain that we do not know");
    assert_eq!((stage.score(peer), stage.is_muted(peer)), (0, false));
}

#[test]
fn a_time_that_has_not_come_is_no_crime_and_comes() {
    let mut scene = Scene::new(ChainParams::regtest());
    mutations::of(Rule::TimeNotInFuture).apply(&mut scene);
    let mut stage = stage_of(&scene);
    let peer = Peer::new(stage.connect(), 1);
    stage.tell(peer, &NodeMessage::Block(scene.block.clone()));
    assert_eq!(stage.machine.chain().tip().hash, scene.ledger.tip_hash());
    stage.advance(Duration::from_millis(1));
    assert_eq!(stage.machine.chain().tip().hash, scene.block.hash());
    assert_eq!(stage.score(peer), 0);
}

#[test]
fn invalid_block_and_its_children_are_refused_from_any_peer() {
    let valid = Scene::new(ChainParams::regtest());
    for rule in [Rule::CoinbaseAmount, Rule::Signature, Rule::StateRoot, Rule::CoinExists] {
        let mut broken = valid.clone();
        mutations::of(rule).apply(&mut broken);
        let mut stage = stage_of(&valid);
        let relay = stage.connect();
        let (first, second) = (Peer::new(relay, 1), Peer::new(relay, 2));
        stage.tell(first, &NodeMessage::Block(broken.block.clone()));
        broken.ledger.push_unjudged(broken.block.clone());
        let child = broken.ledger.next_block(Vec::new(), toycoin_core::test_util::classroom::owner(2));
        stage.tell(second, &NodeMessage::Block(broken.block.clone()));
        stage.tell(second, &NodeMessage::Block(child));
        stage.advance(SECOND * 5);
        assert_eq!(stage.machine.chain().tip().hash, valid.ledger.tip_hash(), "{rule}");
        let judged = stage.events.iter().filter(|event| matches!(event, Event::BlockRejected { .. })).count();
        assert_eq!(judged, 1, "what is known to be invalid is not judged again: {rule}");
    }
}

#[test]
fn a_broken_block_does_not_keep_its_valid_namesake_out() {
    // the same header, so the same hash: only the body is another
    let scene = Scene::new(ChainParams::regtest());
    let mut stage = stage_of(&scene);
    let relay = stage.connect();
    let (cheat, honest) = (Peer::new(relay, 1), Peer::new(relay, 2));
    let mut mutated = scene.block.clone();
    mutated.transactions.pop();
    stage.tell(cheat, &NodeMessage::Block(mutated));
    assert_eq!(stage.muted_for(cheat), Some(&MuteReason::BrokenRule(Rule::MerkleRoot)));
    stage.tell(honest, &NodeMessage::Block(scene.block.clone()));
    assert_eq!(stage.machine.chain().tip().hash, scene.block.hash());
}
