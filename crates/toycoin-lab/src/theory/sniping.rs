//! Fee sniping: mining on the parent of a block with a large fee, to take the fee.
//!
//! Source of the attack: Carlsten, Kalodner, Weinberg & Narayanan 2016, "On the instability of Bitcoin without the
//! block reward". They weigh ties; here the new branch needs strictly more work.

use super::{
    assert_share,
    walk::{reaches, reaches_before, steps_before},
};

/// Returns the chance to replace the newest block: `(q/p)^2`, if the attacker never gives up.
///
/// With a `give_up` he stops as soon as he is that many blocks behind. He begins 1 behind, so that with 1 and less he
/// does not begin.
///
/// Source: the gambler's ruin, see [`walk`](super::walk).
///
/// # Panics
/// Unless `q` lies from 0 to 1.
#[track_caller]
pub fn chance(q: f64, give_up: Option<u32>) -> f64 {
    match give_up {
        None => reaches(q, AHEAD),
        Some(give_up) => reaches_before(q, AHEAD, give_up.saturating_sub(1)),
    }
}

/// Returns the least fee for which that pays, in subsidies, for an attacker who stops `give_up` blocks behind.
///
/// Mining honestly he would earn `q` subsidies a block while the race lasts. Sniping he earns the fee and his own
/// blocks, if he wins. Difficulty and the times before and after are alike. It is 0 where sniping pays without a fee,
/// as for a majority, and infinite where it never wins: for a `q` of 0, and a `give_up` of 1 and less.
///
/// Source: this project's own.
///
/// # Panics
/// Unless `q` lies from 0 to 1, and `give_up` is at most [`MAX_BOUND`](super::walk::MAX_BOUND).
#[track_caller]
pub fn least_fee(q: f64, give_up: u32) -> f64 {
    assert_share("q", q);
    let chance = chance(q, Some(give_up));
    if chance == 0.0 {
        return f64::INFINITY;
    }
    (-profit(q, give_up, 0.0) / chance).max(0.0)
}

/// Returns what a sniper gains in the mean over honest mining, in subsidies, if the fee is `fee` subsidies.
///
/// It is the fee and his own blocks, if he wins, less `q` for each block that both sides find meanwhile.
///
/// Source: this project's own, as for [`least_fee`].
///
/// # Panics
/// Unless `q` lies from 0 to 1.
#[track_caller]
pub fn profit(q: f64, give_up: u32, fee: f64) -> f64 {
    assert_share("q", q);
    let down = give_up.saturating_sub(1);
    let (chance, steps) = (chance(q, Some(give_up)), steps_before(q, AHEAD, down));
    // a walk that ends two up has two more steps up than down
    let own = (steps.of_success + f64::from(AHEAD) * chance) / 2.0;
    chance * fee + own - q * steps.mean
}

/// Blocks that the attacker needs more than the others find: one to draw level, one to be ahead.
const AHEAD: u32 = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{chance, least_fee, profit};

    #[test]
    fn sniping_chance_is_that_of_the_table() {
        assert!((chance(0.3, None) - 0.184).abs() < 5e-4);
        assert_eq!((chance(0.3, Some(1)), chance(0.6, None)), (0.0, 1.0));
        assert!((chance(0.3, Some(60)) - chance(0.3, None)).abs() < 1e-12);
    }

    #[test]
    fn least_fee_at_its_ends() {
        assert_eq!((least_fee(0.0, 5), least_fee(0.3, 1), least_fee(1.0, 5)), (f64::INFINITY, f64::INFINITY, 0.0));
        // a majority that never stops gains what others lose
        assert_eq!(least_fee(0.7, 400), 0.0);
    }

    proptest! {
        #[test]
        fn sniper_who_stops_2_behind_breaks_even(q in 0.01..0.5) {
            // he wins after k rounds of one block each: k + 2 own blocks with probability (q p)^k q^2
            let back = q * (1.0 - q);
            let won = q * q / (1.0 - back);
            let own = won * (2.0 + back / (1.0 - back));
            let lasts = (1.0 + q) / (1.0 - back);

            prop_assert!((chance(q, Some(2)) - won).abs() < 1e-12);
            prop_assert!((least_fee(q, 2) - ((q * lasts - own) / won).max(0.0)).abs() < 1e-9);
        }

        #[test]
        fn least_fee_breaks_even(q in 0.05..0.45, give_up in 2_u32..20, more in 0.1..5.0) {
            let least = least_fee(q, give_up);

            prop_assert!(least == 0.0 || profit(q, give_up, least).abs() < 1e-9);
            prop_assert!(profit(q, give_up, least + more) > 0.0);
        }

        #[test]
        fn patience_costs_a_minority(q in 0.05..0.3, give_up in 4_u32..40) {
            prop_assert!(least_fee(q, give_up + 1) > least_fee(q, give_up));
        }
    }
}
