//! Running many trials at the same time.

use std::{collections::BTreeMap, ops::Range, sync::Mutex, thread};

/// Runs a function for each number of a range, on so many threads, and returns the results in the order of the numbers.
/// So what is made of them does not depend on the number of threads.
///
/// `run` returns `None` when it is interrupted; its thread then begins no other. `done` is called after each result, with
/// the number of results so far.
///
/// ```
/// let squares = toycoin_lab::sweep(0..5, 2, |number| Some(number * number), |_| ());
/// assert_eq!(squares, [0, 1, 4, 9, 16]);
/// ```
///
/// # Panics
/// If `run` or `done` panics.
pub fn sweep<T: Send>(
    range: Range<u64>,
    threads: usize,
    run: impl Fn(u64) -> Option<T> + Sync,
    done: impl Fn(u64) + Sync,
) -> Vec<T> {
    let (next, results) = (Mutex::new(range), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(number) = next.lock().ok().and_then(|mut next| next.next()) {
                    let Some(result) = run(number) else { return };
                    let Ok(mut results) = results.lock() else { return };
                    results.insert(number, result);
                    done(results.len() as u64);
                }
            });
        }
    });
    let results = results.into_inner().expect("no thread has panicked, or the scope had");
    results.into_values().collect()
}
