//! One seed, one run.

use std::time::Duration;

use toycoin_sim::{Link, Run, Simulation, Topology};

fn run(seed: u64, topology: Topology) -> Run {
    let simulation = Simulation::builder(seed).nodes(4).link(Link::wan()).topology(topology);
    let run = simulation.payments_per_second(1.0).random_faults().keep_trace().run_for(Duration::from_secs(120));
    run.unwrap_or_else(|violation| panic!("{violation}"))
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let (one, other) = (run(7, Topology::Relays(2)), run(7, Topology::Relays(2)));
    assert_eq!(one.trace, other.trace);
    assert_eq!(one.trace_hash, other.trace_hash);
    assert_eq!(one.tips, other.tips);
    assert!(one.height() > 10, "{:?}", one.tips);
}

#[test]
fn every_line_of_a_trace_is_json() {
    let rough = Simulation::builder(4).nodes(7).early_adversaries(3).random_spending().random_faults();
    let run = rough.payments_per_second(1.0).keep_trace().run_for(Duration::from_secs(90));
    let trace = run.unwrap_or_else(|violation| panic!("{violation}")).trace.unwrap();
    assert!(trace.contains(r#""mutes":"#) && trace.contains(r#""rejected":"#));
    for (line, number) in trace.lines().zip(1..) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!((&value["n"], value["us"].is_u64()), (&number.into(), true), "{line}");
    }
}

#[test]
fn another_seed_gives_another_trace() {
    assert_ne!(run(7, Topology::Relays(1)).trace_hash, run(8, Topology::Relays(1)).trace_hash);
}

#[test]
fn nodes_that_are_linked_in_a_ring_agree_and_pay() {
    let run = run(3, Topology::ring(4));
    assert!(run.converged());
    assert!(run.confirmations.len() > 50, "{}", run.confirmations.len());
    assert_eq!(run.dropped, []);
}
