//! What adversaries do costs honest nodes neither agreement nor payments.

use std::time::Duration;

use toycoin_sim::{
    Fault, FaultKind, Foreign, Link, Run, Simulation, Topology, Violation,
    adversary::{
        AnswersNotFound, ConflictFlood, Flaw, HeaderFlood, InvalidBlocks, LighterChain, Mixed, Mutates, OrphanFlood,
        StallsAfterHeaders, Tactic,
    },
};

const SEEDS: u64 = 5;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Five nodes, of which the last is the adversary, and one that joins late and has to trust somebody.
fn network(seed: u64) -> Simulation {
    let late = Fault::LateJoin { node: 0 };
    Simulation::builder(seed).nodes(5).payments_per_second(0.5).fault(Duration::ZERO..seconds(60), late)
}

fn holds(name: &str, simulation: impl Fn(u64) -> Simulation) -> Vec<Run> {
    let run = |seed| simulation(seed).run_for(seconds(120));
    let runs: Result<Vec<_>, Violation> = (1..=SEEDS).map(run).collect();
    let runs = runs.unwrap_or_else(|violation| panic!("{name}: {violation}"));
    for run in &runs {
        assert!(run.converged() && run.height() > 20, "{name}: {:?}", run.tips);
        assert!(run.confirmations.len() > 10, "{name}");
    }
    runs
}

fn withstands(name: &str, tactic: impl Tactic + Clone + 'static) -> Vec<Run> {
    holds(name, |seed| network(seed).adversary(4, tactic.clone()))
}

#[test]
fn peers_that_stall_or_have_nothing_delay_nobody_for_long() {
    withstands("stalls after headers", StallsAfterHeaders);
    withstands("NOTF to everything", AnswersNotFound);
}

#[test]
fn invalid_blocks_are_refused_at_any_depth() {
    for flaw in Flaw::ALL {
        for depth in [0, 1, 5] {
            let runs = withstands(&format!("{flaw:?} under {depth}"), InvalidBlocks::new(flaw, depth));
            let refused: u64 = runs.iter().map(|run| run.statistics.blocks_rejected).sum();
            assert!(refused > 0, "{flaw:?} under {depth}: nobody saw one");
        }
    }
}

#[test]
fn a_longer_but_lighter_chain_convinces_nobody() {
    withstands("lighter chain", LighterChain::new(500));
}

#[test]
fn header_flood_without_work_costs_no_memory_nor_agreement() {
    // that what is held of them is bounded is an invariant; that they came shows in that their sender is muted for them
    let runs = withstands("headers", HeaderFlood::new(3_000));
    assert!(runs.iter().all(|run| run.statistics.mutes > 0));
}

#[test]
fn whatever_is_drawn_harms_nobody_and_everything_is_drawn() {
    let mut runs = Vec::new();
    for seed in 0..30 {
        let simulation = Simulation::builder(seed).nodes(8).random_adversaries(3).random_spending();
        let simulation = simulation.random_policies().random_links().random_faults();
        let run = simulation.payments_per_second(0.5).run_for(seconds(90));
        let run = run.unwrap_or_else(|violation| panic!("{violation}"));
        assert!(run.converged());
        runs.push(run);
    }
    let sum = |of: fn(&Run) -> u64| runs.iter().map(of).sum::<u64>();
    assert_eq!(Mixed::missing(runs.iter().map(|run| &run.tactics)), [] as [&str; 0]);
    assert_eq!(FaultKind::missing(runs.iter().map(|run| &run.injected)), []);
    assert!(sum(|run| run.statistics.double_spends) > 50, "halves of double spends are told");
    assert!(sum(|run| run.statistics.payments_refused) > 20, "nodes differ in their minimum fees");
    assert!(sum(|run| run.statistics.lagged) > 0, "queues are short for somebody");
}

#[test]
fn floods_of_orphans_and_conflicts_stay_within_bounds() {
    withstands("orphans", OrphanFlood { burst: 50 });
    withstands("conflicts", ConflictFlood::of_node(4, 50));
}

#[test]
fn other_bodies_under_good_headers_harm_only_their_sender() {
    let runs = withstands("mutated bodies", Mutates);
    assert!(runs.iter().map(|run| run.statistics.mutes).sum::<u64>() > 0);
}

#[test]
fn a_careless_relay_loses_no_payment_and_mutes_nobody() {
    let link = Link { drop: 0.1, duplicate: 0.1, reorder: 0.1, ..Link::wan() };
    let runs = holds("careless relay", |seed| network(seed).link(link));
    assert!(runs.iter().all(|run| run.statistics.dropped_envelopes > 20));
}

#[test]
fn an_eclipsed_node_finds_back() {
    let eclipse = Fault::Eclipse { node: 1 };
    holds("eclipse", |seed| {
        let forged = InvalidBlocks::new(Flaw::BadStateRoot, 3);
        network(seed).adversary(4, forged).fault(seconds(20)..seconds(80), eclipse.clone())
    });
}

#[test]
fn any_machine_can_stand_at_a_place() {
    holds("foreign", |seed| network(seed).topology(Topology::Relays(2)).participant(4, Foreign));
}

#[test]
fn a_censored_payment_is_confirmed_by_its_own_node() {
    // which payment the seed makes first is known from a run without a censor
    let first = |seed| network(seed).keep_trace();
    let run = first(1).run_for(seconds(20)).unwrap();
    assert!(run.confirmations.len() > 2);
    let txid = run.payments.first().copied().expect("payments are made");
    let censored = first(1).censor(txid).run_for(seconds(120)).unwrap();
    assert!(censored.payments.contains(&txid) && censored.converged());
    assert!(censored.statistics.dropped_envelopes > 0, "the censor saw it");
}
