//! Runs whole networks under virtual time, one a seed, and says which seeds break an invariant.
//!
//! ```sh
//! cargo run --release --example simulate -- --seeds 500 --nodes 5 --faults
//! cargo run --release --example simulate -- --seed 17 --nodes 5 --faults --trace trace.jsonl
//! ```

#![allow(clippy::print_stdout, reason = "what a program prints is its result")]

use std::{
    collections::BTreeMap,
    error::Error,
    path::PathBuf,
    process::ExitCode,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use toycoin_sim::{FaultKind, Run, Simulation, Topology, Violation};

/// Simulates networks of toycoin.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many seeds, from 0.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// One seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Nodes of each network.
    #[arg(long, default_value_t = 5)]
    nodes: usize,
    /// Relays of each network.
    #[arg(long, default_value_t = 1)]
    relays: usize,
    /// Payments a second.
    #[arg(long, default_value_t = 1.0)]
    payments: f64,
    /// Virtual seconds before all must agree.
    #[arg(long, default_value_t = 180)]
    seconds: u64,
    /// Draws faults from each seed.
    #[arg(long)]
    faults: bool,
    /// Writes the trace of the one seed, as JSON lines.
    #[arg(long, requires = "seed")]
    trace: Option<PathBuf>,
    /// Threads, each with networks of its own.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

impl Arguments {
    fn run(&self, seed: u64) -> Result<Run, Violation> {
        let simulation = Simulation::builder(seed).nodes(self.nodes).topology(Topology::Relays(self.relays));
        let simulation = simulation.payments_per_second(self.payments);
        let simulation = if self.faults { simulation.random_faults() } else { simulation };
        let simulation = if self.trace.is_some() { simulation.keep_trace() } else { simulation };
        simulation.run_for(Duration::from_secs(self.seconds))
    }

    fn replay(&self, seed: u64) -> String {
        let Self { nodes, relays, payments, seconds, .. } = self;
        let faults = if self.faults { " --faults" } else { "" };
        format!(
            "cargo run --release --example simulate -- --seed {seed} --nodes {nodes} --relays {relays} \
             --payments {payments} --seconds {seconds}{faults} --trace trace-{seed}.jsonl"
        )
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::parse();
    let seeds = arguments.seed.map_or(0..arguments.seeds, |seed| seed..seed.saturating_add(1));
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {msg} broken, {eta} left")?;
    let bar = ProgressBar::new(seeds.end - seeds.start).with_style(style).with_message("0");
    let (next, results, begun) = (Mutex::new(seeds), Mutex::new(BTreeMap::new()), Instant::now());
    thread::scope(|scope| {
        for _ in 0..arguments.threads.max(1) {
            scope.spawn(|| {
                while let Some(seed) = next.lock().ok().and_then(|mut seeds| seeds.next()) {
                    let result = arguments.run(seed);
                    if let Ok(mut results) = results.lock() {
                        results.insert(seed, result);
                        bar.set_message(results.values().filter(|result| result.is_err()).count().to_string());
                    }
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let results = results.into_inner().map_err(|_| "a run panicked")?;
    if let Some(path) = &arguments.trace {
        let lines = results.values().find_map(|result| match result {
            Ok(run) => run.trace.clone(),
            Err(violation) => violation.lines.clone(),
        });
        std::fs::write(path, lines.unwrap_or_default())?;
    }
    let runs: Vec<_> = results.values().flatten().collect();
    print_table(&runs, begun.elapsed());
    let broken: Vec<_> = results.iter().filter_map(|(seed, result)| Some((seed, result.as_ref().err()?))).collect();
    for (seed, violation) in &broken {
        println!("\nBROKEN {violation}\n  {}", arguments.replay(**seed));
    }
    let missing = FaultKind::missing(runs.iter().map(|run| &run.injected));
    let is_a_set = arguments.faults && arguments.seed.is_none() && arguments.seeds >= 50;
    if is_a_set && !missing.is_empty() {
        println!("\nBROKEN set of runs: never injected: {missing:?}");
    }
    let failed = !broken.is_empty() || (is_a_set && !missing.is_empty());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print_table(runs: &[&Run], took: Duration) {
    let sum = |of: fn(&Run) -> u64| runs.iter().map(|run| of(run)).sum::<u64>();
    let lasted: f64 = runs.iter().map(|run| run.lasted.as_secs_f64()).sum();
    let row = |name: &str, value: String| println!("{name:<34} {value:>16}");
    row("runs in which all invariants held", runs.len().to_string());
    row("virtual seconds", format!("{lasted:.0}"));
    row("times real time", format!("{:.0}", lasted / took.as_secs_f64().max(1e-9)));
    row("events", sum(|run| run.statistics.events).to_string());
    row("blocks found", sum(|run| run.statistics.blocks_mined).to_string());
    row("of these stale", sum(|run| run.stale_blocks).to_string());
    row("deepest reorganisation", runs.iter().map(|run| run.deepest_reorg()).max().unwrap_or(0).to_string());
    row("payments confirmed", sum(|run| run.confirmations.len() as u64).to_string());
    row("payments dropped with a reason", sum(|run| run.dropped.len() as u64).to_string());
    row("envelopes delivered", sum(|run| run.statistics.deliveries).to_string());
    row("bytes sent", sum(|run| run.statistics.sent_bytes).to_string());
    let mut injected: BTreeMap<FaultKind, u64> = BTreeMap::new();
    for (kind, count) in runs.iter().flat_map(|run| &run.injected) {
        *injected.entry(*kind).or_default() += count;
    }
    for (kind, count) in injected {
        row(&format!("  fault: {kind:?}"), count.to_string());
    }
    if let [run] = runs {
        row("trace hash", run.trace_hash.get(..16).unwrap_or_default().to_owned());
    }
}
