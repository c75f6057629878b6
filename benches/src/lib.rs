//! Benchmarks of toycoin, each beside the peers that it is measured against: `cargo bench -p toycoin-benches`.
//!
//! Here is what they share: a clock that other programs of the machine do not disturb, percentiles, coins to spend, and directories.

use std::time::Duration;

use cpu_time::ThreadTime;

mod directory;
mod split;

pub use directory::Directory;
pub use split::Split;

/// Returns whether `cargo bench` runs this program. Otherwise it is a test, which checks with small numbers that the
/// program works, and measures nothing.
pub fn is_bench() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Runs something and returns the time for which its thread had a processor.
///
/// # Panics
/// Where the system does not tell.
pub fn cpu_time<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let begun = ThreadTime::now();
    let result = run();
    (result, begun.elapsed())
}

/// Returns the median, the later of the middle two of an even number.
///
/// # Panics
/// Without samples.
pub fn median(samples: &mut [f64]) -> f64 {
    percentile(samples, 50)
}

/// Returns the sample below which so many percent of all lie; sorts them.
///
/// # Panics
/// Without samples.
pub fn percentile(samples: &mut [f64], percent: usize) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[(samples.len() * percent / 100).min(samples.len() - 1)]
}
