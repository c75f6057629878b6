//! Tables from interleaved rounds in one process, so that a slow moment of the machine affects all equally. One core is
//! measured in the thread's processor time, two cores by clock time.

use std::{sync::Arc, time::Duration};

use rayon::ThreadPool;
use toycoin_benches::median;
use toycoin_core::{
    batch::Path,
    consensus::{BatchVerifier, PlainVerifier},
};

use crate::{
    known,
    scene::{PAYMENTS, Scene, WAITING},
};

const ROUNDS: usize = 25;

/// Prints the cost of an unknown block, of one seen before, and of the parts of the unknown one.
pub(crate) fn block(scene: &Scene, pool: &ThreadPool) {
    let (known, portable) = (scene.known(), Arc::new(BatchVerifier::default()));
    let names = [
        "unknown, one by one",
        "unknown, as a batch, portable",
        "unknown, as a batch",
        "seen before",
        "part: signatures",
        "part: form, ids and Merkle root",
        "part: coins gathered",
        "part: rules and changes",
        "part: state root",
    ];
    let mut times = names.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        let round = pool.install(|| {
            [
                scene.connect(Arc::new(PlainVerifier)),
                scene.connect(portable.clone()),
                scene.connect(scene.fastest()),
                scene.connect_known(Arc::clone(&known)),
                scene.signatures(),
                scene.ids(),
                scene.gather(),
                scene.rules(),
                scene.state_root(),
            ]
        });
        for (times, time) in times.iter_mut().zip(round) {
            times.push(time.as_secs_f64());
        }
    }
    let medians = times.each_mut().map(|times| median(times));
    println!("block of {PAYMENTS} payments, thread CPU time, medians of {ROUNDS} rounds, path {}\n", Path::detect());
    println!("| | ms | of the unknown block |\n| --- | ---: | ---: |");
    for (name, time) in names.iter().zip(medians) {
        println!("| {name} | {:.2} | {:.3} |", 1e3 * time, time / medians[2]);
    }
    let parts: f64 = medians[4..].iter().sum();
    println!("| sum of the parts | {:.2} | {:.3} |\n", 1e3 * parts, parts / medians[2]);
    let mut times = known::NAMES.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        let round = pool.install(|| scene.known_parts(Arc::clone(&known)));
        for (times, time) in times.iter_mut().zip(round) {
            times.push(time.as_secs_f64());
        }
    }
    println!("| part of the block seen before | ms |\n| --- | ---: |");
    for (name, times) in known::NAMES.iter().zip(&mut times) {
        println!("| {name} | {:.3} |", 1e3 * median(times));
    }
    println!();
}

/// Prints the clock time of the unknown block on one core and on two, with the least of many runs, because other load
/// only adds time.
pub(crate) fn cores(scene: &Scene, pools: &[ThreadPool; 2]) {
    let mut clock = [Vec::new(), Vec::new()];
    for _ in 0..4 * ROUNDS {
        for (pool, clock) in pools.iter().zip(&mut clock) {
            clock.push(pool.install(|| scene.connect_by_clock()).as_secs_f64());
        }
    }
    let least = clock.each_ref().map(|clock| clock.iter().copied().fold(f64::INFINITY, f64::min));
    let [one, two] = clock.each_mut().map(|clock| median(clock));
    println!("the unknown block by the clock, ms: one core, two, ratio\n");
    println!("median {:.2}, {:.2}, {:.2}", 1e3 * one, 1e3 * two, one / two);
    println!("least {:.2}, {:.2}, {:.2}\n", 1e3 * least[0], 1e3 * least[1], least[0] / least[1]);
}

/// Prints the rate of admission to the mempool, one by one and in batches.
pub(crate) fn admission(scene: &Scene, pool: &ThreadPool) {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let round = pool.install(|| [scene.admit(None, &PlainVerifier), scene.admit(Some(256), &*scene.batches)]);
        for (times, time) in times.iter_mut().zip(round) {
            times.push(Duration::as_secs_f64(&time));
        }
    }
    let [single, batch] = times.each_mut().map(|times| median(times));
    let rate = |time: f64| WAITING as f64 / time;
    println!("admission of {WAITING} payments: one by one {:.0}/s, by 256 {:.0}/s", rate(single), rate(batch));
    println!("ratio {:.2}\n", single / batch);
}
