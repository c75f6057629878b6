//! The normal distribution.

use std::f64::consts::PI;

use super::interval::assert_confidence;

/// Returns the standard deviations that a normal distribution exceeds, on both sides together, with probability `p`.
///
/// `p` = 0.3173 gives 1, `p` = 0.0455 gives 2. It is infinite for a `p` of 0 and below, 0 for 1 and above, NaN for NaN.
pub fn sigmas(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::INFINITY;
    }
    if p >= 1.0 {
        return 0.0;
    }
    if p.is_nan() {
        return p;
    }
    // the tail falls, so halving the range finds the place to all digits
    let (mut low, mut high) = (0.0, LARGEST);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if upper_tail(middle) > p / 2.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Returns how many standard deviations on each side of the mean hold a share `confidence` of a normal distribution.
///
/// # Panics
/// Unless `confidence` lies between 0 and 1.
#[track_caller]
pub(super) fn critical(confidence: f64) -> f64 {
    assert_confidence(confidence);
    sigmas(1.0 - confidence)
}

/// Returns the probability that a normal variable exceeds `x` standard deviations, for `x` of at least 0.
///
/// Source: Abramowitz & Stegun 1964, 26.2.11 (series) and 26.2.14 (continued fraction).
pub(super) fn upper_tail(x: f64) -> f64 {
    let density = (-x * x / 2.0).exp() / (2.0 * PI).sqrt();
    if x < FRACTION_FROM {
        let (mut term, mut sum, mut odd) = (x, x, 1.0);
        while term > sum * f64::EPSILON {
            odd += 2.0;
            term *= x * x / odd;
            sum += term;
        }
        return 0.5 - density * sum;
    }
    // x + 1 / (x + 2 / (x + 3 / ...)), from the inside out
    let fraction = (1..=FRACTION_STEPS).rev().fold(x, |inner, step| x + f64::from(step) / inner);
    density / fraction
}

/// Standard deviations beyond which the tail is below the smallest `f64`.
const LARGEST: f64 = 39.0;
/// Halvings that narrow the range down to the last digit.
const HALVINGS: u32 = 64;
/// Standard deviations from which the continued fraction is exact.
const FRACTION_FROM: f64 = 3.0;
/// Steps of the continued fraction, enough at `FRACTION_FROM`.
const FRACTION_STEPS: u32 = 120;

#[cfg(test)]
mod tests {
    use super::{critical, sigmas, upper_tail};

    #[test]
    fn normal_quantiles_are_those_of_tables() {
        // two-sided critical values, NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.1
        for (confidence, expected) in [(0.90, 1.644_854), (0.95, 1.959_964), (0.99, 2.575_829), (0.999, 3.290_527)] {
            assert!((critical(confidence) - expected).abs() < 1e-6, "{confidence}: {}", critical(confidence));
        }
    }

    #[test]
    fn normal_tails_are_those_of_tables() {
        // chance outside of 1 to 5 sd, on both sides
        let table = [0.317_310_508, 0.045_500_264, 0.002_699_796, 6.334_248e-5, 5.733_031e-7];
        for (sd, expected) in (1..).zip(table) {
            let sd = f64::from(sd);
            assert!((2.0 * upper_tail(sd) / expected - 1.0).abs() < 1e-6, "{sd} sd");
            assert!((sigmas(expected) - sd).abs() < 1e-6, "{sd} sd");
        }
    }

    #[test]
    fn series_and_fraction_of_the_tail_meet() {
        let (below, above) = (upper_tail(3.0 - 1e-12), upper_tail(3.0));

        assert!((below / above - 1.0).abs() < 1e-9, "{below} {above}");
    }

    #[test]
    fn sigmas_of_no_and_of_full_probability() {
        assert_eq!(sigmas(0.0), f64::INFINITY);
        assert_eq!(sigmas(1.0), 0.0);
        assert!(sigmas(f64::NAN).is_nan());
        assert!((37.0..39.0).contains(&sigmas(1e-300)));
    }
}
