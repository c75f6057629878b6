//! Wallets spend in every pattern, and each payment that a node took ends confirmed, or dropped with a reason.

use std::time::Duration;

use toycoin_sim::{Run, Simulation, Spending, SpendingPattern};

fn network(seed: u64, pattern: SpendingPattern) -> Simulation {
    let spending = Spending { pattern, ..Spending::default() };
    Simulation::builder(seed).nodes(4).payments_per_second(1.0).spending(0, spending)
}

fn runs(pattern: SpendingPattern) -> Vec<Run> {
    let run = |seed| network(seed, pattern).run_for(Duration::from_secs(90));
    (1..=5).map(|seed| run(seed).unwrap_or_else(|violation| panic!("{pattern:?}: {violation}"))).collect()
}

fn payments(pattern: SpendingPattern) -> u64 {
    runs(pattern).iter().map(|run| run.statistics.payments).sum()
}

#[test]
fn spending_patterns_pay_nothing_singly_or_more() {
    let (silent, single) = (payments(SpendingPattern::Silent), payments(SpendingPattern::Single));
    assert!(silent < single);
    for pattern in [SpendingPattern::Burst(5), SpendingPattern::Chain(10)] {
        let runs = runs(pattern);
        let paid: u64 = runs.iter().map(|run| run.statistics.payments).sum();
        assert!(paid > single + 100, "{pattern:?}: {paid}, singly {single}");
        assert!(runs.iter().all(|run| run.dropped.is_empty()), "{pattern:?}");
    }
}

#[test]
fn amounts_and_fees_are_those_that_were_set() {
    let spending = Spending { grains: 7_000..=7_000, fee_rates: 3..=3, pattern: SpendingPattern::Single };
    let simulation = (0..4).fold(network(1, SpendingPattern::Single), |net, node| net.spending(node, spending.clone()));
    let run = simulation.invariant("amounts", |net| {
        let waiting = net.node(0).into_iter().flat_map(|node| node.mempool().iter());
        match waiting
            .map(|(_, payment)| payment)
            .find(|payment| !payment.outputs.iter().any(|output| output.value.grains() == 7_000))
        {
            Some(payment) => Err(format!("{payment:?}")),
            None => Ok(()),
        }
    });
    assert!(run.run_for(Duration::from_secs(60)).is_ok_and(|run| run.confirmations.len() > 30));
}

#[test]
fn double_spend_confirms_one_and_drops_the_other_with_a_reason() {
    let runs = runs(SpendingPattern::DoubleSpend);
    let attempts: u64 = runs.iter().map(|run| run.statistics.double_spends).sum();
    let dropped: usize = runs.iter().map(|run| run.dropped.len()).sum();
    assert!(attempts > 20, "{attempts}");
    assert!(dropped > 0, "{attempts} coins were spent twice: some of it both nodes had taken");
    assert!(runs.iter().flat_map(|run| &run.dropped).all(|(_, reason)| !reason.is_empty()));
    // and nobody honest was muted for what a cheat had him tell
    assert!(runs.iter().all(|run| run.statistics.mutes == 0 && run.converged()));
}

#[test]
fn all_manners_together_are_survived_with_faults() {
    for seed in 0..10 {
        let simulation = Simulation::builder(seed).nodes(6).payments_per_second(1.0).random_spending().random_faults();
        let run = simulation.run_for(Duration::from_secs(90)).unwrap_or_else(|violation| panic!("{violation}"));
        assert!(run.converged());
    }
}

#[test]
fn nodes_with_different_minimum_fees_mute_nobody() {
    for seed in 1..=5 {
        let rates = [0, 0, 1, 2];
        let network = Simulation::builder(seed).nodes(4).payments_per_second(2.0);
        let network = rates.iter().enumerate().fold(network, |net, (node, rate)| net.min_fee_rate(node, *rate));
        let run = network.run_for(Duration::from_secs(120)).unwrap_or_else(|violation| panic!("{violation}"));
        assert!(run.converged() && run.confirmations.len() > 100, "{}", run.confirmations.len());
        assert_eq!(run.statistics.mutes, 0, "seed {seed}");
        assert!(run.statistics.payments_refused > 20, "free payments meet a node that takes none");
    }
}

#[test]
fn conflicting_halves_told_to_two_nodes_mute_nobody() {
    let runs = runs(SpendingPattern::Halves(20));
    let attempts: u64 = runs.iter().map(|run| run.statistics.double_spends).sum();
    assert!(attempts > 500, "{attempts}");
    assert!(runs.iter().all(|run| run.statistics.mutes == 0 && run.converged()));
    assert!(runs.iter().flat_map(|run| &run.dropped).all(|(_, reason)| !reason.is_empty()));
}
