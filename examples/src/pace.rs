//! Throttle of the miners, so that a short run on any machine shows what a long run would show.

use std::{thread, time::Instant};

use toycoin_core::{ChainParams, CompactTarget, Target};
use toycoin_pow::{NonceRange, Search};

/// Nonces of a sample of the machine's speed.
const SAMPLE: u64 = 1 << 17;

/// Number of samples. All of them take a few milliseconds, up to 100 ms on a slow machine. The fastest counts: it is
/// the one that other programs disturbed least, and miners that rest most of the time are disturbed little.
const SAMPLES: u32 = 8;

/// Returns the throttle, 1 to 100 percent, at which `miners` threads together find about one block per spacing.
///
/// This holds at genesis difficulty. Without it, a fast machine would need about 100 blocks until the difficulty fits,
/// and would fork at each of them.
pub fn throttle_for(params: &ChainParams, miners: u32) -> u32 {
    let mut header = params.genesis().header;
    let hashes = header.bits.to_target().map(Target::work).unwrap_or_default().to_f64();
    let Some(retargeting) = params.spec().retargeting else { return 100 };
    // no hash meets a target of one, so every nonce is tried
    header.bits = CompactTarget::from_bits(0x0101_0000);
    let Ok(search) = Search::new(&header) else { return 100 };
    let sample = |_| {
        let begun = Instant::now();
        search.run(NonceRange::new(0, SAMPLE));
        SAMPLE as f64 / begun.elapsed().as_secs_f64().max(1e-9)
    };
    let rate = (0..SAMPLES).map(sample).fold(1.0, f64::max);
    let wanted = hashes * 1_000.0 / retargeting.spacing_ms.max(1) as f64 / f64::from(miners.max(1));
    (1..=100).find(|percent| rate * f64::from(*percent) / 100.0 >= wanted).unwrap_or(100)
}

/// Returns the number of cores less one, so that the machine stays usable for its user; at least one.
pub fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}
