//! Every invariant catches the bug that is planted for it: a table of invariant, bug, and the seed that showed it.

use std::time::Duration;

use toycoin_core::{ChainParams, Rule};
use toycoin_sim::{
    Fault, Planted, Simulation, Violation,
    adversary::{AnswersNotFound, Flaw, InvalidBlocks, Mutates, Silent},
    spec,
};

const SPACING: Duration = Duration::from_secs(2);
const TRIES: u64 = 20;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A network of four in which node 3 does nothing but what is planted.
fn network(seed: u64) -> Simulation {
    Simulation::builder(seed).nodes(4).hash_rates([1, 1, 1, 0]).spacing(SPACING).payments_per_second(0.5)
}

/// Rules of which one is not enforced.
fn without(rules: &[Rule]) -> ChainParams {
    ChainParams::sandbox(spec(4, SPACING), rules.iter().copied()).expect("a genesis of its own")
}

type Plant = fn(u64) -> Simulation;

/// Invariant, planted bug, network.
const TABLE: &[(&str, &str, Plant)] = &[
    ("supply", "a node takes coinbases of any amount (R29)", |seed| {
        let lax = without(&[Rule::CoinbaseAmount, Rule::StateRoot]);
        network(seed).rules_of(0, lax).adversary(3, InvalidBlocks::new(Flaw::WrongSubsidy, 1))
    }),
    ("no coin twice", "a node lets a block spend a coin twice (R21, R22, R27, R31)", |seed| {
        let lax = without(&[
            Rule::DuplicateInputInBlock,
            Rule::CoinExists,
            Rule::ValueBalance,
            Rule::Signature,
            Rule::StateRoot,
        ]);
        network(seed).rules_of(0, lax).adversary(3, InvalidBlocks::new(Flaw::SpentTwice, 1))
    }),
    ("coins", "a store does not write what blocks do to the coins", |seed| {
        network(seed).payments_per_second(0.0).planted(0, Planted::ForgetsCoins)
    }),
    ("most work", "a node is not woken while it has something to do", |seed| {
        network(seed).planted(0, Planted::SleepsWithWorkToDo).partition(seconds(5)..seconds(40), [0], [1, 2, 3])
    }),
    ("no honest mute", "a node alters the bodies that it hands on", |seed| network(seed).buggy(0, Mutates)),
    ("convergence", "a node asks for nothing, and misses what it did not hear", |seed| {
        let deaf = Silent { never_asks: true, no_transactions: false };
        network(seed).buggy(3, deaf).partition(seconds(5)..seconds(30), [3], [0, 1, 2])
    }),
    ("payments", "a node tells nobody what its wallet pays", |seed| {
        network(seed).buggy(3, Silent { never_asks: false, no_transactions: true })
    }),
    ("bounds", "a node keeps more than its mempool's bound", |seed| {
        network(seed).payments_per_second(2.0).mempool_bound(500)
    }),
    ("crash", "a store loses writes in a crash, and keeps those behind them", |seed| {
        let crash = Fault::Crash { node: 0, lose_tail: false };
        network(seed).planted(0, Planted::TearsWrites).sync_every(0, 100).fault(seconds(30)..seconds(40), crash)
    }),
    ("honest work", "a caller's invariant that does not hold", |seed| {
        network(seed).adversary(3, AnswersNotFound).invariant("honest work", |net| {
            if net.height() < 5 { Ok(()) } else { Err("the network is at height 5".into()) }
        })
    }),
];

fn caught(invariant: &str, plant: Plant) -> Result<(u64, Violation), Vec<String>> {
    let mut others = Vec::new();
    for seed in 1..=TRIES {
        match plant(seed).settles_within(Some(seconds(200))).run_for(seconds(60)) {
            Err(violation) if violation.invariant == invariant => return Ok((seed, violation)),
            Err(violation) => others.push(violation.to_string()),
            Ok(_) => {}
        }
    }
    Err(others)
}

#[test]
fn every_invariant_catches_the_bug_that_is_planted_for_it() {
    println!("| invariant | planted bug | seed |\n| --- | --- | --- |");
    let mut missed = Vec::new();
    for (invariant, bug, plant) in TABLE {
        match caught(invariant, *plant) {
            Ok((seed, violation)) => println!("| {invariant} | {bug} | {seed} |    {violation}"),
            Err(others) => missed.push(format!("{invariant}: {bug}: {others:#?}")),
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn nothing_is_caught_where_nothing_is_planted() {
    for seed in 1..=TRIES {
        let run = network(seed).settles_within(Some(seconds(200))).run_for(seconds(60));
        assert!(run.is_ok_and(|run| run.converged()));
    }
}
