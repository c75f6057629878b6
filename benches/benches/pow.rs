//! Nonce search compared with `blake3::hash` of each header, and with the blake3 crate's SIMD lanes over whole headers.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench pow                  criterion
//! cargo bench -p toycoin-benches --bench pow -- --ratios      ratios from interleaved rounds, in seconds
//! ```

#![expect(clippy::print_stdout, reason = "the table of ratios is what this program is for")]

use std::{
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use blake3::{IncrementCounter, platform::Platform as Blake3Platform};
use criterion::{Criterion, Throughput};
use toycoin_benches::{cpu_time, median};
use toycoin_core::{CompactTarget, Header};
use toycoin_node::limits::CHUNK_NONCES;
use toycoin_pow::{NonceRange, Outcome, Platform, Search};

/// Number of nonces per measurement.
const NONCES: u64 = 65_536;

/// Number of headers per call of `hash_many`: several vectors even at the widest SIMD width.
const MANY: usize = 64;

const ROUNDS: usize = 80;

/// Factor by which each of the threads tries more nonces, so that the start of a thread does not matter.
const LONG: u64 = 64;

/// One way to hash headers.
struct Contender {
    name: String,
    hashes: u64,
    /// Runs it and returns the processor time of the hashing thread, or the mean over several threads.
    run: Box<dyn Fn() -> Duration>,
}

fn main() {
    if std::env::args().any(|argument| argument == "--ratios") {
        return print_ratios();
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("pow");
    for Contender { name, hashes, run } in contenders() {
        group.throughput(Throughput::Elements(hashes));
        group.bench_function(name, |bencher| bencher.iter(&run));
    }
    group.finish();
    criterion.final_summary();
}

/// Runs all contenders in turn, round after round, so that a slow moment of the machine affects all equally.
fn print_ratios() {
    let contenders = contenders();
    let mut seconds = vec![Vec::new(); contenders.len()];
    for _ in 0..ROUNDS {
        for (contender, seconds) in contenders.iter().zip(&mut seconds) {
            seconds.push((contender.run)().as_secs_f64());
        }
    }
    let rates: Vec<f64> = contenders
        .iter()
        .zip(&mut seconds)
        .map(|(contender, seconds)| contender.hashes as f64 / median(seconds) / 1e6)
        .collect();
    println!("thread CPU time, medians of {ROUNDS} interleaved rounds\n");
    println!("| search | MH/s | x naive | x hash_many |\n| --- | ---: | ---: | ---: |");
    for (Contender { name, .. }, rate) in contenders.iter().zip(&rates) {
        println!("| {name} | {rate:.1} | {:.2} | {:.2} |", rate / rates[0], rate / rates[1]);
    }
    print_cost_of_checks();
}

/// Compares a search as in a miner thread, which checks after each chunk whether its job still stands, with one without
/// checks.
fn print_cost_of_checks() {
    let search = Search::new(&header()).expect("a target of one");
    let hashes = LONG * NONCES;
    let (mut through, mut checked, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let [without, with] =
            [cpu_time(|| exhaust(&search, 0, hashes)).1, cpu_time(|| exhaust_in_chunks(&search, hashes)).1]
                .map(|time| time.as_secs_f64());
        through.push(without);
        checked.push(with);
        ratios.push(with / without);
    }
    let cost = |ratio: f64| 100.0 * (ratio - 1.0);
    println!(
        "\nlooking for a new job every {CHUNK_NONCES} nonces costs {:.2} % thread CPU time (medians), {:.2} % (median of \
         the rounds' ratios)",
        cost(median(&mut checked) / median(&mut through)),
        cost(median(&mut ratios))
    );
}

/// Returns a header whose target is one: no hash meets it, so every nonce is tried.
fn header() -> Header {
    Header { bits: CompactTarget::from_bits(0x0101_0000), ..Header::from_bytes(&[7; 128]) }
}

fn contenders() -> Vec<Contender> {
    let header = header();
    let mut all = Vec::new();
    let mut add = |name: String, hashes, run: Box<dyn Fn() -> Duration>| all.push(Contender { name, hashes, run });
    add("naive blake3::hash".into(), NONCES, timed(move || naive(&header)));
    add("blake3 hash_many".into(), NONCES, timed(move || hash_many(&header)));
    for platform in Platform::available() {
        let search = Search::with_platform(&header, platform).expect("a target of one");
        add(platform.to_string(), NONCES, timed(move || exhaust(&search, 0, NONCES)));
    }
    let search = Search::new(&header).expect("a target of one");
    for threads in [1u32, 2] {
        let search = search.clone();
        let run = move || {
            let times: Duration = thread::scope(|scope| {
                let search = &search;
                let spawn = |part| scope.spawn(move || cpu_time(|| exhaust(search, u64::from(part), LONG * NONCES)).1);
                let threads: Vec<_> = (0..threads).map(spawn).collect();
                threads.into_iter().map(|thread| thread.join().expect("a search does not panic")).sum()
            });
            times / threads
        };
        let name = format!("{}, threads: {threads}", Platform::detect());
        add(name, u64::from(threads) * LONG * NONCES, Box::new(run));
    }
    all
}

fn timed(run: impl Fn() + 'static) -> Box<dyn Fn() -> Duration> {
    Box::new(move || cpu_time(&run).1)
}

fn naive(header: &Header) {
    let mut bytes = header.to_bytes();
    let mut best = [0xff; 32];
    for nonce in 0..NONCES {
        bytes[120..].copy_from_slice(&nonce.to_le_bytes());
        best = best.min(blake3::hash(black_box(&bytes)).into());
    }
    black_box(best);
}

/// Hashes whole headers side by side with the blake3 crate's many-input function, which its documentation hides.
fn hash_many(header: &Header) {
    const IV: [u32; 8] =
        [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
    const CHUNK_START: u8 = 1;
    const CHUNK_END_AND_ROOT: u8 = 2 | 8;
    let platform = Blake3Platform::detect();
    let mut headers = [header.to_bytes(); MANY];
    let mut hashes = [0; 32 * MANY];
    let mut best = [0xff; 32];
    for nonces in (0..NONCES).step_by(MANY) {
        for (bytes, nonce) in headers.iter_mut().zip(nonces..) {
            bytes[120..].copy_from_slice(&nonce.to_le_bytes());
        }
        let inputs = headers.each_ref();
        platform.hash_many(&inputs, &IV, 0, IncrementCounter::No, 0, CHUNK_START, CHUNK_END_AND_ROOT, &mut hashes);
        // a search that rejects early reads only one word of each hash
        for hash in hashes.chunks_exact(32) {
            best[0] = best[0].min(hash[0]);
        }
    }
    assert_eq!(hashes[32 * (MANY - 1)..], *Header { nonce: NONCES - 1, ..*header }.hash().as_bytes());
    black_box(best);
}

fn exhaust(search: &Search, part: u64, hashes: u64) {
    let range = NonceRange::chunk(part, hashes).expect("one of the first chunks");
    assert_eq!(black_box(search).run(black_box(range)), Outcome::Exhausted { hashes });
}

/// Searches with the loop of a miner thread: check the job's generation, take the next chunk, take the time, count
/// hashes.
fn exhaust_in_chunks(search: &Search, hashes: u64) {
    let [generation, next_chunk, counted] = [const { AtomicU64::new(0) }; 3];
    while black_box(&generation).load(Ordering::Relaxed) == 0 && counted.load(Ordering::Relaxed) < hashes {
        let chunk = black_box(&next_chunk).fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let range = NonceRange::chunk(chunk, CHUNK_NONCES).expect("one of the first chunks");
        let Outcome::Exhausted { hashes } = black_box(search).run(range) else { unreachable!("a target of one") };
        counted.fetch_add(hashes, Ordering::Relaxed);
        black_box(begun.elapsed());
    }
}
