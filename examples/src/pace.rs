//! How hard miners should work, so that a short run on any machine shows what a long one would.

use std::time::Instant;

use toycoin_core::{ChainParams, CompactTarget, Target};
use toycoin_pow::{NonceRange, Search};

/// Nonces that are tried to measure the machine: some milliseconds, up to a tenth of a second on a slow one.
const SAMPLE: u64 = 1 << 20;

/// Returns the throttle, 1 to 100 percent, at which `miners` threads together find a block about once a spacing at the
/// genesis' difficulty.
///
/// A fast machine would take a hundred blocks to bring the difficulty up to itself, and fork at each of them.
pub fn throttle_for(params: &ChainParams, miners: u32) -> u32 {
    let mut header = params.genesis().header;
    let hashes = header.bits.to_target().map(Target::work).unwrap_or_default().to_f64();
    let Some(retargeting) = params.spec().retargeting else { return 100 };
    // a target of one: nothing is found, every nonce is tried
    header.bits = CompactTarget::from_bits(0x0101_0000);
    let Ok(search) = Search::new(&header) else { return 100 };
    let begun = Instant::now();
    search.run(NonceRange::new(0, SAMPLE));
    let rate = SAMPLE as f64 / begun.elapsed().as_secs_f64().max(1e-9);
    let wanted = hashes * 1_000.0 / retargeting.spacing_ms.max(1) as f64 / f64::from(miners.max(1));
    (1..=100).find(|percent| rate * f64::from(*percent) / 100.0 >= wanted).unwrap_or(100)
}
