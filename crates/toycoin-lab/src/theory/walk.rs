//! A random walk: each block moves the attacker one up (probability `q`) or one down (`p`).

use super::assert_share;

/// Returns the probability that the walk ever stands `up` above its start: `(q/p)^up`, at most 1.
///
/// Source: the gambler's ruin against an infinitely rich bank (Feller 1968, chapter XIV).
///
/// # Panics
/// Unless `q` lies from 0 to 1.
#[track_caller]
pub fn reaches(q: f64, up: u32) -> f64 {
    assert_share("q", q);
    if up == 0 || q >= 0.5 {
        return 1.0;
    }
    (f64::from(up) * (q / (1.0 - q)).ln()).exp()
}

/// Returns the probability that the walk stands `up` above its start before it stands `down` below it.
///
/// It is 1 for an `up` of 0, and otherwise 0 for a `down` of 0.
///
/// Source: the gambler's ruin (Feller 1968, chapter XIV).
///
/// # Panics
/// Unless `q` lies from 0 to 1.
#[track_caller]
pub fn reaches_before(q: f64, up: u32, down: u32) -> f64 {
    assert_share("q", q);
    if up == 0 || q >= 1.0 && down > 0 {
        return 1.0;
    }
    if down == 0 || q <= 0.0 {
        return 0.0;
    }
    let (down, all) = (f64::from(down), f64::from(up) + f64::from(down));
    // (1 - x^down) / (1 - x^all) with x = p/q, written so that no power overflows
    let log = ((1.0 - q) / q).ln();
    if log == 0.0 {
        down / all
    } else if log < 0.0 {
        (down * log).exp_m1() / (all * log).exp_m1()
    } else {
        (-f64::from(up) * log).exp() * (-down * log).exp_m1() / (-all * log).exp_m1()
    }
}

/// How many steps a bounded walk takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steps {
    /// Expected steps until the walk stands `up` above or `down` below its start.
    pub mean: f64,
    /// Expected steps of walks that end above, with those that end below counted as 0.
    pub of_success: f64,
}

/// Returns how many steps a walk takes until it stands `up` above or `down` below its start.
///
/// It solves the linear equations between neighbouring places exactly. Time and memory grow with `up + down`.
///
/// # Panics
/// Unless `q` lies from 0 to 1, and `up` and `down` are at most [`MAX_BOUND`].
#[track_caller]
pub fn steps_before(q: f64, up: u32, down: u32) -> Steps {
    assert_share("q", q);
    assert!(up <= MAX_BOUND && down <= MAX_BOUND, "bounds of {up} and {down} are more than {MAX_BOUND}");
    if up == 0 || down == 0 {
        return Steps { mean: 0.0, of_success: 0.0 };
    }
    // places between the ends, the lowest first; each step costs 1, or its chance to end above
    let places = || (1..up + down).map(|place| (place, up + down - place));
    let at = down as usize - 1;
    let solve = |costs: Vec<f64>| solve(q, &costs).get(at).copied().unwrap_or(0.0);
    Steps {
        mean: solve(places().map(|_| 1.0).collect()),
        of_success: solve(places().map(|(down, up)| reaches_before(q, up, down)).collect()),
    }
}

/// Returns `u` with `u[i] = costs[i] + q u[i + 1] + p u[i - 1]`, and 0 beyond both ends: Thomas's elimination.
fn solve(q: f64, costs: &[f64]) -> Vec<f64> {
    let p = 1.0 - q;
    // after elimination: u[i] = constant + factor u[i + 1]
    let (mut factor, mut constant) = (0.0, 0.0);
    let mut rows = Vec::with_capacity(costs.len());
    for cost in costs {
        let rest = 1.0 - p * factor;
        constant = (cost + p * constant) / rest;
        factor = q / rest;
        rows.push((constant, factor));
    }
    let mut above = 0.0;
    let mut solution: Vec<_> = rows
        .into_iter()
        .rev()
        .map(|(constant, factor)| {
            above = constant + factor * above;
            above
        })
        .collect();
    solution.reverse();
    solution
}

/// Largest bound of a walk that is solved place by place.
pub const MAX_BOUND: u32 = 100_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{reaches, reaches_before, steps_before};

    /// Returns probability and steps of a walk by following its distribution until nothing is left of it.
    fn followed(q: f64, up: usize, down: usize) -> (f64, f64, f64) {
        let mut places = vec![0.0; up + down + 1];
        places[down] = 1.0;
        let (mut won, mut mean, mut of_success) = (0.0, 0.0, 0.0);
        for step in 1..5_000 {
            let mut next = vec![0.0; places.len()];
            for place in 1..up + down {
                next[place + 1] += q * places[place];
                next[place - 1] += (1.0 - q) * places[place];
            }
            won += next[up + down];
            mean += f64::from(step) * (next[0] + next[up + down]);
            of_success += f64::from(step) * next[up + down];
            (next[0], next[up + down]) = (0.0, 0.0);
            places = next;
        }
        (won, mean, of_success)
    }

    #[test]
    fn bounded_walks_end_as_their_distribution_does() {
        for q in [0.1, 0.3, 0.5, 0.51, 0.8] {
            for (up, down) in [(1, 1), (2, 1), (3, 5), (7, 2)] {
                let (won, mean, of_success) = followed(q, up as usize, down as usize);
                let steps = steps_before(q, up, down);
                assert!((reaches_before(q, up, down) - won).abs() < 1e-12, "{q} {up} {down}");
                assert!((steps.mean - mean).abs() < 1e-9, "{q} {up} {down}");
                assert!((steps.of_success - of_success).abs() < 1e-9, "{q} {up} {down}");
            }
        }
    }

    #[test]
    fn walks_at_the_ends_of_their_ranges() {
        assert_eq!((reaches(0.0, 1), reaches(0.5, 9), reaches(1.0, 9), reaches(0.0, 0)), (0.0, 1.0, 1.0, 1.0));
        assert_eq!((reaches_before(0.0, 1, 5), reaches_before(1.0, 5, 1)), (0.0, 1.0));
        assert_eq!((reaches_before(0.3, 0, 0), reaches_before(1.0, 1, 0)), (1.0, 0.0));
        // 10,000 up: far below the smallest f64, and no NaN
        assert_eq!(reaches_before(0.3, 10_000, 10_000), 0.0);
        assert!((reaches_before(0.7, 10_000, 10_000) - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn a_bound_takes_what_would_have_come_back(q in 0.01..0.49, up in 1_u32..20, down in 1_u32..60) {
            let (free, bounded) = (reaches(q, up), reaches_before(q, up, down));
            // whoever gave up would have had to climb all the way
            let returned = bounded + (1.0 - bounded) * reaches(q, up + down);

            prop_assert!((free - returned).abs() < 1e-12);
        }
    }
}
