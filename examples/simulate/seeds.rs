//! Running many seeds at the same time.

use std::{collections::BTreeMap, error::Error, ops::Range, sync::Mutex, thread};

use indicatif::{ProgressBar, ProgressStyle};

/// Runs seeds, `jobs` of them at the same time, and shows how many have ended `counted`, a word such as "broken".
/// Returns the results of those that were not interrupted: `run` returns `None` then, and no further seed begins there.
///
/// # Errors
/// If a run panicked.
pub(crate) fn run_seeds<T: Send>(
    seeds: Range<u64>,
    jobs: usize,
    counted: &str,
    counts: impl Fn(&T) -> bool + Sync,
    run: impl Fn(u64) -> Option<T> + Sync,
) -> Result<BTreeMap<u64, T>, Box<dyn Error>> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {msg}, {eta} left")?;
    let bar = ProgressBar::new(seeds.end - seeds.start).with_style(style).with_message(format!("0 {counted}"));
    let (next, results) = (Mutex::new(seeds), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(seed) = next.lock().ok().and_then(|mut seeds| seeds.next()) {
                    let Some(result) = run(seed) else { return };
                    if let Ok(mut results) = results.lock() {
                        results.insert(seed, result);
                        bar.set_message(format!("{} {counted}", results.values().filter(|one| counts(one)).count()));
                    }
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    results.into_inner().map_err(|_| "a run panicked".into())
}
