//! Runs whole networks under virtual time, one per seed, and reports which seeds break an invariant.
//!
//! ```sh
//! cargo run --release --example simulate -- --seeds 500 --nodes 5 --faults
//! cargo run --release --example simulate -- --seed 17 --nodes 5 --faults --trace trace.jsonl
//! cargo run --release --example simulate -- --seeds 500 --nodes 10 --faults --adversaries 3 --wallets --links
//! cargo run --release --example simulate -- --seed 1 --nodes 10 --payments 5 --seconds 1000     # how fast it is
//! cargo run --release --example simulate -- --seed 1 --nodes 1000 --degree 8 --wallet-count 8 --payments 0 --spacing 10
//! cargo run --release --example simulate -- eclipse --attacker-groups 400     # one node against an attacker
//! ```
//!
//! 10 nodes with 5 payments per second run about 500 times as fast as real time by processor time, 1,000 nodes on a
//! graph without payments about 35 times (docs/performance.md). `--profile sim` instead of `--release` takes minutes to
//! build, for long runs.

mod arguments;
mod eclipse;
mod processor;
mod seeds;
mod table;

use std::{
    collections::BTreeMap,
    error::Error,
    fs::File,
    io::{self, Write as _},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use toycoin_examples::{exit, say, signals::stop_when_interrupted};
use toycoin_sim::{FaultKind, Run, Violation, adversary::Mixed};

use self::{
    arguments::{Arguments, Command},
    processor::processor_time,
    seeds::run_seeds,
    table::Table,
};

fn main() -> ExitCode {
    let arguments = Arguments::parse_consistent();
    let ended = match &arguments.command {
        Some(Command::Eclipse(attack)) => eclipse::run(attack).map(|()| true),
        None => run(&arguments),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => exit(Err(error)),
    }
}

/// Runs all seeds and prints their results; returns whether every invariant held.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    // created before the runs, so that a bad path fails at once
    let trace =
        arguments.trace.as_deref().map(|path| Ok::<_, String>((path, File::create(path).map_err(cannot(path))?)));
    let trace = trace.transpose()?;
    let stop = Arc::new(AtomicBool::new(false));
    stop_when_interrupted(Arc::clone(&stop));
    let begun = Instant::now();
    let outcomes = run_networks(arguments, &stop)?;
    if let Some((path, mut file)) = trace {
        let lines = outcomes.values().find_map(|outcome| match &outcome.result {
            Ok(run) => run.trace.as_deref(),
            Err(violation) => violation.lines.as_deref(),
        });
        file.write_all(lines.unwrap_or_default().as_bytes()).map_err(cannot(path))?;
    }
    let (left, broken) = (arguments.seeds().count() - outcomes.len(), report(arguments, &outcomes, begun.elapsed()));
    if left > 0 {
        say!("\nstopped: {left} seeds were not run");
    }
    // a small set of runs need not contain every fault and tactic
    let is_poor_set = left == 0 && {
        let runs = || outcomes.values().filter_map(|outcome| outcome.result.as_ref().ok());
        let faults = arguments.faults && outcomes.len() >= 50;
        let faults = if faults { FaultKind::missing(runs().map(|run| &run.injected)) } else { Vec::new() };
        let tactics = arguments.adversaries * outcomes.len() >= 300;
        let tactics = if tactics { Mixed::missing(runs().map(|run| &run.tactics)) } else { Vec::new() };
        let is_poor = !faults.is_empty() || !tactics.is_empty();
        if is_poor {
            say!("\nBROKEN set of runs: never injected: {faults:?}, never drawn: {tactics:?}");
        }
        is_poor
    };
    Ok(broken == 0 && !is_poor_set)
}

/// Result of a seed, and the processor time that it took.
struct Outcome {
    result: Result<Run, Violation>,
    took: Option<Duration>,
}

fn run_networks(arguments: &Arguments, stop: &Arc<AtomicBool>) -> Result<BTreeMap<u64, Outcome>, Box<dyn Error>> {
    let is_broken = |outcome: &Outcome| outcome.result.is_err();
    run_seeds(arguments.seeds(), arguments.jobs(), "broken", is_broken, |seed| {
        let before = processor_time();
        let result = arguments.simulate(seed, stop);
        let took = processor_time().zip(before).map(|(after, before)| after.saturating_sub(before));
        (!stop.load(Ordering::Relaxed)).then_some(Outcome { result, took })
    })
}

/// Prints the table and the broken invariants; returns how many there are.
fn report(arguments: &Arguments, outcomes: &BTreeMap<u64, Outcome>, elapsed: Duration) -> usize {
    let runs: Vec<_> = outcomes.values().filter_map(|outcome| outcome.result.as_ref().ok()).collect();
    let took = outcomes.values().filter(|outcome| outcome.result.is_ok()).map(|outcome| outcome.took).sum();
    say!("{}", Table { runs: &runs, elapsed, took });
    let broken = outcomes.iter().filter_map(|(seed, outcome)| Some((seed, outcome.result.as_ref().err()?)));
    broken.inspect(|(seed, violation)| say!("\nBROKEN {violation}\n  {}", arguments.replay(**seed))).count()
}

fn cannot(path: &std::path::Path) -> impl Fn(io::Error) -> String {
    move |error| format!("cannot write {}: {error}", path.display())
}
