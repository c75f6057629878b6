//! Floods of every kind: what a stranger sends costs the honest neither blocks nor messages, and no more work than is
//! written down. Virtual time has no processor: these tests count signatures, bytes, blocks and messages.

use std::time::Duration;

use toycoin_node::limits;
use toycoin_sim::{
    Fault, Link, Run, Simulation, Spending, SpendingPattern,
    adversary::{BadOrphans, BadPayments, BodyFlood, Noise, Question, QuestionFlood, StatusFlood, Tactic},
};

const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;

/// Most signatures that one input makes a node verify for what is in no block.
const MOST_AT_ONCE: u64 = 2 * limits::ADMISSION_SIGNATURES;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Four miners with payments, and a fifth node that stands ready for an adversary.
fn network(seed: u64) -> Simulation {
    Simulation::builder(seed).nodes(5).hash_rates([1, 1, 1, 1, 0]).payments_per_second(0.5)
}

fn run(simulation: Simulation) -> Run {
    let run = simulation.run_for(seconds(60)).unwrap_or_else(|violation| panic!("{violation}"));
    assert!(run.converged() && run.confirmations.len() > 10, "{:?}", run.tips);
    run
}

/// Runs with a tactic and without it.
fn against(network: fn(u64) -> Simulation, tactic: impl Tactic + Clone + 'static) -> Vec<(Run, Run)> {
    SEEDS.map(|seed| (run(network(seed).adversary(4, tactic.clone())), run(network(seed)))).collect()
}

fn sum(runs: &[(Run, Run)], of: fn(&Run) -> u64) -> (u64, u64) {
    (runs.iter().map(|(run, _)| of(run)).sum(), runs.iter().map(|(_, quiet)| of(quiet)).sum())
}

/// Asserts that miners find about as many blocks as without the flood: within a quarter, which chance alone stays in.
fn assert_blocks_go_on(name: &str, runs: &[(Run, Run)]) {
    // of an honest node: an adversary may well flood itself
    let (flooded, quiet) = sum(runs, |run| run.tips[0].map_or(0, |(height, _)| height));
    assert!(4 * flooded > 3 * quiet, "{name}: {flooded} blocks, {quiet} without the flood");
}

/// Blocks of some 20 kB, as payments to 400 at once make them.
fn large_blocks(seed: u64) -> Simulation {
    let spending = Spending { grains: 1_000..=1_000, pattern: SpendingPattern::Wide(400), ..Spending::default() };
    (0..4).fold(network(seed), |network, node| network.spending(node, spending.clone()))
}

#[test]
fn broadcast_questions_cost_each_node_its_budget() {
    for question in Question::ALL {
        let runs = against(large_blocks, QuestionFlood::new(question, false, 200));
        assert_blocks_go_on(&format!("{question:?}"), &runs);
        for (flooded, quiet) in &runs {
            let (sent, usual) = (flooded.statistics.honest_bytes, quiet.statistics.honest_bytes);
            println!("{question:?}: {sent} bytes are sent, {usual} without the flood");
            // a delivery does not say whether it was directed: each of four nodes answers, within its budget
            let budget = limits::ANSWER_TOKENS + limits::ANSWER_TOKENS_PER_SECOND * flooded.lasted.as_secs();
            assert!(sent < 2 * usual + 4 * budget, "{question:?}: {sent} bytes are sent, {usual} without the flood");
        }
    }
}

#[test]
fn directed_question_floods_drop_no_connection() {
    for question in Question::ALL {
        let runs = against(large_blocks, QuestionFlood::new(question, true, 500));
        assert_blocks_go_on(&format!("{question:?}"), &runs);
        let (flooded, quiet) = sum(&runs, |run| run.statistics.honest_delivered);
        assert!(flooded > quiet / 2, "{question:?}: {flooded} honest messages arrive, {quiet} without the flood");
    }
}

