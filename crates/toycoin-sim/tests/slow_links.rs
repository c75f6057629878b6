//! Links that carry next to nothing: whoever is behind one comes late, and comes.

use std::time::Duration;

use toycoin_sim::{Fault, Link, Simulation};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A network with a node behind a link of 1,200 bytes a second, and room for 8 deliveries in the relay's queue. Blocks and
/// payments are more than the link carries.
fn behind_a_slow_link(seed: u64) -> Simulation {
    let slow = Link { bandwidth: 1_200, ..Link::wan() };
    let network = Simulation::builder(seed).nodes(4).hash_rates([1, 1, 1, 0]).payments_per_second(3.0);
    network.link_of(3, slow).queue_deliveries(8)
}

#[test]
fn a_node_behind_a_link_of_1200_bytes_a_second_converges() {
    for seed in 1..=4 {
        let run = behind_a_slow_link(seed).run_for(seconds(60)).unwrap_or_else(|violation| panic!("{violation}"));
        assert!(run.converged(), "seed {seed}: {:?}", run.tips);
    }
}

#[test]
fn a_node_that_joins_late_over_1200_bytes_a_second_converges() {
    for seed in 1..=4 {
        let late = behind_a_slow_link(seed).fault(Duration::ZERO..seconds(60), Fault::LateJoin { node: 3 });
        let run = late.run_for(seconds(120)).unwrap_or_else(|violation| panic!("{violation}"));
        assert!(run.converged(), "seed {seed}: {:?}", run.tips);
    }
}
