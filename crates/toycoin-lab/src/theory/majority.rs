//! Majority: how long an attacker with more than half of the hash rate takes to rewrite a payment.

use super::assert_share;

/// Mean and variance of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The mean.
    pub mean: f64,
    /// The variance, the square of the standard deviation.
    pub variance: f64,
}

impl Moments {
    /// Returns the standard deviation.
    pub fn deviation(&self) -> f64 {
        self.variance.sqrt()
    }
}

/// Returns how many blocks both sides find until the attacker, `lead` blocks behind at first, has caught up `lead`.
///
/// Mean `k / (q - p)`, variance `4 p q k / (q - p)^3`. To overtake `z` confirmations takes a `lead` of `z + 1`. Of
/// these blocks the attacker finds a share `q`. There is no mean without a majority.
///
/// Source: first passage of a random walk (Feller 1968, chapter XIV, by its generating function).
///
/// # Panics
/// Unless `q` lies from 0 to 1.
#[track_caller]
pub fn blocks(q: f64, lead: u32) -> Option<Moments> {
    assert_share("q", q);
    let (drift, k) = (2.0 * q - 1.0, f64::from(lead));
    (drift > 0.0).then(|| Moments { mean: k / drift, variance: 4.0 * q * (1.0 - q) * k / drift.powi(3) })
}

/// Returns how long that takes at fixed difficulty, in spacings.
///
/// Mean `k / (q - p)`, variance `k / (q - p)^3`: more than that of the [`blocks`], since each takes an exponential
/// time.
///
/// Source: the variance of a random number of random times (Wald), applied to [`blocks`].
///
/// # Panics
/// Unless `q` lies from 0 to 1.
#[track_caller]
pub fn time(q: f64, lead: u32) -> Option<Moments> {
    blocks(q, lead).map(|Moments { mean, variance }| Moments { mean, variance: variance + mean })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{blocks, time};
    use crate::theory::walk::steps_before;

    #[test]
    fn passages_are_those_of_the_table() {
        let found = blocks(0.6, 11).unwrap();
        assert!((found.mean - 55.0).abs() < 1e-9 && (found.deviation() - 36.3).abs() < 0.05);
        assert!((0.6 * found.mean - 33.0).abs() < 1e-9);
        assert!((time(0.6, 11).unwrap().deviation() - 37.1).abs() < 0.05);
        assert!((time(0.51, 11).unwrap().mean - 550.0).abs() < 1e-6);
    }

    #[test]
    fn no_majority_has_no_passage() {
        assert_eq!((blocks(0.5, 1), time(0.2, 1)), (None, None));
        assert_eq!(blocks(1.0, 7).map(|found| (found.mean, found.variance)), Some((7.0, 0.0)));
    }

    proptest! {
        #[test]
        fn passage_is_a_walk_that_never_gives_up(q in 0.6..0.99, lead in 1_u32..20) {
            // 400 below is never reached
            let steps = steps_before(q, lead, 400).mean;

            prop_assert!((blocks(q, lead).unwrap().mean / steps - 1.0).abs() < 1e-9);
        }

        #[test]
        fn time_varies_as_its_sum_of_exponentials(q in 0.55..0.99, lead in 1_u32..50) {
            let drift = 2.0 * q - 1.0;

            prop_assert!((time(q, lead).unwrap().variance * drift.powi(3) / f64::from(lead) - 1.0).abs() < 1e-9);
        }
    }
}