#[test]
fn bodies_that_everybody_has_cost_nothing() {
    let runs = against(large_blocks, BodyFlood { burst: 5 });
    assert_blocks_go_on("bodies", &runs);
    let (flooded, quiet) = sum(&runs, |run| run.statistics.honest_delivered);
    assert!(flooded > quiet / 2, "{flooded} honest messages arrive, {quiet} without the flood");
    let (flooded, quiet) = sum(&runs, |run| run.statistics.honest_bytes);
    assert!(2 * flooded < 3 * quiet, "{flooded} bytes are sent, {quiet} without the flood");
}

#[test]
fn publishing_floods_lose_no_honest_message() {
    for (bytes, burst, bandwidth) in [(1_500_000, 1, 2_000_000), (60, 1_000, 300_000)] {
        let noise = Noise { bytes, burst };
        for seed in 1..=2 {
            let network = Simulation::builder(seed).nodes(7).hash_rates([1, 1, 1, 1, 0, 0, 0]).payments_per_second(0.5);
            let network = network.link(Link { bandwidth, ..Link::wan() });
            let run = run((4..7).fold(network, |network, node| network.adversary(node, noise)));
            let (published, delivered) = (run.statistics.honest_published, run.statistics.honest_delivered);
            println!("{bytes} bytes: {delivered} of {published}, lagged {}", run.statistics.lagged);
            // what waits in a queue at the end was not lost
            assert!(published > 150 && published - delivered < 60, "{bytes} bytes: {delivered} of {published} arrive");
            assert!(run.statistics.lagged > 0, "{bytes} bytes: the flood fills queues");
        }
    }
}

#[test]
fn bad_orphans_are_verified_within_a_budget() {
    let runs = against(network, BadOrphans::of_node(4, 500, 25));
    assert_blocks_go_on("bad orphans", &runs);
    let (flooded, quiet) = sum(&runs, |run| run.statistics.payment_signatures);
    let most = runs.iter().map(|(run, _)| run.statistics.most_payment_signatures).max();
    println!("{flooded} signatures, {quiet} without the flood, at most {most:?} at once");
    assert!(runs.iter().all(|(run, _)| run.statistics.mutes > 0), "their sender is muted");
    assert!(most.is_some_and(|most| most <= MOST_AT_ONCE), "{most:?}");
}

#[test]
fn bad_payments_from_fresh_ids_are_verified_within_a_budget() {
    let runs = against(network, BadPayments::of_node(4));
    assert_blocks_go_on("bad payments", &runs);
    let (flooded, quiet) = sum(&runs, |run| run.statistics.payment_signatures);
    println!("{flooded} signatures, {quiet} without the flood");
    // every one of the fresh ids is muted for it
    assert!(runs.iter().all(|(run, _)| run.statistics.mutes > 30));
}

#[test]
fn status_floods_and_absurd_clocks_do_not_matter() {
    for time in [None, Some(0), Some(1 << 62), Some(u64::MAX)] {
        let runs = against(network, StatusFlood { burst: 500, time });
        assert_blocks_go_on("statuses", &runs);
        for (flooded, quiet) in &runs {
            let (sent, usual) = (flooded.statistics.honest_bytes, quiet.statistics.honest_bytes);
            // of each of four nodes
            let answers = limits::STATUS_ANSWERS_AT_ONCE + limits::STATUS_ANSWERS_A_SECOND * flooded.lasted.as_secs();
            assert!(sent < 2 * usual + 4 * answers * 250, "{sent} bytes are sent, {usual} without the flood");
        }
        let warnings = runs.iter().map(|(run, _)| run.statistics.clock_warnings).max();
        assert!(warnings <= Some(8), "{warnings:?}: one liar among four convinces nobody, or once");
    }
}

#[test]
fn lag_floods_are_answered_once_in_a_while() {
    for seed in SEEDS {
        let flooded = run(network(seed).fault(seconds(10)..seconds(60), Fault::LagFlood { node: 1 }));
        let quiet = run(network(seed));
        assert!(flooded.statistics.lagged > 4_000, "{}", flooded.statistics.lagged);
        let (sent, usual) = (flooded.statistics.honest_bytes, quiet.statistics.honest_bytes);
        assert!(sent < 2 * usual, "{sent} bytes are sent, {usual} without the flood");
    }
}
