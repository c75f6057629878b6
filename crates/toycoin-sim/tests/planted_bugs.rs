//! Every invariant catches the bug that is planted for it: a table of invariant, bug, and the seed that showed it.

use std::{collections::BTreeSet, time::Duration};

use toycoin_core::{ChainParams, Rule};
use toycoin_sim::{
    Disk, Fault, INVARIANTS, Link, Planted, Simulation, Spending, SpendingPattern, Topology, Violation,
    adversary::{
        AnswersNotFound, Flaw, HeaderFlood, InvalidBlocks, Lie, LightLiar, Mutates, Question, QuestionFlood, Silent,
    },
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

/// Small mempools, for more payments than blocks hold of them.
fn short_of_memory(seed: u64) -> Simulation {
    network(seed).payments_per_second(4.0).mempool_bytes(1_000)
}

/// Short queues, for a node that reads slowly.
fn slow_reader(seed: u64) -> Simulation {
    let slow = Link { bandwidth: 2_500, ..Link::wan() };
    network(seed).payments_per_second(3.0).link_of(0, slow).queue_deliveries(3)
}

/// One who pushes what nobody asked for.
fn pushed(seed: u64) -> Simulation {
    network(seed).adversary(3, HeaderFlood::new(50))
}

/// Rules of which one is not enforced.
fn without(rule: Rule) -> ChainParams {
    ChainParams::sandbox(spec(4, SPACING), [rule]).expect("a genesis of its own")
}

type Plant = fn(u64) -> Simulation;

/// Invariant, planted bug, network.
const TABLE: &[(&str, &str, Plant)] = &[
    ("supply", "a node takes coinbases of any amount (R29)", |seed| {
        let lax = without(Rule::CoinbaseAmount);
        network(seed).rules_of(0, lax).adversary(3, InvalidBlocks::new(Flaw::WrongSubsidy, 1))
    }),
    ("no coin twice", "a store hands out coins that were spent", |seed| {
        let respends = InvalidBlocks::new(Flaw::SpentBefore, 1);
        network(seed).planted(0, Planted::KeepsSpentCoins).adversary(3, respends)
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
    ("bounds", "a mempool keeps every payment", |seed| short_of_memory(seed).planted(0, Planted::KeepsEveryPayment)),
    ("bounds", "a relay keeps every delivery", |seed| slow_reader(seed).boundless_relays()),
    ("bounds", "a node mutes nobody, whatever the score", |seed| pushed(seed).planted(0, Planted::Forgives)),
    ("crash", "a store loses writes in a crash, and keeps those behind them", |seed| {
        let crash = Fault::Crash { node: 0, lose_tail: false };
        let torn = network(seed).planted(0, Planted::TearsWrites).disk(0, Disk::Lying).sync_every(0, 100);
        torn.fault(seconds(30)..seconds(40), crash)
    }),
    ("durability", "a store says that it has synced, and has not", |seed| {
        let crash = Fault::Crash { node: 0, lose_tail: true };
        network(seed).planted(0, Planted::ForgetsSync).sync_every(0, 100).fault(seconds(30)..seconds(40), crash)
    }),
    ("events", "a node does not say that blocks have left its chain", |seed| {
        network(seed).planted(0, Planted::HidesDisconnections).partition(seconds(5)..seconds(30), [0], [1, 2, 3])
    }),
    ("own answers", "a node takes what it sent for written", |seed| {
        let flood = QuestionFlood::new(Question::LargeBlocks, true, 500);
        let wide = Spending { grains: 1_000..=1_000, pattern: SpendingPattern::Wide(400), ..Spending::default() };
        let large = (0..3).fold(network(seed), |network, node| network.spending(node, wide.clone()));
        // slower than what it may answer in a second
        let slow = Link { bandwidth: 100_000, ..Link::lan() };
        large.link_of(0, slow).planted(0, Planted::BelievesAllWritten).adversary(3, flood)
    }),
    ("pause", "a node stops mining", |seed| network(seed).hash_rates([1, 0, 0, 0]).planted(0, Planted::StopsMining)),
    ("pause", "a node pauses often and not for long", |seed| {
        network(seed).hash_rates([1, 0, 0, 0]).planted(0, Planted::RestsOften)
    }),
    ("debts", "a node of a mesh judges nothing that it hears", |seed| {
        network(seed).topology(Topology::Mesh { degree: 3 }).planted(0, Planted::JudgesNothing)
    }),
    ("light tip", "a light client takes headers with any target (R10)", |seed| {
        let lax = ChainParams::sandbox(spec(5, SPACING), [Rule::Bits]).expect("a genesis of its own");
        let liar = LightLiar::new(Lie::OtherHeaders).boasting(seconds(1));
        // it joins when there are headers to ask for
        let joins = Fault::LateJoin { node: 4 };
        let network = network(seed).light_clients(1).rules_of(4, lax).fault(Duration::ZERO..seconds(30), joins);
        network.adversary(3, liar)
    }),
    ("light blocks", "a light client keeps blocks that were replaced", |seed| {
        let network = network(seed).payments_per_second(3.0).light_clients(1);
        network.planted(4, Planted::KeepsReplacedBlocks).partition(seconds(5)..seconds(30), [0, 4], [1, 2, 3])
    }),
    ("light convergence", "a light client asks nobody", |seed| {
        network(seed).light_clients(1).planted(4, Planted::AsksNothing)
    }),
    ("halt", "a node halts", |seed| network(seed).planted(0, Planted::Halts)),
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
fn no_invariant_is_without_a_planted_bug() {
    let planted: BTreeSet<_> = TABLE.iter().map(|(invariant, ..)| *invariant).collect();
    let missing: Vec<_> = INVARIANTS.iter().filter(|(invariant, _)| !planted.contains(invariant)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn nothing_is_caught_where_nothing_is_planted() {
    for seed in 1..=TRIES {
        for plantless in [network, short_of_memory, slow_reader, pushed] {
            let run = plantless(seed).settles_within(Some(seconds(200))).run_for(seconds(60));
            assert!(run.unwrap_or_else(|violation| panic!("{violation}")).converged());
        }
    }
}
