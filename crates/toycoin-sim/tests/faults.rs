//! Each fault by itself: it happens, it shows, and honest nodes agree and are paid once it has ended.

use std::time::Duration;

use toycoin_sim::{Disk, Fault, FaultKind, Latency, Link, Run, Simulation, Topology};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn network(seed: u64) -> Simulation {
    Simulation::builder(seed).nodes(5).payments_per_second(0.5)
}

/// Has something go wrong from 20 to 80 seconds.
fn survives(fault: &Fault) -> Vec<Run> {
    let runs = (1..=4).map(|seed| network(seed).fault(seconds(20)..seconds(80), fault.clone()).run_for(seconds(120)));
    let runs: Vec<_> = runs.map(|run| run.unwrap_or_else(|violation| panic!("{fault:?}: {violation}"))).collect();
    for run in &runs {
        assert!(run.converged() && run.height() > 20 && run.confirmations.len() > 20, "{fault:?}: {:?}", run.tips);
        assert_eq!(run.injected.get(&fault.kind()), Some(&1), "{fault:?}");
        assert_eq!(run.dropped, [], "{fault:?}");
    }
    runs
}

fn deepest(runs: &[Run]) -> usize {
    runs.iter().map(Run::deepest_reorg).max().unwrap_or(0)
}

#[test]
fn partitions_heal_whether_they_are_mutual_or_not() {
    let (one, other) = (vec![0, 1], vec![2, 3, 4]);
    let mutual = Fault::Partition { one: one.clone(), other: other.clone(), one_way: false };
    assert!(deepest(&survives(&mutual)) > 3, "the smaller half gives up what it found");
    survives(&Fault::Partition { one, other, one_way: true });
}

#[test]
fn crashes_are_survived_with_the_unsynced_tail_and_without() {
    survives(&Fault::Crash { node: 1, lose_tail: false });
    survives(&Fault::Crash { node: 1, lose_tail: true });
    for seed in 1..=4 {
        // a disk that lies gives back a chain that others have built upon, and the node finds on from there
        let crash = Fault::Crash { node: 1, lose_tail: true };
        let lying = network(seed).disk(1, Disk::Lying).sync_every(1, 1_000).fault(seconds(20)..seconds(80), crash);
        assert!(lying.run_for(seconds(120)).is_ok_and(|run| run.converged()));
    }
}

#[test]
fn a_relay_may_restart_and_links_may_be_slow_or_lossy() {
    let restart =
        network(1).topology(Topology::Relays(2)).fault(seconds(20)..seconds(40), Fault::RelayRestart { relay: 1 });
    assert!(restart.run_for(seconds(120)).is_ok_and(|run| run.converged()));
    survives(&Fault::RelayRestart { relay: 0 });
    survives(&Fault::SlowLink { node: 1, bandwidth: 20_000, latency: 20 });
    let lossy = Fault::LossyLink { node: 1 };
    survives(&lossy);
    let run = |seed| network(seed).fault(seconds(20)..seconds(80), lossy.clone()).run_for(seconds(120)).unwrap();
    assert!((1..=40).any(|seed| run(seed).statistics.broken_connections > 0), "now and then a link breaks");
}

#[test]
fn a_careless_relay_is_survived() {
    let runs = survives(&Fault::CarelessRelay { node: 1 });
    assert!(runs.iter().all(|run| run.statistics.dropped_envelopes > 0));
}

#[test]
fn clocks_off_by_minutes_jump_back() {
    for offset_ms in [180_000, -180_000] {
        survives(&Fault::ClockSkew { node: 1, offset_ms });
    }
}

#[test]
fn hash_rate_is_rented_and_gone_again() {
    let usual: Vec<_> = (1..=4).map(|seed| network(seed).run_for(seconds(120)).unwrap().height()).collect();
    let runs = survives(&Fault::HashBurst { node: 1, factor: 10.0 });
    let heights: Vec<_> = runs.iter().map(Run::height).collect();
    assert!(heights.iter().sum::<u64>() > usual.iter().sum(), "{heights:?} after a burst, {usual:?} without");
}

#[test]
fn a_node_joins_late_and_an_eclipsed_one_finds_back() {
    for seed in 1..=4 {
        let late = network(seed).fault(Duration::ZERO..seconds(60), Fault::LateJoin { node: 0 });
        let run = late.run_for(seconds(120)).unwrap_or_else(|violation| panic!("{violation}"));
        assert!(run.converged() && run.injected.contains_key(&FaultKind::LateJoin));
    }
    assert!(deepest(&survives(&Fault::Eclipse { node: 1 })) > 0, "what it found alone is given up");
}

#[test]
fn links_of_every_kind_carry_a_network() {
    let ms = Duration::from_millis;
    for latency in [
        Latency::Uniform { least: ms(5), most: ms(200) },
        Latency::Exponential { least: ms(5), mean: ms(80) },
        Latency::LogNormal { median: ms(60), sigma: 0.8 },
        Latency::Pareto { least: ms(20), shape: 1.3 },
    ] {
        let simulation = || network(3).link(Link::wan().latency(latency));
        let run = simulation().run_for(seconds(120)).unwrap_or_else(|violation| panic!("{latency:?}: {violation}"));
        assert!(run.converged() && run.confirmations.len() > 20);
        assert_eq!(simulation().run_for(seconds(120)).map(|run| run.trace_hash), Ok(run.trace_hash), "{latency:?}");
    }
}
