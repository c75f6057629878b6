//! Eclipse attacks: an attacker with many addresses tries to become all peers of one node.

use std::{
    error::Error,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use clap::Args;
use toycoin_examples::{arguments::number, say};
use toycoin_sim::eclipse::{Eclipse, EclipseOutcome};

use crate::{arguments, seeds::run_seeds, stop_when_interrupted};

/// An attack, and how often it is run.
#[derive(Debug, Args)]
pub(crate) struct EclipseArguments {
    /// Number of seeds, from 0.
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "seed", value_parser = number::<u64>(1..))]
    seeds: u64,
    /// Run this one seed.
    #[arg(long, value_name = "N", value_parser = number::<u64>(..))]
    seed: Option<u64>,
    /// Number of the attacker's addresses.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = number::<usize>(..=10_000))]
    attackers: usize,
    /// Number of address groups (IPv4 /16) that these share.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = number::<usize>(1..=10_000))]
    attacker_groups: usize,
    /// Number of honest nodes.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = number::<usize>(1..=10_000))]
    honest: usize,
    /// Number of address groups that these share.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = number::<usize>(1..=10_000))]
    honest_groups: usize,
    /// Virtual hours from the node's first start to the end.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = number::<u64>(1..=720))]
    hours: u64,
    /// Virtual hours until the attacker appears.
    #[arg(long, value_name = "HOURS", default_value_t = 0, value_parser = number::<u64>(..720))]
    begins_after: u64,
    /// Number of restarts of the node after that.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = number::<usize>(..=100))]
    restarts: usize,
    /// Do not dial those first after a restart that were peers for longest.
    #[arg(long)]
    no_anchors: bool,
    /// Number of attacks that run at the same time; by default as many as there are cores.
    #[arg(long, short, value_name = "N", value_parser = number::<usize>(1..=256))]
    jobs: Option<usize>,
}

impl EclipseArguments {
    /// Checks what no argument shows alone.
    ///
    /// # Errors
    /// A text for the user, if the attacker would never appear.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.begins_after < self.hours {
            true => Ok(()),
            false => Err(format!(
                "the attacker appears after {} hours and the attack ends after {}: give more --hours",
                self.begins_after, self.hours
            )),
        }
    }

    fn attack(&self, seed: u64) -> Eclipse {
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        Eclipse {
            honest: self.honest,
            honest_groups: self.honest_groups,
            attackers: self.attackers,
            attacker_groups: self.attacker_groups,
            lasts: hours(self.hours),
            begins: hours(self.begins_after),
            restarts: self.restarts,
            anchors: !self.no_anchors,
            ..Eclipse::new(seed)
        }
    }
}

/// Runs all seeds, and prints how they ended.
pub(crate) fn run(attack: &EclipseArguments) -> Result<(), Box<dyn Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    stop_when_interrupted(Arc::clone(&stop));
    let (seeds, jobs) = (arguments::seeds(attack.seed, attack.seeds), arguments::jobs(attack.jobs));
    let wanted = seeds.end - seeds.start;
    let run = |seed| (!stop.load(Ordering::Relaxed)).then(|| attack.attack(seed).run());
    let outcomes = run_seeds(seeds, jobs, "eclipsed", is_eclipsed, run)?;
    say!("{}", Table(outcomes.values().collect()));
    let eclipsed: Vec<_> = outcomes.iter().filter(|(_, outcome)| is_eclipsed(outcome)).map(|(seed, _)| *seed).collect();
    if !eclipsed.is_empty() {
        say!("\neclipsed: seeds {eclipsed:?}");
    }
    let left = wanted - outcomes.len() as u64;
    if left > 0 {
        say!("\nstopped: {left} seeds were not run");
    }
    Ok(())
}

/// Returns whether a node had no honest peer at all in the end.
const fn is_eclipsed(outcome: &EclipseOutcome) -> bool {
    outcome.honest_outbound == 0 && outcome.honest_inbound == 0
}

/// How the attacks ended.
struct Table<'a>(Vec<&'a EclipseOutcome>);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(outcomes) = self;
        write!(f, "{:<56} {:>16}", "attacks", outcomes.len())?;
        let mut row = |name: &str, value: String| write!(f, "\n{name:<56} {value:>16}");
        let count = |of: fn(&EclipseOutcome) -> bool| outcomes.iter().filter(|outcome| of(outcome)).count().to_string();
        let mean = |of: fn(&EclipseOutcome) -> usize| {
            let sum: usize = outcomes.iter().map(|outcome| of(outcome)).sum();
            format!("{:.2}", sum as f64 / outcomes.len().max(1) as f64)
        };
        row("with 2 or more honest outbound peers in the end", count(|outcome| outcome.honest_outbound >= 2))?;
        row("without any honest outbound peer", count(|outcome| outcome.honest_outbound == 0))?;
        row("without any honest peer: eclipsed", count(is_eclipsed))?;
        let is_cut_off = |outcome: &EclipseOutcome| outcome.after_restarts.iter().any(|after| after.honest == 0);
        row("without honest outbound peers 10 min after a restart", count(is_cut_off))?;
        row("honest outbound peers, on average", mean(|outcome| outcome.honest_outbound))?;
        row("outbound peers of the attacker", mean(|outcome| outcome.attacker_outbound))?;
        row("honest inbound peers", mean(|outcome| outcome.honest_inbound))?;
        row("inbound peers of the attacker", mean(|outcome| outcome.attacker_inbound))?;
        row("honest addresses in the peers file", mean(|outcome| outcome.honest_known))?;
        row("addresses of the attacker there", mean(|outcome| outcome.attacker_known))
    }
}
