//! Student's t distribution.

use super::{beta, interval::assert_confidence};

/// Returns the probability that Student's t with `freedom` degrees of freedom lies further from 0 than `t`.
///
/// Source: Abramowitz & Stegun 1964, 26.7.1 with 26.5.27.
pub(super) fn two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

/// Returns the `t` between whose two signs a share `confidence` of Student's distribution lies.
///
/// # Panics
/// Unless `confidence` lies between 0 and 1.
#[track_caller]
pub(super) fn critical(confidence: f64, freedom: f64) -> f64 {
    assert_confidence(confidence);
    let outside = 1.0 - confidence;
    let (mut low, mut high) = (0.0, 1.0);
    while two_sided(high, freedom) > outside && high < f64::MAX / 2.0 {
        low = high;
        high *= 2.0;
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if two_sided(middle, freedom) > outside {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Halvings that narrow the range down to the last digit.
const HALVINGS: u32 = 60;

#[cfg(test)]
mod tests {
    use super::{super::normal, critical, two_sided};

    #[test]
    fn student_quantiles_are_those_of_tables() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2: upper critical values at 0.95, 0.975 and 0.995
        for (freedom, at_90, at_95, at_99) in [
            (1.0, 6.314, 12.706, 63.657),
            (2.0, 2.920, 4.303, 9.925),
            (5.0, 2.015, 2.571, 4.032),
            (10.0, 1.812, 2.228, 3.169),
            (19.0, 1.729, 2.093, 2.861),
            (30.0, 1.697, 2.042, 2.750),
            (100.0, 1.660, 1.984, 2.626),
        ] {
            for (confidence, expected) in [(0.90, at_90), (0.95, at_95), (0.99, at_99)] {
                let t = critical(confidence, freedom);
                assert!((t - expected).abs() < 6e-4, "{freedom} degrees at {confidence}: {t} {expected}");
            }
        }
    }

    #[test]
    fn student_of_one_degree_is_the_cauchy_distribution() {
        for t in [0.1_f64, 1.0, 7.5, 1e4] {
            let cauchy = 1.0 - 2.0 / std::f64::consts::PI * t.atan();
            assert!((two_sided(t, 1.0) - cauchy).abs() < 1e-12, "{t}");
        }
    }

    #[test]
    fn student_of_many_degrees_is_normal() {
        assert!((critical(0.95, 1e6) - normal::critical(0.95)).abs() < 1e-5);
    }
}
