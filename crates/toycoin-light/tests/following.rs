//! The light client follows the chain with the most proved work, whatever some servers say.

mod world;

use std::{collections::BTreeSet, time::Duration};

use toycoin_core::ChainParams;
use toycoin_light::{
    limits,
    machine::{Event, Input, LightConfig, LightMachine, Output},
};
use toycoin_wire::{NodeMessage, Payload, machine::Machine};
use world::{FullNode, Manner, World, server};

const LIARS: [Manner; 4] = [Manner::Silent, Manner::Tampers, Manner::HasNothing, Manner::Garbles];

/// Returns a node with a chain of regtest.
fn regtest(blocks: u64) -> FullNode {
    let mut node = FullNode::new(ChainParams::regtest());
    node.grow(blocks);
    node
}

fn ends_on_the_tip(world: &World, honest: u8) {
    let tip = world.servers[&server(honest)].chain.tip();
    assert_eq!((world.client.tip().hash, world.client.tip().work), (tip.hash, tip.work));
}

#[test]
fn a_long_chain_is_proved_and_a_short_one_read() {
    for blocks in [1, 50, 101, 102, 103, 400] {
        let mut world = World::new(ChainParams::regtest(), vec![regtest(blocks)]);
        world.settle();
        ends_on_the_tip(&world, 1);
        assert!(world.muted().is_empty());
        let events = world.events.iter().filter(|event| matches!(event, Event::Tip(_)));
        assert_eq!(events.count(), 1, "the tip of {blocks} blocks is reported once");
    }
}

#[test]
fn one_honest_server_among_liars_is_enough() {
    let honest = regtest(300);
    let mut nodes: Vec<_> = LIARS.into_iter().cycle().take(7).map(|manner| honest.copy(manner)).collect();
    nodes.push(honest);
    let mut world = World::new(ChainParams::regtest(), nodes);
    world.settle();
    ends_on_the_tip(&world, 8);
    assert!(!world.muted().contains(&server(8)));
    // who sent what is false is muted; who sent nothing is not
    assert!(world.muted().contains(&server(2)) && world.muted().contains(&server(4)));
    assert!(!world.muted().contains(&server(1)));
}

#[test]
fn liars_alone_move_nothing() {
    let honest = regtest(150);
    let nodes = LIARS.into_iter().map(|manner| honest.copy(manner)).collect();
    let mut world = World::new(ChainParams::regtest(), nodes);
    world.settle();
    assert_eq!(world.client.tip().header.height, 0);
}

#[test]
fn new_blocks_are_followed_by_their_headers() {
    let mut world = World::new(ChainParams::regtest(), vec![regtest(300)]);
    world.settle();
    let before = world.bytes;
    for _ in 0..3 {
        world.servers.get_mut(&server(1)).unwrap().grow(1);
        world.publish();
        world.run(Duration::from_secs(1));
        ends_on_the_tip(&world, 1);
    }
    assert!(world.bytes - before < 3_000, "{} bytes for three headers", world.bytes - before);
}

#[test]
fn a_reorganisation_is_followed_however_deep() {
    for depth in [1, 20, 150, 290] {
        let mut world = World::new(ChainParams::regtest(), vec![regtest(300)]);
        world.settle();
        let mut fork = FullNode::new(ChainParams::regtest());
        for height in 1..=300 - depth {
            let block = world.servers[&server(1)].block(height);
            fork.take(&block);
        }
        // another miner, so that these are other blocks
        for _ in 0..depth + 5 {
            fork.mine(Vec::new(), toycoin_core::test_util::classroom::owner(6));
        }
        world.servers.insert(server(1), fork);
        world.settle();
        ends_on_the_tip(&world, 1);
        assert!(world.muted().is_empty(), "a branch that loses is no lie");
    }
}

#[test]
fn a_client_goes_on_from_what_it_saved() {
    let mut world = World::new(ChainParams::regtest(), vec![regtest(300)]);
    world.settle();
    let saved = world.client.save();
    let bytes = world.bytes;
    let config = LightConfig::new(ChainParams::regtest(), [8; 32]);
    let client = LightMachine::resume(config.clone(), &saved).unwrap();
    assert_eq!(client.tip(), world.client.tip());
    let mut node = world.servers.remove(&server(1)).unwrap();
    node.grow(5);
    let mut world = World::with(client, vec![node]);
    world.settle();
    ends_on_the_tip(&world, 1);
    assert!(world.bytes < bytes / 4, "{} bytes instead of {bytes}", world.bytes);

    let mut broken = saved.clone();
    broken.headers.swap(0, 1);
    assert!(LightMachine::resume(config, &broken).is_err());
    let other = LightConfig::new(ChainParams::lab(), [8; 32]);
    assert!(LightMachine::resume(other, &saved).is_err());
}

