//! A share: how often something happened among many cases.

use super::{Interval, beta, ln_gamma, normal, sigmas};

/// How often something happened among independent cases with one probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    hits: u64,
    of: u64,
}

impl Share {
    /// Returns the share of `hits` among `of` cases. There is none without a case, or with more hits than cases.
    pub const fn new(hits: u64, of: u64) -> Option<Self> {
        if of == 0 || hits > of { None } else { Some(Self { hits, of }) }
    }

    /// Returns the cases in which it happened.
    pub const fn hits(&self) -> u64 {
        self.hits
    }

    /// Returns all cases, at least 1.
    pub const fn of(&self) -> u64 {
        self.of
    }

    /// Returns the share, from 0 to 1.
    pub fn value(&self) -> f64 {
        float(self.hits) / float(self.of)
    }

    /// Returns the Wilson score interval of the probability, within 0 and 1.
    ///
    /// Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    ///
    /// # Panics
    /// Unless `confidence` lies between 0 and 1.
    #[track_caller]
    pub fn interval(&self, confidence: f64) -> Interval {
        let z = normal::critical(confidence);
        let (n, share) = (float(self.of), self.value());
        let scale = 1.0 + z * z / n;
        let centre = (share + z * z / (2.0 * n)) / scale;
        let half = z / scale * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        // with no hit, or only hits, one end is exact; the formula would miss it by its rounding
        let low = if self.hits == 0 { 0.0 } else { (centre - half).max(0.0) };
        let high = if self.hits == self.of { 1.0 } else { (centre + half).min(1.0) };
        Interval { low, high }
    }

    /// Returns the exact two-sided p value against an expected probability from 0 to 1.
    ///
    /// It is the probability of all numbers of hits that are no likelier than the observed one, as R's `binom.test` has
    /// it.
    ///
    /// # Panics
    /// Unless `expected` lies from 0 to 1.
    #[track_caller]
    pub fn p_value(&self, expected: f64) -> f64 {
        assert_probability(expected);
        let Self { hits, of } = *self;
        if expected == 0.0 || expected == 1.0 {
            return if self.value() == expected { 1.0 } else { 0.0 };
        }
        let mean = float(of) * expected;
        // equal probabilities that differ by rounding count as equal
        let likely = self.ln_probability(hits, expected) + 1e-7;
        let tails = if float(hits) < mean {
            let other = first(of, |k| float(k) > mean && self.ln_probability(k, expected) <= likely);
            self.at_most(hits, expected) + self.at_least(other, expected)
        } else if float(hits) > mean {
            // numbers below the mean, counted downwards from it
            let other = first(of, |k| float(of - k) < mean && self.ln_probability(of - k, expected) <= likely);
            self.at_least(hits, expected) + of.checked_sub(other).map_or(0.0, |k| self.at_most(k, expected))
        } else {
            1.0
        };
        tails.min(1.0)
    }

    /// Returns how many standard deviations the share lies above an expected probability, below 0 if it lies below.
    ///
    /// Where enough cases make the distribution normal, this is the usual `(share - e) / sqrt(e (1 - e) / n)`.
    /// Elsewhere it is the normal equivalent of the exact [p value](Self::p_value). Of an expected 0 or 1 it is 0 or
    /// infinite.
    ///
    /// # Panics
    /// Unless `expected` lies from 0 to 1.
    #[track_caller]
    pub fn off_by(&self, expected: f64) -> f64 {
        assert_probability(expected);
        let difference = self.value() - expected;
        if difference == 0.0 {
            return 0.0;
        }
        let variance = expected * (1.0 - expected);
        if variance == 0.0 {
            return f64::INFINITY.copysign(difference);
        }
        if float(self.of) * variance >= NORMAL_FROM {
            return difference / (variance / float(self.of)).sqrt();
        }
        // a share that is no surprise is 0 off, not "-0.0"
        sigmas(self.p_value(expected)).copysign(difference) + 0.0
    }

    /// Returns the logarithm of the binomial probability of `hits`.
    fn ln_probability(&self, hits: u64, expected: f64) -> f64 {
        let (n, k) = (float(self.of), float(hits));
        ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
            + k * expected.ln()
            + (n - k) * (-expected).ln_1p()
    }

    /// Returns the binomial probability of at least `hits`.
    fn at_least(&self, hits: u64, expected: f64) -> f64 {
        match hits {
            0 => 1.0,
            _ if hits > self.of => 0.0,
            _ => beta(expected, float(hits), float(self.of - hits) + 1.0),
        }
    }

    /// Returns the binomial probability of at most `hits`.
    fn at_most(&self, hits: u64, expected: f64) -> f64 {
        Self { hits: 0, of: self.of }.at_least(self.of.saturating_sub(hits), 1.0 - expected)
    }
}

/// Returns the first number from 0 to `of` for which a condition holds, and `of + 1` if there is none. The condition
/// must stay true once it is.
fn first(of: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, of.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Panics unless a number is a probability.
#[track_caller]
fn assert_probability(expected: f64) {
    assert!((0.0..=1.0).contains(&expected), "a probability lies from 0 to 1, not at {expected}");
}

/// Returns a count as `f64`: exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of cases are far below 2^53")]
const fn float(count: u64) -> f64 {
    count as f64
}

/// Variance of the number of hits from which the normal approximation serves: at 4 sd it is off by at most 0.25 sd.
const NORMAL_FROM: f64 = 100.0;

#[cfg(test)]
mod tests;
