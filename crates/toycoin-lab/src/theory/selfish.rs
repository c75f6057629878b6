//! Selfish mining: the strategy SM1, which withholds blocks and publishes them to make others' work stale.
//!
//! The attacker has a share `alpha` of the hash rate. In a tie, a share `gamma` of the others mines on his block. From
//! `alpha` = 1/2 on he takes every block, and the formulas return what they tend to there.

use super::assert_share;

/// Returns the attacker's share of the blocks of the main chain.
///
/// Source: Eyal & Sirer 2014, "Majority is not enough: Bitcoin mining is vulnerable", equation 8.
///
/// # Panics
/// Unless `alpha` and `gamma` lie from 0 to 1.
#[track_caller]
pub fn revenue(alpha: f64, gamma: f64) -> f64 {
    assert_share("alpha", alpha);
    assert_share("gamma", gamma);
    if alpha >= 0.5 {
        return 1.0;
    }
    let a = alpha;
    let gained = a * (1.0 - a).powi(2) * (4.0 * a + gamma * (1.0 - 2.0 * a)) - a.powi(3);
    gained / (1.0 - a * (1.0 + (2.0 - a) * a))
}

/// Returns the share of the hash rate from which selfish mining gains: `(1 - gamma) / (3 - 2 gamma)`.
///
/// Source: Eyal & Sirer 2014, observation 1.
///
/// # Panics
/// Unless `gamma` lies from 0 to 1.
#[track_caller]
pub fn threshold(gamma: f64) -> f64 {
    assert_share("gamma", gamma);
    (1.0 - gamma) / (3.0 - 2.0 * gamma)
}

/// Returns how many of the blocks that are found end in the main chain, as a share of all. It does not depend on who
/// wins ties.
///
/// Source: the stationary distribution of Eyal & Sirer 2014, section 4, summed over all revenue.
///
/// # Panics
/// Unless `alpha` lies from 0 to 1.
#[track_caller]
pub fn growth(alpha: f64) -> f64 {
    assert_share("alpha", alpha);
    if alpha >= 0.5 {
        return alpha;
    }
    let (a, b) = (alpha, 1.0 - alpha);
    // probabilities of: no lead, a tie, a lead of 1, of 2, of more
    let one = (a - 2.0 * a * a) / (2.0 * a.powi(3) - 4.0 * a * a + 1.0);
    let none = (1.0 - 2.0 * a) / (2.0 * a.powi(3) - 4.0 * a * a + 1.0);
    let tie = b * one;
    let two = a / b * one;
    let more = a / b * two / (1.0 - a / b);
    // each tie settles two blocks, and so does a lead that shrinks from 2; a larger lead that shrinks settles one
    2.0 * tie + b * none + 2.0 * b * two + b * more
}

/// Returns the share of all found blocks that become stale: `1 - growth`.
///
/// # Panics
/// Unless `alpha` lies from 0 to 1.
#[track_caller]
pub fn stale(alpha: f64) -> f64 {
    1.0 - growth(alpha)
}

/// Returns the attacker's blocks of the main chain in a spacing, as long as difficulty stays as it was.
///
/// An honest miner's would be `alpha`. It never is more than that: selfish mining gains nothing before difficulty
/// moves.
///
/// Source: Grunspan & Perez-Marco 2018, "On profitability of selfish mining".
///
/// # Panics
/// Unless `alpha` and `gamma` lie from 0 to 1.
#[track_caller]
pub fn revenue_at_fixed_difficulty(alpha: f64, gamma: f64) -> f64 {
    revenue(alpha, gamma) * growth(alpha)
}

/// Returns the time after which selfish mining has paid back what it cost, in half-lives of the difficulty rule.
///
/// At first the main chain grows too slowly. ASERT lowers difficulty until it grows once a spacing: see
/// [`after_shock`](super::difficulty::after_shock) with the chain's [`growth`] as its rate. From then on the attacker
/// gains [`revenue`] instead of `alpha`. It never pays where `revenue` is not above `alpha`.
///
/// Source: the idea is of Grunspan & Perez-Marco 2018; the curve of ASERT is this project's own.
///
/// # Panics
/// Unless `alpha` and `gamma` lie from 0 to 1.
#[track_caller]
pub fn pays_after(alpha: f64, gamma: f64) -> Option<f64> {
    let (revenue, growth) = (revenue(alpha, gamma), growth(alpha));
    let gain = revenue - alpha;
    if gain <= 1e-12 {
        return None;
    }
    // blocks of the main chain after t half-lives, in half-lives: t + log2 of the difficulty then
    let balance = |t: f64| gain * t + revenue * super::difficulty::after_shock(growth, t).log2();
    // negative at first; positive when all of the drop of difficulty is paid for
    let (mut low, mut high) = (0.0, revenue * -growth.log2() / gain + 1.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if balance(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{growth, pays_after, revenue, revenue_at_fixed_difficulty, stale, threshold};

    #[test]
    fn revenues_are_those_of_the_table() {
        // a Monte Carlo of 300,000 blocks agreed with the first three
        for (alpha, gamma, expected) in [
            (0.25, 0.0, 0.195),
            (0.33, 0.0, 0.327),
            (0.40, 0.0, 0.484),
            (0.25, 0.66, 0.268),
            (0.33, 0.62, 0.391),
            (0.40, 0.65, 0.539),
        ] {
            let revenue = revenue(alpha, gamma);
            assert!((revenue - expected).abs() < 1e-3, "{alpha} {gamma}: {revenue}");
        }
    }

    #[test]
    fn revenue_by_time_is_lower_until_difficulty_moves() {
        assert!((revenue_at_fixed_difficulty(0.4, 0.0) - 0.341).abs() < 5e-4);
        assert!((stale(0.4) - 0.295).abs() < 5e-4, "{}", stale(0.4));
        assert_eq!(pays_after(0.3, 0.0), None);
        let half_lives = pays_after(0.4, 0.0).unwrap();
        assert!((1.0..4.0).contains(&half_lives), "{half_lives}");
    }

    #[test]
    fn thresholds_are_those_of_the_paper() {
        assert!((threshold(0.0) - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!((threshold(0.5), threshold(1.0)), (0.25, 0.0));
    }

    #[test]
    fn a_half_takes_everything() {
        assert!((revenue(0.5 - 1e-9, 0.0) - 1.0).abs() < 1e-6);
        assert!((growth(0.5 - 1e-9) - 0.5).abs() < 1e-6);
        assert_eq!((revenue(1.0, 0.0), growth(1.0), revenue(0.0, 1.0), growth(0.0)), (1.0, 1.0, 0.0, 1.0));
    }

    proptest! {
        #[test]
        fn selfish_mining_gains_from_the_threshold_on(gamma in 0.0..0.99) {
            let at = threshold(gamma);

            prop_assert!((revenue(at, gamma) - at).abs() < 1e-12);
            prop_assert!(revenue(at + 0.005, gamma) > at + 0.005);
            prop_assert!(revenue((at - 0.002).max(0.0), gamma) <= (at - 0.002).max(0.0));
        }

        #[test]
        fn nothing_is_gained_at_fixed_difficulty(alpha in 0.001..0.499, gamma in 0.0..=1.0) {
            prop_assert!(revenue_at_fixed_difficulty(alpha, gamma) <= alpha + 1e-12);
        }
    }
}
