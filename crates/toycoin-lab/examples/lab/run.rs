//! Runs the rows of a task and shows them.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use toycoin_examples::{say, signals::stop_when_interrupted, tell};
use toycoin_lab::{Measure, Outcome, Row, Setting, Trial, output::chart, trial_seed};

use crate::{
    arguments::{Format, Task, Until},
    write,
};

/// Trials that run between two looks at the interval or the clock.
const BATCH: u64 = 64;

/// Height of a chart in the terminal, in lines.
const CHART_ROWS: usize = 20;

/// Most trials of a row that has no fixed number of them.
const MAX_TRIALS: u64 = 1_000_000;

/// Runs a task; returns whether each measured number lies where a binding theory expects it.
pub(crate) fn run(task: &Task) -> Result<bool, Box<dyn Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    stop_when_interrupted(Arc::clone(&stop));
    if let Some(number) = task.replay {
        return replay(task, number, &stop);
    }
    let begun = real_time();
    let trials = task.rows.iter().map(|(_, trials)| trials).sum();
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} trials, {msg}, {eta} left")?;
    let bar = ProgressBar::new(trials).with_style(style);
    let mut rows: Vec<Row> = Vec::new();
    for (place, (setting, trials)) in task.rows.iter().enumerate() {
        bar.set_message(format!("row {} of {}", place + 1, task.rows.len()));
        let outcomes = outcomes(task, setting, *trials, &stop, &bar)?;
        if !outcomes.is_empty() {
            rows.push(Row::of(task.attack, setting, &outcomes));
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    bar.finish_and_clear();
    if task.format == Format::Table {
        let measured: u64 = rows.iter().map(|row| row.trials).sum();
        say!("{}", task.attack.summary());
        say!("{measured} trials, seed {}, {:.1} s\n", task.seed, begun.elapsed().as_secs_f64());
    }
    let text = write::text(task, &rows);
    say!("{text}");
    draw(task, &rows)?;
    if let Some(path) = &task.out {
        write::to_file(path, &text)?;
    }
    if stop.load(Ordering::Relaxed) && task.format == Format::Table {
        say!("\nstopped: {} of {} rows were measured, the last one in part", rows.len(), task.rows.len());
    }
    Ok(rows.iter().all(Row::agrees))
}

/// Draws the charts that are asked for.
fn draw(task: &Task, rows: &[Row]) -> Result<(), Box<dyn Error>> {
    if !task.plot && task.svg.is_none() {
        return Ok(());
    }
    let Some(chart) = chart(task.attack, rows) else {
        tell!("no chart: a parameter must differ between the rows, as with --sweep NAME=FROM:TO:STEP");
        return Ok(());
    };
    if task.plot {
        say!("\n{}", chart.to_text(CHART_ROWS));
    }
    #[cfg(feature = "charts")]
    if let Some(path) = &task.svg {
        write::to_file(path, &chart.to_svg(800, 500)?)?;
    }
    Ok(())
}

/// Returns the real time. It decides when `--seconds` are over, and nothing else.
#[expect(clippy::disallowed_methods, reason = "a person waits for the program")]
fn real_time() -> Instant {
    Instant::now()
}

/// Runs the trials of one row. Batches have a fixed size, so the number of threads changes nothing.
fn outcomes(
    task: &Task,
    setting: &Setting,
    trials: u64,
    stop: &AtomicBool,
    bar: &ProgressBar,
) -> Result<Vec<Outcome>, Box<dyn Error>> {
    let done = |_| bar.inc(1);
    let measure = Measure { threads: task.threads, stop, done: &done };
    if matches!(task.until, Until::Trials) {
        return Ok(measure.outcomes(task.attack, setting, task.seed, 0..trials)?);
    }
    let begun = real_time();
    let mut outcomes: Vec<Outcome> = Vec::new();
    while (outcomes.len() as u64) < MAX_TRIALS && !stop.load(Ordering::Relaxed) {
        let from = outcomes.len() as u64;
        outcomes.extend(measure.outcomes(task.attack, setting, task.seed, from..from + BATCH)?);
        let is_enough = match task.until {
            Until::Seconds(seconds) => begun.elapsed() >= Duration::from_secs_f64(seconds),
            Until::Error(error) => {
                let row = Row::of(task.attack, setting, &outcomes);
                let interval = row.cells.first().and_then(|cell| cell.interval);
                interval.is_none_or(|interval| interval.half_width() <= error)
            }
            Until::Trials => true,
        };
        if is_enough {
            break;
        }
    }
    Ok(outcomes)
}

/// Runs one trial of the first row again, and writes its trace.
fn replay(task: &Task, number: u64, stop: &AtomicBool) -> Result<bool, Box<dyn Error>> {
    let Some((setting, _)) = task.rows.first() else { return Ok(true) };
    let trial = Trial::new(trial_seed(task.seed, number)).keep_trace().until(stop);
    let outcome = task.attack.trial(setting, &trial)?;
    let path = format!("replay-{number}.jsonl");
    write::to_file(path.as_ref(), &trial.trace())?;
    say!("{}\n", task.attack.summary());
    for quantity in task.attack.quantities() {
        for observation in outcome.of(quantity.name) {
            say!("{}: {observation}", quantity.name);
        }
    }
    say!("\ntrial {number} of seed {}, trace hash {}", task.seed, trial.trace_hash());
    say!("{path}: play it with cargo run --release --example view -- --replay {path}");
    Ok(true)
}
