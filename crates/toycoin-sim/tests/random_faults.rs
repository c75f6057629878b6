//! Many seeds with faults drawn from each: every invariant holds, and every kind of fault has happened.

use std::{sync::Mutex, thread, time::Duration};

use toycoin_sim::{FaultKind, Run, Simulation, Violation};

const SEEDS: u64 = 100;

fn run(seed: u64) -> Result<Run, Violation> {
    Simulation::builder(seed).nodes(5).payments_per_second(0.5).random_faults().run_for(Duration::from_secs(150))
}

#[test]
fn a_hundred_seeds_hold_and_every_fourth_runs_the_same_again() {
    let next = Mutex::new(0..SEEDS);
    let done = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some(seed) = next.lock().unwrap().next() else { return };
            let first = run(seed);
            if let Ok(first) = &first
                && seed % 4 == 0
            {
                assert_eq!(run(seed).map(|run| run.trace_hash), Ok(first.trace_hash.clone()), "seed {seed} differs");
            }
            done.lock().unwrap().push(first);
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let done = done.into_inner().unwrap();
    let broken: Vec<_> = done.iter().filter_map(|run| run.as_ref().err()).map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{} of {SEEDS} seeds:\n{}", broken.len(), broken.join("\n"));
    let runs: Vec<_> = done.iter().flatten().collect();
    let missing = FaultKind::missing(runs.iter().map(|run| &run.injected));
    assert!(missing.is_empty(), "never happened: {missing:?}");
    let dropped: Vec<_> = runs.iter().flat_map(|run| &run.dropped).collect();
    assert!(dropped.is_empty(), "honest payments are confirmed, not dropped: {dropped:?}");
    let paid: usize = runs.iter().map(|run| run.confirmations.len()).sum();
    assert!(paid > 4_000, "{paid} payments were confirmed");
    println!(
        "{SEEDS} seeds, {paid} payments, deepest reorganisation {:?}",
        runs.iter().map(|run| run.deepest_reorg()).max()
    );
}
