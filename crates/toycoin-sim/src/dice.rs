//! Seeded randomness, the same on every machine.
//!
//! Each purpose has a stream of its own, so that one more fault does not change who finds which block. Logarithms are
//! made of additions, multiplications and divisions, which IEEE 754 fixes to the bit; a platform's `ln` it does not.

use std::time::Duration;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// A generator for one purpose.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Returns the generator of a seed for the purpose `stream`.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Returns any number.
    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Returns a number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    /// Returns a place in a list of that length.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// Returns a number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns whether something of that probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.unit() < probability
    }

    /// Returns a duration from `least` to `most`.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        least + most.saturating_sub(least).mul_f64(self.unit())
    }

    /// Returns the time to the next event of a process without memory, from its mean.
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        let factor = -ln(1.0 - self.unit());
        Duration::try_from_secs_f64(mean.as_secs_f64() * factor).unwrap_or(FAR).min(FAR)
    }

    /// Fills bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

/// As good as never.
pub(crate) const FAR: Duration = Duration::from_secs(1 << 40);

/// Returns the natural logarithm of a number in `(0, 1]`.
fn ln(x: f64) -> f64 {
    // x = m * 2^-k with m in (0.5, 1], then ln m = 2 artanh((m - 1) / (m + 1))
    let (mut mantissa, mut halvings) = (x, 0.0);
    while mantissa <= 0.5 {
        mantissa *= 2.0;
        halvings += 1.0;
    }
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let (mut term, mut sum, mut odd) = (z, 0.0, 1.0);
    while odd < 41.0 {
        sum += term / odd;
        term *= z * z;
        odd += 2.0;
    }
    2.0 * sum - halvings * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_one() {
        for x in [1.0, 0.999, 0.75, 0.5, 0.1, 1e-9, 1.0 / (1u64 << 53) as f64] {
            assert!((ln(x) - x.ln()).abs() <= 1e-12 * x.ln().abs().max(1.0), "{x}");
        }
    }

    #[test]
    fn exponential_times_have_their_mean() {
        let mut dice = Dice::new(1, 1);
        let total: Duration = (0..100_000).map(|_| dice.exponential(Duration::from_secs(2))).sum();
        assert!((195_000.0..205_000.0).contains(&total.as_secs_f64()), "{total:?}");
    }

    #[test]
    fn purposes_are_apart() {
        assert_ne!(Dice::new(1, 1).number(), Dice::new(1, 2).number());
        assert_eq!(Dice::new(1, 1).number(), Dice::new(1, 1).number());
    }
}
