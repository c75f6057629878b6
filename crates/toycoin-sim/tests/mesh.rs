//! A mesh of 30 nodes, with faults drawn from each of 200 seeds: every invariant holds, and all nodes agree.

use std::{error::Error, ops::Range, time::Duration};

use toycoin_core::{Amount, FeeRate};
use toycoin_sim::{Fault, FaultKind, Planted, Run, Simulation, Topology, Violation};

const NODES: usize = 30;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A mesh in which every sixth node mines.
fn mesh(seed: u64, nodes: usize) -> Simulation {
    let rates = (0..nodes).map(|node| u32::from(node % 6 == 0));
    let simulation = Simulation::builder(seed).nodes(nodes).hash_rates(rates).topology(Topology::Mesh { degree: 4 });
    simulation.spacing(seconds(10)).payments_per_second(0.1)
}

fn run(seed: u64) -> Result<Run, Violation> {
    mesh(seed, NODES).random_faults().run_for(seconds(90))
}

/// Runs seeds with faults, and every tenth one once more.
fn holds(seeds: Range<u64>) {
    let mut runs = Vec::new();
    let mut broken = Vec::new();
    for seed in seeds {
        match run(seed) {
            Ok(first) => {
                if seed % 10 == 0 {
                    assert_eq!(
                        run(seed).map(|run| run.trace_hash),
                        Ok(first.trace_hash.clone()),
                        "seed {seed} differs"
                    );
                }
                runs.push(first);
            }
            Err(violation) => broken.push(violation.to_string()),
        }
    }
    assert!(broken.is_empty(), "{} seeds:\n{}", broken.len(), broken.join("\n"));
    assert!(runs.iter().all(|run| run.converged() && run.statistics.gossip_repeated > 0));
    let mut missing = FaultKind::missing(runs.iter().map(|run| &run.injected));
    missing.retain(|kind| !kind.needs_relays());
    assert!(missing.is_empty(), "never happened: {missing:?}");
    let dropped: Vec<_> = runs.iter().flat_map(|run| &run.dropped).collect();
    assert!(dropped.is_empty(), "honest payments are confirmed, not dropped: {dropped:?}");
    let confirmed: usize = runs.iter().map(|run| run.confirmations.len()).sum();
    let blocks: u64 = runs.iter().map(Run::height).sum();
    assert!(confirmed > 5 * runs.len() && blocks > 5 * runs.len() as u64);
}

#[test]
fn seeds_0_to_49_agree_after_faults() {
    holds(0..50);
}

#[test]
fn seeds_50_to_99_agree_after_faults() {
    holds(50..100);
}

#[test]
fn seeds_100_to_149_agree_after_faults() {
    holds(100..150);
}

#[test]
fn seeds_150_to_199_agree_after_faults() {
    holds(150..200);
}

#[test]
fn same_seed_gives_the_same_trace_and_another_does_not() {
    let run = |seed| mesh(seed, 8).random_faults().keep_trace().run_for(seconds(60)).unwrap();
    let (one, other) = (run(7), run(7));
    assert_eq!(one.trace, other.trace);
    assert_ne!(one.trace_hash, run(8).trace_hash);
    let trace = one.trace.unwrap();
    assert!(trace.contains(r#""dials":"/ip4/20."#) && trace.contains(r#""joins":"#) && trace.contains(r#""heard":"#));
    for line in trace.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn halves_that_were_parted_agree_again() {
    for one_way in [false, true] {
        let (one, other) = (0..NODES).partition(|node| node % 12 == 0);
        let fault = Fault::Partition { one, other, one_way };
        let run = mesh(3, NODES).fault(seconds(30)..seconds(150), fault).run_for(seconds(200));
        let run = run.unwrap_or_else(|violation| panic!("{violation}"));
        assert!(run.converged() && run.deepest_reorg() > 1, "one half gives up what it found: {:?}", run.statistics);
    }
}

/// Payments in a half without miners. Their payers tell them again to their own peers alone, who know them already; so
/// it takes peers that tell each other of their mempools when the halves meet.
#[test]
fn payments_cross_to_another_half_when_it_is_back() {
    let rates = (0..NODES).map(|node| u32::from(node < 15 && node % 6 == 0));
    let parted = mesh(1, NODES).hash_rates(rates).partition(seconds(0)..seconds(60), 0..15, 15..30);
    let mut network = parted.payments_per_second(0.0).start();
    network.run_to(seconds(30)).unwrap();
    for payer in 16..26 {
        network.pay(payer, 0, Amount::from_grains(1_000), FeeRate::grains_per_byte(1)).unwrap();
    }
    network.run_to(seconds(100)).unwrap();
    let run = network.finish().unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!(run.confirmations.len(), 10);
}

/// Stops all nodes at once after the first peers files were written, and starts them again.
fn restarted(simulation: Simulation) -> Result<Run, Box<dyn Error>> {
    let mut network = simulation.start();
    network.run_to(seconds(620))?;
    let nodes = 0..12;
    assert!(nodes.clone().all(|node| network.peers_file(node).is_some_and(|file| file.lines().count() > 3)));
    let mut crashes = Vec::new();
    for node in nodes {
        crashes.push(network.begin(Fault::Crash { node, lose_tail: false })?);
    }
    network.run_to(seconds(650))?;
    for crash in crashes {
        network.end(crash)?;
    }
    network.run_to(seconds(700))?;
    Ok(network.finish()?)
}

#[test]
fn nodes_find_each_other_by_their_peers_files_alone() {
    let run = restarted(mesh(5, 12)).unwrap_or_else(|violation| panic!("{violation}"));
    assert!(run.converged() && run.height() > 30);
}

#[test]
fn nodes_that_lose_their_peers_files_do_not_agree() {
    let forgetful = (0..12).fold(mesh(5, 12), |mesh, node| mesh.planted(node, Planted::LosesPeersFile));
    let error = restarted(forgetful).unwrap_err();
    let violation = error.downcast::<Violation>().unwrap();
    assert_eq!(violation.invariant, "convergence", "{violation}");
}

#[test]
fn a_node_that_is_added_finds_the_others() {
    let mut network = mesh(9, 12).start();
    network.run_to(seconds(100)).unwrap();
    let added = network.add_node(0).unwrap();
    let run = network.finish().unwrap_or_else(|violation| panic!("{violation}"));
    assert!(run.converged() && run.caught_up[added].is_some());
}
