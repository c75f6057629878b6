//! Signature verification, one by one and in batches, compared with libsecp256k1.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench verify                 criterion, by the clock
//! cargo bench -p toycoin-benches --bench verify -- --ratios     interleaved, by the thread's processor time
//! ```
//!
//! All keys differ, and all bytes are parsed anew, also for libsecp256k1, because a node sees most keys only once.

#![expect(clippy::print_stdout, reason = "the table of ratios is what this program is for")]

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput};
use toycoin_benches::{cpu_time, median};
use toycoin_core::{
    PublicKey, SecretKey, Signature,
    batch::{Path, Triple, Verifier},
    verify,
};

/// Numbers of signatures that are verified together.
const SIZES: [usize; 9] = [1, 2, 3, 4, 8, 64, 256, 1_024, 4_096];
/// Rounds of the comparison.
const ROUNDS: usize = 25;
/// Approximate number of signatures that each round verifies in batches of each size.
const A_ROUND: usize = 512;

fn main() {
    let signed = Signed::new(SIZES[SIZES.len() - 1]);
    if std::env::args().any(|argument| argument == "--ratios") {
        return ratios(&signed);
    }
    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    let ways = ways();
    let mut group = criterion.benchmark_group("verify");
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        for way in &ways {
            group.bench_with_input(BenchmarkId::new(&way.name, size), &size, |bencher, size| {
                bencher.iter(|| (way.verify)(black_box(&signed.0[..*size])));
            });
        }
    }
    group.finish();
    criterion.final_summary();
}

/// Prints the cost of a signature in each way, absolute and relative to libsecp256k1.
fn ratios(signed: &Signed) {
    let ways = ways();
    println!("thread CPU time of a signature, medians of {ROUNDS} interleaved rounds, distinct keys\n");
    let names: Vec<_> = ways.iter().skip(1).map(|way| format!(" {} |", way.name)).collect();
    println!("| signatures | libsecp256k1, µs |{}\n| ---: |{}", names.concat(), " ---: |".repeat(ways.len()));
    for size in SIZES {
        let repeats = (A_ROUND / size).max(1);
        let mut times = Vec::with_capacity(ROUNDS);
        let mut ratios: Vec<_> = ways.iter().map(|_| Vec::with_capacity(ROUNDS)).collect();
        for round in 0..ROUNDS {
            let mut spent: Vec<_> = ways.iter().map(|_| 0.0).collect();
            // batches from different places, in small pieces, so that a pause of the machine seldom affects all ways
            for piece in 0..repeats {
                let begin = (round * repeats + piece) * size % (signed.0.len() - size + 1);
                let signed = &signed.0[begin..begin + size];
                for (way, spent) in ways.iter().zip(&mut spent) {
                    *spent += cpu_time(|| assert!((way.verify)(black_box(signed)))).1.as_secs_f64();
                }
            }
            times.push(spent[0] / (repeats * size) as f64);
            for (ratios, spent_here) in ratios.iter_mut().zip(&spent) {
                ratios.push(spent_here / spent[0]);
            }
        }
        let ratios: Vec<_> = ratios.iter_mut().skip(1).map(|ratios| format!(" {:.2} |", median(ratios))).collect();
        println!("| {size} | {:.1} |{}", 1e6 * median(&mut times), ratios.concat());
    }
}

type OneSigned = (PublicKey, [u8; 32], Signature);

struct Way {
    name: String,
    verify: Box<Verify>,
}

type Verify = dyn Fn(&[OneSigned]) -> bool;

/// Returns the ways to verify; libsecp256k1, to which the others are compared, is the first.
fn ways() -> Vec<Way> {
    let singles = |signed: &[OneSigned]| signed.iter().all(|(key, message, signature)| verify(key, message, signature));
    let mut ways = vec![
        Way { name: "libsecp256k1".into(), verify: Box::new(|signed| signed.iter().all(peer_verifies)) },
        Way { name: "k256, one by one".into(), verify: Box::new(singles) },
    ];
    ways.extend(Path::available().map(Verifier::new).map(|verifier| Way {
        name: format!("batch, {}", verifier.path()),
        verify: Box::new(move |signed| verifier.holds(&signed.iter().map(triple).collect::<Vec<_>>())),
    }));
    ways
}

fn triple((key, message, signature): &OneSigned) -> Triple<'_> {
    Triple { key: key.as_bytes(), message, signature: signature.as_bytes() }
}

fn peer_verifies((key, message, signature): &OneSigned) -> bool {
    let Ok(key) = secp256k1::XOnlyPublicKey::from_byte_array(key.to_bytes()) else { return false };
    let signature = secp256k1::schnorr::Signature::from_byte_array(signature.to_bytes());
    secp256k1::SECP256K1.verify_schnorr(&signature, message, &key).is_ok()
}

/// Signatures, each by a different key.
struct Signed(Vec<OneSigned>);

impl Signed {
    fn new(count: usize) -> Self {
        let sign = |i: u32| {
            let (key, message) = (SecretKey::classroom(i), *blake3::hash(&i.to_le_bytes()).as_bytes());
            (key.public_key(), message, key.sign(&message))
        };
        Self((0..).take(count).map(sign).collect())
    }
}
