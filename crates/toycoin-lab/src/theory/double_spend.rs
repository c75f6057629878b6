//! Double spend: the chance of a hidden branch that replaces a confirmed payment.
//!
//! The merchant delivers when the payment has `z` confirmations. Papers let the attacker win with a branch as long as
//! the public one. toycoin's nodes keep the branch that they saw first, so that here it must be longer: [`strict`].

use super::{
    assert_share,
    walk::{reaches, reaches_before},
};
use crate::stats::{beta, ln_gamma};

/// Returns Nakamoto's estimate. It takes the attacker's progress as Poisson, and is too low from `z` = 2 or 3 on.
///
/// Source: Nakamoto 2008, "Bitcoin: a peer-to-peer electronic cash system", section 11.
///
/// # Panics
/// Unless `q` lies from 0 to 1, and `z` is at most [`MAX_CONFIRMATIONS`].
#[track_caller]
pub fn nakamoto(q: f64, z: u32) -> f64 {
    assert_race(q, z);
    if z == 0 || q >= 0.5 {
        return 1.0;
    }
    if q == 0.0 {
        return 0.0;
    }
    let lambda = f64::from(z) * q / (1.0 - q);
    let poisson = |k: u32| (f64::from(k) * lambda.ln() - lambda - ln_gamma(f64::from(k) + 1.0)).exp();
    // the paper subtracts from 1; sums of positive terms keep small chances exact
    let behind: f64 = (0..=z).map(|k| poisson(k) * reaches(q, z - k)).sum();
    // terms fall from here on, since z is above lambda
    let ahead: f64 = (z + 1..).map(poisson).take_while(|term| *term > behind * f64::EPSILON).sum();
    (behind + ahead).min(1.0)
}

/// Returns the exact chance if a branch of equal length wins: no block is mined in advance, and a tie counts.
///
/// Source: Rosenfeld 2014, "Analysis of hashrate-based double spending".
///
/// # Panics
/// Unless `q` lies from 0 to 1, and `z` is at most [`MAX_CONFIRMATIONS`].
#[track_caller]
pub fn rosenfeld(q: f64, z: u32) -> f64 {
    assert_race(q, z);
    overtakes(q, z, z)
}

/// Returns the same chance as [`rosenfeld`] in closed form: the regularised incomplete beta function `I_4pq(z, 1/2)`.
///
/// Source: Grunspan & Perez-Marco 2018, "Double spend races".
///
/// # Panics
/// Unless `q` lies from 0 to 1, and `z` is at most [`MAX_CONFIRMATIONS`].
#[track_caller]
pub fn grunspan(q: f64, z: u32) -> f64 {
    assert_race(q, z);
    if z == 0 || q >= 0.5 {
        return 1.0;
    }
    beta(4.0 * q * (1.0 - q), z.into(), 0.5)
}

/// Returns the exact chance if a branch must be longer to win, as nodes demand that keep what they saw first.
///
/// `premined` blocks lie on the hidden branch when the public one begins. The attacker wins when the payment has `z`
/// confirmations and the hidden branch is longer. With a `give_up` he stops as soon as the public branch is that many
/// blocks longer, also before the payment is confirmed. With 1 premined block and no bound this is [`rosenfeld`].
///
/// Source: the negative binomial sum of Rosenfeld 2014, with one more block to catch up. With a bound, the distribution
/// of the race is followed block by block, and time grows with the square of `z`.
///
/// # Panics
/// Unless `q` lies from 0 to 1, and `z` is at most [`MAX_CONFIRMATIONS`].
#[track_caller]
pub fn strict(q: f64, z: u32, premined: u32, give_up: Option<u32>) -> f64 {
    assert_race(q, z);
    match give_up {
        None => overtakes(q, z, (z + 1).saturating_sub(premined)),
        Some(give_up) => overtakes_within(q, z, premined, give_up),
    }
}

/// Panics unless a race lies within the ranges of this module.
#[track_caller]
fn assert_race(q: f64, z: u32) {
    assert_share("q", q);
    assert!(z <= MAX_CONFIRMATIONS, "{z} confirmations are more than {MAX_CONFIRMATIONS}");
}

/// Returns the chance of ever having found `needed` more blocks than others found after their first `z`.
fn overtakes(q: f64, z: u32, needed: u32) -> f64 {
    if needed == 0 || q >= 0.5 {
        return 1.0;
    }
    if q == 0.0 {
        return 0.0;
    }
    if z == 0 {
        return reaches(q, needed);
    }
    let (confirmations, p) = (f64::from(z), 1.0 - q);
    // chance that the attacker finds `m` blocks while others find `z`
    let found = |m: u32| {
        let m = f64::from(m);
        let choose = ln_gamma(m + confirmations) - ln_gamma(m + 1.0) - ln_gamma(confirmations);
        (choose + confirmations * p.ln() + m * q.ln()).exp()
    };
    let behind: f64 = (0..needed).map(|m| found(m) * reaches(q, needed - m)).sum();
    // all of `needed` and more: the tail of the negative binomial distribution
    (behind + beta(q, needed.into(), confirmations)).min(1.0)
}

/// Returns the chance of a race that the attacker gives up when he is `give_up` blocks behind.
fn overtakes_within(q: f64, z: u32, premined: u32, give_up: u32) -> f64 {
    let enough = z + 1;
    if premined >= enough || q >= 1.0 {
        return if give_up == 0 && premined == 0 { 0.0 } else { 1.0 };
    }
    // index: blocks on the hidden branch; `enough` of them win for certain once the payment is confirmed
    let mut hidden = vec![0.0; enough as usize + 1];
    if let Some(start) = hidden.get_mut(premined as usize) {
        *start = 1.0;
    }
    let mut won = 0.0;
    for public in 0..=z {
        // whoever is too far behind now has given up
        let lost = (public + 1).saturating_sub(give_up).min(enough) as usize;
        hidden.iter_mut().take(lost).for_each(|chance| *chance = 0.0);
        if public == z {
            break;
        }
        let mut found = 0.0;
        for chance in &mut hidden {
            // blocks that the attacker finds before the next public one
            found = *chance + q * found;
            *chance = (1.0 - q) * found;
        }
        // the last place collects all that would have gone beyond it
        if let Some(last) = hidden.last_mut() {
            won += found;
            *last = 0.0;
        }
    }
    for (own, chance) in (0..enough).zip(&hidden) {
        let behind = z - own;
        won += chance * reaches_before(q, behind + 1, give_up.saturating_sub(behind));
    }
    won.min(1.0)
}

/// Most confirmations of a payment for which chances are summed.
pub const MAX_CONFIRMATIONS: u32 = 10_000;

#[cfg(test)]
mod tests;
