//! Undercutting: the newest block is replaced by one that takes less of its fees, so that others prefer it.
//!
//! One race is a tree of at most two blocks. A block B of another miner has just taken all fees that waited. The
//! undercutter (share `q`) mines a rival U on B's parent, which takes the share `take` of these fees and leaves the
//! rest.
//!
//! ```text
//!   q: U is found, a tie ──┬─ q            the undercutter extends U, and takes the rest too
//!                          ├─ p w          another one extends U, and takes the rest
//!                          └─ p (1 - w)    another one extends B: U is lost
//!   p: another block on B: he gives up
//! ```
//!
//! `w` is the share of the others' hash rate that mines on U at the tie ([`willing`]). Assumptions: messages take no
//! time, the difficulty stays, no fees arrive during the race, nobody else undercuts, and he gives up when B is
//! extended.
//!
//! Source of the attack: Carlsten, Kalodner, Weinberg & Narayanan 2016, "On the instability of Bitcoin without the
//! block reward". They look for strategies that are best against each other; this model of one race is the project's
//! own.

use super::assert_share;

/// Returns the expected share of the others' hash rate that mines on the richer branch at a tie.
///
/// `miners` others have equal hash rates, and `petty` of them prefer the richer branch. One of the `miners` has found
/// the block that the rival would replace. It keeps its own block, petty or not.
///
/// # Panics
/// Unless there is at least one miner, and at most as many are petty.
#[track_caller]
pub fn willing(miners: u32, petty: u32) -> f64 {
    assert!(miners > 0 && petty <= miners, "{petty} of {miners} miners");
    let (miners, petty) = (f64::from(miners), f64::from(petty));
    // the finder is one of the petty with probability petty / miners
    (petty - petty / miners) / miners
}

/// Returns the chance that the undercutter wins a tie: `q + p w`.
///
/// # Panics
/// Unless `q` and `willing` lie from 0 to 1.
#[track_caller]
pub fn tie(q: f64, willing: f64) -> f64 {
    assert_share("q", q);
    assert_share("willing", willing);
    q + (1.0 - q) * willing
}

/// Returns the chance that the rival replaces the block: `q (q + p w)`.
///
/// # Panics
/// Unless `q` and `willing` lie from 0 to 1.
#[track_caller]
pub fn chance(q: f64, willing: f64) -> f64 {
    q * tie(q, willing)
}

/// Returns what an undercutter gains in the mean over honest mining, in units of the fees: `q (q + p w take) -
/// subsidy q p (1 - w)`.
///
/// `subsidy` is that of a block, in units of the fees. Honest mining would have earned `q` subsidies for each block
/// that anybody finds during the race.
///
/// # Panics
/// Unless `q`, `willing` and `take` lie from 0 to 1.
#[track_caller]
pub fn profit(q: f64, willing: f64, take: f64, subsidy: f64) -> f64 {
    q * (fees_at_tie(q, willing, take) - subsidy * (1.0 - tie(q, willing)))
}

/// Returns the largest subsidy for which undercutting pays, in units of the fees; infinite if it pays with each.
///
/// # Panics
/// Unless `q`, `willing` and `take` lie from 0 to 1.
#[track_caller]
pub fn largest_subsidy(q: f64, willing: f64, take: f64) -> f64 {
    let fees = fees_at_tie(q, willing, take);
    if fees == 0.0 {
        return 0.0;
    }
    fees / (1.0 - tie(q, willing))
}

/// Returns the fees that the undercutter can expect at a tie: all of them if he extends his own block, and his part if
/// another one does.
#[track_caller]
fn fees_at_tie(q: f64, willing: f64, take: f64) -> f64 {
    assert_share("take", take);
    q + (tie(q, willing) - q) * take
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{chance, largest_subsidy, profit, tie, willing};
    use crate::theory::sniping;

    /// Chance and profit by the tree's ends, each with its probability, income and number of blocks.
    fn by_ends(q: f64, willing: f64, take: f64, subsidy: f64) -> (f64, f64) {
        let p = 1.0 - q;
        let ends = [
            (q * q, true, 1.0 + 2.0 * subsidy, 2.0),
            (q * p * willing, true, take + subsidy, 2.0),
            (q * p * (1.0 - willing), false, 0.0, 2.0),
            (p, false, 0.0, 1.0),
        ];
        let chance = ends.iter().filter(|(_, wins, ..)| *wins).map(|(chance, ..)| chance).sum();
        let profit = ends.iter().map(|(chance, _, income, blocks)| chance * (income - q * subsidy * blocks));
        (chance, profit.sum())
    }

    #[test]
    fn finder_keeps_its_own_block() {
        assert_eq!((willing(4, 0), willing(4, 4), willing(1, 1)), (0.0, 0.75, 0.0));
        // of two, the finder is petty or the other one is
        assert_eq!((willing(2, 1), willing(2, 2)), (0.25, 0.5));
    }

    #[test]
    fn without_petty_miners_a_subsidy_of_q_over_p_fees_stops_it() {
        assert!((largest_subsidy(0.3, 0.0, 0.5) - 0.3 / 0.7).abs() < 1e-12);
        assert_eq!((largest_subsidy(0.3, 1.0, 0.5), largest_subsidy(0.0, 0.5, 0.0)), (f64::INFINITY, 0.0));
    }

    proptest! {
        #[test]
        fn formulas_are_those_of_the_tree(
            q in 0.0..=1.0, willing in 0.0..=1.0, take in 0.0..=1.0, subsidy in 0.0..100.0
        ) {
            let (won, gained) = by_ends(q, willing, take, subsidy);

            prop_assert!((chance(q, willing) - won).abs() < 1e-12);
            prop_assert!((profit(q, willing, take, subsidy) - gained).abs() < 1e-9);
        }

        #[test]
        fn largest_subsidy_breaks_even(q in 0.01..0.99, willing in 0.0..0.95, take in 0.0..=1.0) {
            let largest = largest_subsidy(q, willing, take);

            prop_assert!(profit(q, willing, take, largest).abs() < 1e-9 * (1.0 + largest));
            prop_assert!(profit(q, willing, take, largest * 1.1) < 0.0);
        }

        #[test]
        fn petty_miners_replace_what_a_sniper_must_find_himself(q in 0.01..0.49) {
            // a sniper who gives up 2 behind may lose the tie and come back
            prop_assert!(chance(q, 0.0) < sniping::chance(q, Some(2)));
            prop_assert!((tie(q, 1.0) - 1.0).abs() < 1e-12 && chance(q, 1.0) > sniping::chance(q, Some(2)));
        }
    }
}
