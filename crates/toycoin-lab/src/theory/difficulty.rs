//! Difficulty: what ASERT, the rule that follows each block, does to noise, shocks and wrong times.
//!
//! All curves take the rule as if blocks came evenly: log2 of difficulty `y` then moves by `(r / y - 1)` each
//! half-life, where `r` is the hash rate. Difficulty and rate are in multiples of what gives one block each spacing.

use super::{assert_positive, assert_share};

/// Returns the standard deviation of the logarithm of difficulty under a constant hash rate: `sqrt(ln2 S / (2 H))`.
///
/// `half_life` is in spacings. Blocks arrive by chance, and the rule takes that for a change. A network of 20 spacings
/// swings by 13 %, one of 144 by 5 %.
///
/// Source: this project's own. The logarithm is an autoregressive process of first order, whose noise has the variance
/// `(ln2 S / H)^2` each block and whose memory fades by `ln2 S / H`.
///
/// # Panics
/// Unless `half_life` is above 0.
#[track_caller]
pub fn noise(half_life: f64) -> f64 {
    assert_positive("half_life", half_life);
    (std::f64::consts::LN_2 / (2.0 * half_life)).sqrt()
}

/// Returns difficulty some half-lives after the hash rate changed from 1 to `rate`: `rate + (1 - rate) 2^-t`.
///
/// What is wrong halves each half-life, downwards and upwards. The spacing at that moment is the result divided by
/// `rate`. The rule counts a block as 2 half-lives at most, so a fall to less than `S / H` heals more slowly.
///
/// Source: this project's own, the solution of the equation above.
///
/// # Panics
/// Unless `rate` is above 0, and `half_lives` not negative.
#[track_caller]
pub fn after_shock(rate: f64, half_lives: f64) -> f64 {
    assert_positive("rate", rate);
    assert!(half_lives >= 0.0, "the time after a shock is not negative, as {half_lives} is");
    rate + (1.0 - rate) * (-half_lives).exp2()
}

/// Returns the mean of difficulty some half-lives after the hash rate changed from 1 to `rate`, where blocks come by
/// chance: `c (rate + (1 - rate) 2^-t)` with `c = (2^(S/H) - 1) H / (S ln 2)`. `half_life` is in spacings.
///
/// It is [`after_shock`] and 1.7 % more at 20 spacings. A block lifts difficulty by a factor, and between blocks it falls
/// evenly. So the mean moves by `rate (2^(S/H) - 1) / S - ln2 / H` times itself, which has no other moment in it.
///
/// Source: this project's own. It leaves out that a block counts as 2 half-lives at most.
///
/// # Panics
/// Unless `rate` and `half_life` are above 0, and `half_lives` not negative.
#[track_caller]
pub fn mean_after_shock(rate: f64, half_lives: f64, half_life: f64) -> f64 {
    assert_positive("half_life", half_life);
    let lift = (std::f64::consts::LN_2 / half_life).exp_m1() * half_life / std::f64::consts::LN_2;
    lift * after_shock(rate, half_lives)
}

/// Returns the mean spacing, in multiples of the aim, where a share `q` of the miners dates each block 2 half-lives after
/// its parent, and nothing forbids it: `floor / q`. `floor` is the lowest difficulty, in multiples of that at which all
/// miners together find one block each spacing.
///
/// Each such block makes the next one easier, until difficulty is at its floor. All others wait for their clocks to reach
/// the times of the chain, which never happens, so that `q` alone is left.
///
/// # Panics
/// Unless `q` is a share above 0, and `floor` is above 0.
#[track_caller]
pub fn runaway(q: f64, floor: f64) -> f64 {
    assert_share("q", q);
    assert_positive("q", q);
    assert_positive("floor", floor);
    floor / q
}

/// Returns how many blocks more than one each spacing come, in all, after the hash rate changed from 1 to `rate`.
///
/// It is `H / S log2 rate`, below 0 after a fall. `half_life` is in spacings.
///
/// Source: ASERT's definition: difficulty doubles when the chain is a half-life ahead of its schedule.
///
/// # Panics
/// Unless `rate` and `half_life` are above 0.
#[track_caller]
pub fn excess_blocks(rate: f64, half_life: f64) -> f64 {
    assert_positive("rate", rate);
    assert_positive("half_life", half_life);
    half_life * rate.log2()
}

/// Returns by which factor wrong times move the target of one block at most: `2^((drift + lag) / H)`.
///
/// A time can be ahead of the clock by `drift`, or behind it by `lag`. Both and `half_life` are in one unit. Later
/// blocks take it back, since the times between them add up to the time that really passed.
///
/// # Panics
/// Unless `half_life` is above 0.
#[track_caller]
pub fn largest_error(drift: f64, lag: f64, half_life: f64) -> f64 {
    assert_positive("half_life", half_life);
    ((drift + lag) / half_life).exp2()
}

/// Returns by which factor a block's work can exceed its parent's: `2^(S / H)`. `half_life` is in spacings.
///
/// Source: ASERT's exponent for a block that takes no time, which rule R12 forbids just so.
///
/// # Panics
/// Unless `half_life` is above 0.
#[track_caller]
pub fn steepest_step(half_life: f64) -> f64 {
    assert_positive("half_life", half_life);
    (1.0 / half_life).exp2()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{after_shock, excess_blocks, largest_error, mean_after_shock, noise, runaway, steepest_step};

    #[test]
    fn noise_is_that_of_the_table() {
        assert!((noise(20.0) - 0.1316).abs() < 5e-5);
    }

    #[test]
    fn shocks_are_those_of_the_table() {
        for (half_lives, expected) in [(0.0, 1.0), (1.0, 0.55), (2.0, 0.325), (3.0, 0.2125)] {
            assert!((after_shock(0.1, half_lives) - expected).abs() < 1e-12);
        }
        assert!((excess_blocks(10.0, 20.0) - 66.4).abs() < 0.05);
        assert!((excess_blocks(0.1, 20.0) + 66.4).abs() < 0.05);
    }

    #[test]
    fn wrong_times_move_one_target_by_19_percent() {
        // the lab network: drift 10 s, half-life 40 s, spacing 2 s
        assert!((largest_error(10.0, 0.0, 40.0) - 1.189).abs() < 5e-4);
        assert!((steepest_step(20.0) - 1.035).abs() < 5e-4);
    }

    #[test]
    fn mean_is_a_little_above_the_even_curve() {
        assert!((mean_after_shock(1.0, 3.0, 20.0) - 1.0175).abs() < 5e-5);
        assert!((mean_after_shock(10.0, 2.0, 144.0) / after_shock(10.0, 2.0) - 1.0024).abs() < 5e-5);
    }

    #[test]
    fn runaway_leaves_the_liar_alone_at_the_floor() {
        assert_eq!((runaway(1.0, 0.5), runaway(0.25, 0.5)), (0.5, 2.0));
    }

    proptest! {
        #[test]
        fn shocks_follow_their_equation(rate in 0.05..20.0) {
            // Euler's steps of d(log2 y)/dt = r / y - 1, t in half-lives
            let (mut log, step) = (0.0_f64, 1e-4);
            let mut blocks = 0.0;
            for _ in 0..30_000 {
                let speed = rate / log.exp2();
                blocks += speed * step;
                log += (speed - 1.0) * step;
            }
            prop_assert!((log.exp2() / after_shock(rate, 3.0) - 1.0).abs() < 5e-3);
            // blocks ahead of the schedule are what moved difficulty
            prop_assert!((blocks - 3.0 - after_shock(rate, 3.0).log2()).abs() < 5e-3);
        }
    }
}