#[test]
fn who_boasts_and_answers_fast_does_not_keep_others_out() {
    // each claims anew as soon as it has answered, so that nobody else would ever have the greatest claim
    for manner in [Manner::HasNothing, Manner::Boasts] {
        let honest = regtest(300);
        let mut nodes: Vec<_> = (0..7).map(|_| regtest(280).copy(manner)).collect();
        nodes.push(honest);
        let mut world = World::new(ChainParams::regtest(), nodes);
        world.publish();
        let tip = world.servers[&server(8)].chain.tip().hash;
        let mut steps = 0;
        while world.client.tip().hash != tip {
            steps += 1;
            assert!(steps < 500, "{manner:?}: it asks the same ones again and again");
            let Some(output) = world.client.poll_output() else {
                world.now = world.client.next_timeout().expect("somebody still claims more");
                world.tell(Input::Timeout);
                continue;
            };
            let asked = match &output {
                Output::Ask { server, .. } => Some(*server),
                _ => None,
            };
            world.carry_out(output);
            if let Some(server) = asked {
                let status = world.servers[&server].status();
                world.hear(server, &status);
            }
        }
        assert!(world.muted().is_empty(), "{manner:?}: who claims too much may believe a liar itself");
    }
}

#[test]
fn no_server_gets_a_proof_with_fewer_slices_than_24() {
    let honest = regtest(300);
    let mut world = World::new(ChainParams::regtest(), vec![honest.copy(Manner::Honest)]);
    world.servers.clear();
    let (tip, status) = (honest.chain.tip().hash.to_bytes(), honest.status());
    let mut questions = Vec::new();
    for _ in 0..30 {
        world.hear(server(1), &status);
        while let Some(output) = world.client.poll_output() {
            if let Output::Ask { payload, .. } = output
                && let Ok(Payload::Message(NodeMessage::GetProof(request))) = NodeMessage::decode(&payload)
            {
                questions.push(request.slices);
                // neither what it did not ask for nor the tip
                world.hear(server(1), &NodeMessage::NotFound(vec![[7; 32]]));
                world.hear(server(1), &NodeMessage::NotFound(vec![tip]));
            }
        }
        world.now = world.now + Duration::from_secs(30);
        world.tell(Input::Timeout);
    }
    assert!(questions.len() > 1 && questions.iter().all(|slices| *slices == 24), "{questions:?}");
}

#[test]
fn what_another_question_lacks_is_no_refusal_of_a_proof() {
    let mut honest = regtest(300);
    let mut world = World::new(ChainParams::regtest(), vec![honest.copy(Manner::Honest)]);
    world.servers.clear();
    world.hear(server(1), &honest.status());
    let mut asked = None;
    while let Some(output) = world.client.poll_output() {
        if let Output::Ask { payload, .. } = output
            && let Ok(Payload::Message(question @ NodeMessage::GetProof(_))) = NodeMessage::decode(&payload)
        {
            asked = Some(question);
        }
    }
    // of a block, say
    world.hear(server(1), &NodeMessage::NotFound(vec![[7; 32]]));
    world.hear(server(1), &honest.status());
    for answer in honest.answer(asked.expect("a proof is asked for")) {
        world.tell(Input::Heard { server: server(1), payload: &answer });
    }
    assert_eq!(world.client.tip().hash, honest.chain.tip().hash);
    assert!(world.muted().is_empty());
}

#[test]
fn low_names_cannot_swallow_every_repeated_payment() {
    let node = FullNode::new(ChainParams::regtest());
    let payment = node.payment(0, 4, 1_000, 0);
    for seed in 0..10 {
        let client = LightMachine::new(LightConfig::new(ChainParams::regtest(), [seed; 32]));
        let mut world = World::with(client, Vec::new());
        for name in 1..=20 {
            world.hear(server(name), &node.status());
        }
        world.tell(Input::Pay { transaction: payment.clone() });
        let mut told = Vec::new();
        while told.len() < 3 * limits::REPEAT_SERVERS {
            while let Some(output) = world.client.poll_output() {
                if let Output::Ask { server, payload } = output
                    && payload.starts_with(b"TXN ")
                {
                    told.push(server);
                }
            }
            world.now = world.client.next_timeout().expect("the payment waits for a block").max(world.now);
            world.tell(Input::Timeout);
        }
        for round in told.chunks(limits::REPEAT_SERVERS) {
            assert_eq!(BTreeSet::from_iter(round).len(), round.len(), "nobody hears it twice at once");
        }
        assert!(told.iter().any(|heard| *heard > server(8)), "seed {seed}: {told:?}");
    }
}
