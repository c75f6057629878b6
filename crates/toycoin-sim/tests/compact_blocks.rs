//! Blocks of payments that the nodes have heard travel without their bodies, over relays and over a mesh. Lies about
//! their payments cost nobody a block, and only the liar its voice.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use toycoin_sim::{Fact, Simulation, Topology, adversary::FalseCompactBlocks};
use toycoin_wire::Tag;

const SEEDS: u64 = 5;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Runs a network of six nodes that pay, and returns how many messages with each tag arrived, and their bytes.
fn arrivals(seed: u64, topology: Option<Topology>) -> (BTreeMap<Tag, (u64, u64)>, u64) {
    let mut simulation = Simulation::builder(seed).nodes(6).payments_per_second(2.0);
    if let Some(topology) = topology {
        simulation = simulation.topology(topology);
    }
    let mut network = simulation.start();
    let counts = Rc::new(RefCell::new(BTreeMap::<Tag, (u64, u64)>::new()));
    let seen = Rc::clone(&counts);
    network.observe(move |fact| {
        let (Fact::Arrived { message, .. } | Fact::MeshArrived { message, repeated: false, .. }) = &fact.fact else {
            return;
        };
        if let Some(tag) = message.tag {
            let mut counts = seen.borrow_mut();
            let (count, bytes) = counts.entry(tag).or_default();
            (*count, *bytes) = (*count + 1, *bytes + message.bytes as u64);
        }
    });
    network.run_to(seconds(120)).expect("no invariant breaks");
    let run = network.finish().expect("all nodes agree");
    assert!(run.confirmations.len() > 50, "{} payments", run.confirmations.len());
    let counts = counts.borrow().clone();
    (counts, run.height())
}

#[test]
fn blocks_of_known_payments_travel_without_bodies() {
    for topology in [None, Some(Topology::Mesh { degree: 3 })] {
        for seed in 1..=SEEDS {
            let (counts, height) = arrivals(seed, topology.clone());
            let of = |tag: Tag| counts.get(&tag).copied().unwrap_or_default();
            let (compact, whole, asked) = (of(Tag::CBLK), of(Tag::BLOC), of(Tag::GBTX));
            assert!(compact.0 >= 5 * height, "seed {seed}: each of the others hears each block: {counts:?}");
            assert!(10 * whole.0 <= compact.0 && 4 * asked.0 <= compact.0, "seed {seed}: {counts:?}");
        }
    }
}

#[test]
fn lies_about_the_payments_of_blocks_delay_nobody_for_long() {
    for seed in 1..=SEEDS {
        let simulation = Simulation::builder(seed).nodes(5).payments_per_second(0.5).random_links();
        let run = simulation.adversary(4, FalseCompactBlocks).run_for(seconds(120));
        let run = run.unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
        assert!(run.converged() && run.height() > 20, "seed {seed}: {:?}", run.tips);
        assert!(run.confirmations.len() > 10, "seed {seed}");
    }
}
