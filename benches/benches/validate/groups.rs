//! The same measurements with criterion, by clock time.

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{BatchSize, Criterion, Throughput};
use rayon::ThreadPool;
use toycoin_core::consensus::PlainVerifier;

use crate::scene::{PAYMENTS, Scene, WAITING, extend_by};

pub(crate) fn run(scene: &Scene, pools: &[ThreadPool; 2]) {
    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    block(&mut criterion, scene, pools);
    admission(&mut criterion, scene, &pools[0]);
    parts(&mut criterion, scene, pools);
    criterion.final_summary();
}

fn block(criterion: &mut Criterion, scene: &Scene, pools: &[ThreadPool; 2]) {
    let mut group = criterion.benchmark_group(format!("block of {PAYMENTS} payments"));
    group.throughput(Throughput::Elements(PAYMENTS as u64)).sample_size(20);
    for (name, pool) in ["unknown, one core", "unknown, two cores"].iter().zip(pools) {
        group.bench_function(*name, |bencher| {
            let unknown = || (scene.chain().with_verifier(scene.fastest()), scene.block.clone());
            pool.install(|| {
                bencher.iter_batched(
                    unknown,
                    |(mut chain, block)| {
                        extend_by(&mut chain, block);
                        chain
                    },
                    BatchSize::PerIteration,
                )
            });
        });
    }
    group.bench_function("seen before, one core", |bencher| {
        let known = scene.known();
        let seen = || (scene.prepared(Arc::clone(&known)), scene.block.clone());
        pools[0].install(|| {
            bencher.iter_batched(
                seen,
                |(mut chain, block)| {
                    extend_by(&mut chain, block);
                    chain
                },
                BatchSize::PerIteration,
            )
        });
    });
    group.finish();
}

fn admission(criterion: &mut Criterion, scene: &Scene, pool: &ThreadPool) {
    let mut group = criterion.benchmark_group("mempool admission");
    group.throughput(Throughput::Elements(WAITING as u64)).sample_size(10);
    group.bench_function("one by one", |bencher| {
        pool.install(|| bencher.iter(|| scene.admit(None, &PlainVerifier)));
    });
    group.bench_function("by 256", |bencher| {
        pool.install(|| bencher.iter(|| scene.admit(Some(256), &*scene.batches)));
    });
    group.finish();
}

fn parts(criterion: &mut Criterion, scene: &Scene, pools: &[ThreadPool; 2]) {
    let mut group = criterion.benchmark_group(format!("parts of a block of {PAYMENTS} payments"));
    group.throughput(Throughput::Elements(PAYMENTS as u64));
    for (name, pool) in ["state root, one core", "state root, two cores"].iter().zip(pools) {
        let (state, diff) = scene.state_and_change();
        group.bench_function(*name, |bencher| {
            pool.install(|| {
                bencher.iter_batched(
                    || state.clone(),
                    |mut state| {
                        state.apply(black_box(&diff));
                        state.root()
                    },
                    BatchSize::SmallInput,
                )
            });
        });
    }
    group.bench_function("ids and Merkle root, one core", |bencher| {
        pools[0].install(|| bencher.iter(|| black_box(&scene.block).merkle_root()));
    });
    group.finish();
}
