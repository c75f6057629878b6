//! Majority: how long an attacker with more than half of the hash rate takes to rewrite a payment.

use super::{assert_positive, assert_share, walk::reaches_before};

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

/// Returns the chance to catch up `lead` blocks although the others multiply their hash rate by `factor` after a time.
///
/// `after` is in spacings of the hash rate before. The attacker gives up as soon as he is `give_up` blocks further
/// behind than at first. Until then blocks come as a Poisson process, of which the walk is followed block by block.
/// From then on it is the gambler's ruin with the new share.
///
/// Source: this project's own, from [`walk`](super::walk).
///
/// # Panics
/// Unless `q` lies from 0 to 1, and `after` and `factor` are above 0.
#[track_caller]
pub fn rescued(q: f64, lead: u32, give_up: u32, after: f64, factor: f64) -> f64 {
    assert_share("q", q);
    assert_positive("after", after);
    assert_positive("factor", factor);
    let later = q / (q + (1.0 - q) * factor);
    let (lead, give_up) = (lead as usize, give_up as usize);
    // the chance of each place, from that where he gives up to that where he has caught up
    let mut places = vec![0.0; lead + give_up + 1];
    if let Some(start) = places.get_mut(give_up) {
        *start = 1.0;
    }
    let wins = |place: usize| {
        let (up, down) = (lead + give_up - place, place);
        reaches_before(later, u32::try_from(up).unwrap_or(u32::MAX), u32::try_from(down).unwrap_or(u32::MAX))
    };
    let wins: Vec<f64> = (0..places.len()).map(wins).collect();
    // ln of e^-t t^n / n! for the n blocks that have come so far
    let (mut log, mut blocks, mut won) = (-after, 0.0, 0.0);
    let last = after + 12.0 * after.sqrt() + 40.0;
    while blocks <= last {
        won += f64::exp(log) * places.iter().zip(&wins).map(|(chance, wins)| chance * wins).sum::<f64>();
        blocks += 1.0;
        log += (after / blocks).ln();
        places = stepped(q, &places);
    }
    won.min(1.0)
}

/// Returns the chances of places one block later; who stands at an end stays there.
fn stepped(q: f64, places: &[f64]) -> Vec<f64> {
    let last = places.len().saturating_sub(1);
    let at = |place: Option<usize>| place.and_then(|place| places.get(place)).copied().unwrap_or(0.0);
    let moving =
        |place: Option<usize>| if place.is_some_and(|place| place > 0 && place < last) { at(place) } else { 0.0 };
    let stays = |place: usize| if place == 0 || place == last { at(Some(place)) } else { 0.0 };
    let step =
        |place: usize| stays(place) + q * moving(place.checked_sub(1)) + (1.0 - q) * moving(place.checked_add(1));
    (0..places.len()).map(step).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{blocks, rescued, time};
    use crate::theory::walk::{reaches_before, steps_before};

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

    #[test]
    fn late_help_is_none_and_early_help_decides() {
        let (soon, late) = (rescued(0.6, 11, 15, 1e-9, 2.0), rescued(0.6, 11, 15, 1_000.0, 2.0));
        assert!((soon - reaches_before(0.6 / 1.4, 11, 15)).abs() < 1e-6, "{soon}");
        assert!((late - reaches_before(0.6, 11, 15)).abs() < 1e-9, "{late}");
        assert_eq!((rescued(0.6, 0, 5, 3.0, 2.0), rescued(0.6, 5, 0, 3.0, 2.0)), (1.0, 0.0));
    }

    proptest! {
        #[test]
        fn no_help_is_a_plain_walk(q in 0.1..0.9, lead in 1_u32..12, give_up in 1_u32..20, after in 0.1..60.0) {
            let plain = reaches_before(q, lead, give_up);

            prop_assert!((rescued(q, lead, give_up, after, 1.0) - plain).abs() < 1e-9);
        }

        #[test]
        // with more of the hash rate both are 1 within rounding
        fn help_helps(q in 0.3..0.6, lead in 6_u32..12, after in 0.1..5.0, factor in 1.1..5.0) {
            prop_assert!(rescued(q, lead, 20, after, factor) < rescued(q, lead, 20, after, 1.0));
        }

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
