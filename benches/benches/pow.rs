//! The hash loop: naive `blake3::hash` of the header beside our search.
#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use toycoin_core::{CompactTarget, Header};
use toycoin_pow::{NonceRange, Search};

const NONCES: u64 = 4_096;

fn search(criterion: &mut Criterion) {
    let mut header = Header::from_bytes(&[7; 128]);
    // a target of one: nothing is found, every nonce is tried
    header.bits = CompactTarget::from_bits(0x0101_0000);
    let mut group = criterion.benchmark_group("pow");
    group.throughput(Throughput::Elements(NONCES));
    group.bench_function("naive blake3::hash", |bencher| {
        bencher.iter(|| {
            let mut best = [0xff; 32];
            for nonce in 0..NONCES {
                let mut bytes = black_box(header).to_bytes();
                bytes[120..].copy_from_slice(&nonce.to_le_bytes());
                best = best.min(blake3::hash(&bytes).into());
            }
            best
        });
    });
    let search = Search::new(&header).expect("a target of one");
    group.bench_function("midstate", |bencher| bencher.iter(|| black_box(&search).run(NonceRange::new(0, NONCES))));
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
