//! Which networks to simulate, and how many.

use std::{
    ops::Range,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use clap::{Parser, Subcommand, error::ErrorKind};
use toycoin_examples::{arguments::number, usage::refuse};
use toycoin_sim::{Dice, Geography, Run, Simulation, Topology, Violation};

use crate::eclipse::EclipseArguments;

/// Most wallets that a genesis block has room for.
const MAX_WALLETS: usize = 1_000;

/// Stream of a seed's random numbers for its graph. The simulation uses none of that number.
const GRAPH: u64 = 30;

/// Simulates networks of toycoin.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 80, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Number of seeds, from 0.
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "seed", value_parser = number::<u64>(1..))]
    seeds: u64,
    /// Run this one seed.
    #[arg(long, value_name = "N", value_parser = number::<u64>(..))]
    seed: Option<u64>,
    /// Number of nodes in each network.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = number::<usize>(1..=10_000))]
    nodes: usize,
    /// Number of relays in each network.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<usize>(1..=100))]
    relays: usize,
    /// Link nodes in a random graph with about this many neighbours for each, across six regions of the world, instead
    /// of on relays.
    #[arg(long, value_name = "D", conflicts_with = "relays", value_parser = number::<usize>(2..=100))]
    degree: Option<usize>,
    /// Number of nodes whose wallets have coins and pay each other; by default all, and at most 1,000.
    #[arg(long, value_name = "N", value_parser = number::<usize>(1..=1_000))]
    wallet_count: Option<usize>,
    /// Payments per second.
    #[arg(long, value_name = "RATE", default_value_t = 1.0, value_parser = rate)]
    payments: f64,
    /// Virtual seconds until all honest nodes must agree.
    #[arg(long, value_name = "SECONDS", default_value_t = 180, value_parser = number::<u64>(1..1_000_000))]
    seconds: u64,
    /// Virtual seconds between two blocks, at which the difficulty adjustment aims.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = number::<u64>(1..=3_600))]
    spacing: u64,
    /// Draw faults from each seed.
    #[arg(long)]
    pub(crate) faults: bool,
    /// Number of nodes that are adversaries, with tactics drawn from each seed.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = number::<usize>(..))]
    pub(crate) adversaries: usize,
    /// Draw spending patterns (bursts, chains, double spends) and policies from each seed.
    #[arg(long)]
    wallets: bool,
    /// Draw each node's links from each seed: far, uneven, lossy or narrow.
    #[arg(long, conflicts_with = "degree")]
    links: bool,
    /// Write the trace of the one seed to this file, as JSON lines.
    #[arg(long, value_name = "FILE", requires = "seed")]
    pub(crate) trace: Option<PathBuf>,
    /// Number of networks that run at the same time; by default as many as there are cores.
    #[arg(long, short, value_name = "N", value_parser = number::<usize>(1..=256))]
    jobs: Option<usize>,
}

/// What else can be simulated.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Attacks one node without a relay: does it keep honest peers (eclipse)?
    Eclipse(EclipseArguments),
}

impl Arguments {
    /// Parses the arguments; on an error, prints it and ends the program.
    pub(crate) fn parse_consistent() -> Self {
        let arguments = Self::parse();
        if arguments.adversaries >= arguments.nodes {
            let message =
                format!("{} of {} nodes are adversaries: one must be honest", arguments.adversaries, arguments.nodes);
            refuse::<Self>(ErrorKind::ValueValidation, message);
        }
        if let Some(Command::Eclipse(attack)) = &arguments.command
            && let Err(message) = attack.check()
        {
            refuse::<Self>(ErrorKind::ValueValidation, message);
        }
        arguments
    }

    /// Returns the number of networks that run at the same time.
    pub(crate) fn jobs(&self) -> usize {
        jobs(self.jobs)
    }

    pub(crate) fn seeds(&self) -> Range<u64> {
        seeds(self.seed, self.seeds)
    }

    /// Runs a seed's network, unless it is interrupted.
    pub(crate) fn simulate(&self, seed: u64, stop: &Arc<AtomicBool>) -> Result<Run, Violation> {
        let simulation = Simulation::builder(seed).nodes(self.nodes).topology(self.topology(seed));
        let simulation = simulation.wallets(self.wallet_count.unwrap_or(MAX_WALLETS).min(self.nodes));
        let simulation = simulation.spacing(Duration::from_secs(self.spacing));
        let simulation = simulation.payments_per_second(self.payments).random_adversaries(self.adversaries);
        let simulation = if self.wallets { simulation.random_spending().random_policies() } else { simulation };
        let simulation = if self.links { simulation.random_links() } else { simulation };
        let simulation = if self.faults { simulation.random_faults() } else { simulation };
        let simulation = if self.trace.is_some() { simulation.keep_trace() } else { simulation };
        let stop = Arc::clone(stop);
        let simulation = simulation.invariant("not interrupted", move |_| match stop.load(Ordering::Relaxed) {
            false => Ok(()),
            true => Err("it was".into()),
        });
        simulation.run_for(Duration::from_secs(self.seconds))
    }

    fn topology(&self, seed: u64) -> Topology {
        let Some(degree) = self.degree else { return Topology::Relays(self.relays) };
        let mut dice = Dice::new(seed, GRAPH);
        Geography::six_regions().spread(Topology::random(self.nodes, degree, &mut dice), &mut dice)
    }

    /// Returns the command that runs a seed again.
    pub(crate) fn replay(&self, seed: u64) -> String {
        let Self { nodes, payments, seconds, spacing, adversaries, .. } = self;
        let met =
            self.degree.map_or_else(|| format!("--relays {}", self.relays), |degree| format!("--degree {degree}"));
        let wallet_count = self.wallet_count.map_or_else(String::new, |count| format!(" --wallet-count {count}"));
        let faults = if self.faults { " --faults" } else { "" };
        let wallets = if self.wallets { " --wallets" } else { "" };
        let links = if self.links { " --links" } else { "" };
        format!(
            "cargo run --release --example simulate -- --seed {seed} --nodes {nodes} {met}{wallet_count} \
             --payments {payments} --seconds {seconds} --spacing {spacing} --adversaries {adversaries}{faults}{wallets}{links} \
             --trace trace-{seed}.jsonl"
        )
    }
}

/// Returns how many seeds run at the same time: as many as were asked for, or as there are cores.
pub(crate) fn jobs(asked: Option<usize>) -> usize {
    asked.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1)
}

/// Returns one seed, or so many from 0.
pub(crate) fn seeds(one: Option<u64>, number: u64) -> Range<u64> {
    one.map_or(0..number, |seed| seed..seed.saturating_add(1))
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.0..=10_000.0).contains(&rate) => Ok(rate),
        _ => Err("a number from 0 to 10000 is wanted".into()),
    }
}
