//! Seeded randomness, the same on every machine.
//!
//! Each purpose has its own stream, so that one more fault does not change which node finds which block. All
//! computation uses only operations whose results IEEE 754 fixes to the last bit.

use std::time::Duration;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::arithmetic::{exp, ln};

/// Random number generator for one purpose.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Returns the generator for the purpose `stream` of a seed.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Returns any 64-bit number, uniformly.
    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Returns a number below `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    /// Returns an index into a list of `length` elements; 0 if the list is empty.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// Returns a number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns `true` with the given probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.unit() < probability
    }

    /// Returns a duration from `least` to `most`, uniformly.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        least + most.saturating_sub(least).mul_f64(self.unit())
    }

    /// Returns an exponentially distributed duration with the given mean: the time to the next event of a memoryless
    /// process.
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        stretched(mean, -ln(1.0 - self.unit()))
    }

    /// Returns a number of the normal distribution with mean 0 and standard deviation 1, by Marsaglia's polar method.
    pub fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * ln(square) / square).sqrt();
            }
        }
    }

    /// Returns a log-normally distributed duration with the given median; `sigma` is the standard deviation of its
    /// logarithm.
    pub fn log_normal(&mut self, median: Duration, sigma: f64) -> Duration {
        stretched(median, exp(sigma * self.normal()))
    }

    /// Returns a Pareto-distributed duration of at least `least`; it exceeds `k * least` with the probability
    /// `k^-shape`.
    pub fn pareto(&mut self, least: Duration, shape: f64) -> Duration {
        stretched(least, exp(-ln(1.0 - self.unit()) / shape))
    }

    /// Returns `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

/// Time so far away that it never comes, about 35,000 years; no drawn duration exceeds it.
pub(crate) const FAR: Duration = Duration::from_secs(1 << 40);

fn stretched(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(FAR).min(FAR)
}

#[cfg(test)]
mod tests {
    use super::*;

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
