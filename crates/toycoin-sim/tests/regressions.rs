//! Seeds that once broke an invariant, each with what was wrong.

use std::time::Duration;

use toycoin_sim::{Fault, Link, Simulation, adversary::StallsAfterHeaders};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Seven nodes, of which two were drawn to be adversaries, with wallets of all manners and faults.
fn rough(seed: u64) -> Simulation {
    let simulation = Simulation::builder(seed).nodes(7).early_adversaries(2).random_spending().early_faults();
    simulation.payments_per_second(0.5)
}

fn holds(simulation: Simulation, time: Duration) {
    assert!(simulation.run_for(time).unwrap_or_else(|violation| panic!("{violation}")).converged());
}

#[test]
fn headers_whose_bodies_are_withheld_keep_no_other_chain_out() {
    // a node that stalls after headers had the most work after a partition, and mined on alone
    holds(rough(11), seconds(90));
}

#[test]
fn withheld_bodies_after_a_partition_keep_no_chain_out() {
    // the strongest of five keeps its bodies to itself while two partitions make chains of equal right
    for seed in [0, 2, 3, 11] {
        let simulation =
            Simulation::builder(seed).nodes(5).hash_rates([1, 1, 1, 1, 12]).adversary(4, StallsAfterHeaders);
        let during = || seconds(10)..seconds(40);
        let simulation = simulation.partition(during(), [0, 1], [2, 3, 4]).partition(during(), [2, 3], [4]);
        holds(simulation, seconds(90));
    }
}

/// Ten nodes, of which three were drawn to be adversaries.
fn rougher(seed: u64) -> Simulation {
    let simulation = Simulation::builder(seed).nodes(10).early_adversaries(3).random_spending().early_faults();
    simulation.payments_per_second(1.0)
}

#[test]
fn forwarder_of_an_invalid_block_is_not_muted() {
    // bodies were handed out that had not been judged in their place
    for seed in [64, 81, 86, 87, 91] {
        holds(rougher(seed), seconds(90));
    }
}

#[test]
fn laggard_is_not_muted_for_confirmed_payments() {
    // each one told again cost a point, and a wallet that pays in rows has a hundred of them
    for seed in [29, 130, 247] {
        holds(rougher(seed), seconds(90));
    }
}

#[test]
fn better_headers_whose_bodies_come_slowly_keep_no_chain_out() {
    // one adversary claimed a withheld chain under a new id every second, another sent a body every five seconds
    for seed in [325, 419] {
        let simulation = Simulation::builder(seed).nodes(10).random_adversaries(3).random_spending().random_policies();
        holds(simulation.random_links().random_faults().payments_per_second(1.0), seconds(90));
    }
}

#[test]
fn lost_answers_keep_a_late_node_behind_only_briefly() {
    // one request in five was lost, each loss doubled the wait for the next answer, and the node mined on alone
    for seed in [233, 780, 1_169, 1_500, 1_559, 1_654] {
        let link = Link { drop: 0.1, duplicate: 0.1, reorder: 0.1, ..Link::wan() };
        let late = Fault::LateJoin { node: 0 };
        let simulation = Simulation::builder(seed).nodes(5).payments_per_second(0.5).link(link);
        let simulation = simulation.fault(Duration::ZERO..seconds(60), late).settles_within(Some(seconds(60)));
        holds(simulation, seconds(120));
    }
}
