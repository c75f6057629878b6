//! Runs whole networks under virtual time, one per seed, and reports which seeds break an invariant.
//!
//! ```sh
//! cargo run --release --example simulate -- --seeds 500 --nodes 5 --faults
//! cargo run --release --example simulate -- --seed 17 --nodes 5 --faults --trace trace.jsonl
//! cargo run --release --example simulate -- --seeds 500 --nodes 10 --faults --adversaries 3 --wallets --links
//! cargo run --release --example simulate -- --seed 1 --nodes 10 --payments 5 --seconds 1000     # how fast it is
//! ```

mod arguments;
mod processor;
mod table;

use std::{
    collections::BTreeMap,
    error::Error,
    fs::File,
    io::{self, Write as _},
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use toycoin_examples::{exit, interrupted, say};
use toycoin_sim::{FaultKind, Run, Violation, adversary::Mixed};

use self::{arguments::Arguments, processor::processor_time, table::Table};

fn main() -> ExitCode {
    let arguments = Arguments::parse_consistent();
    match run(&arguments) {
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
    let outcomes = run_seeds(arguments, &stop)?;
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

fn run_seeds(arguments: &Arguments, stop: &Arc<AtomicBool>) -> Result<BTreeMap<u64, Outcome>, Box<dyn Error>> {
    let seeds = arguments.seeds();
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {msg} broken, {eta} left")?;
    let bar = ProgressBar::new(seeds.end - seeds.start).with_style(style).with_message("0");
    let (next, outcomes) = (Mutex::new(seeds), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..arguments.jobs() {
            scope.spawn(|| {
                while let Some(seed) = next.lock().ok().and_then(|mut seeds| seeds.next()) {
                    let before = processor_time();
                    let result = arguments.simulate(seed, stop);
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let took = processor_time().zip(before).map(|(after, before)| after.saturating_sub(before));
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes.insert(seed, Outcome { result, took });
                        let broken = outcomes.values().filter(|outcome| outcome.result.is_err()).count();
                        bar.set_message(broken.to_string());
                    }
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    outcomes.into_inner().map_err(|_| "a run panicked".into())
}

/// Prints the table and the broken invariants; returns how many there are.
fn report(arguments: &Arguments, outcomes: &BTreeMap<u64, Outcome>, elapsed: Duration) -> usize {
    let runs: Vec<_> = outcomes.values().filter_map(|outcome| outcome.result.as_ref().ok()).collect();
    let took = outcomes.values().filter(|outcome| outcome.result.is_ok()).map(|outcome| outcome.took).sum();
    say!("{}", Table { runs: &runs, elapsed, took });
    let broken = outcomes.iter().filter_map(|(seed, outcome)| Some((seed, outcome.result.as_ref().err()?)));
    broken.inspect(|(seed, violation)| say!("\nBROKEN {violation}\n  {}", arguments.replay(**seed))).count()
}

/// Sets the flag on Ctrl-C or SIGTERM; runs check it after every event.
fn stop_when_interrupted(stop: Arc<AtomicBool>) {
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if runtime.is_ok_and(|runtime| runtime.block_on(interrupted()).is_ok()) {
            stop.store(true, Ordering::Relaxed);
        }
    });
}

fn cannot(path: &std::path::Path) -> impl Fn(io::Error) -> String {
    move |error| format!("cannot write {}: {error}", path.display())
}
