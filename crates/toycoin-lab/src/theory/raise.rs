//! Difficulty raising: three blocks that outweigh hundreds, where a block's time may lie before its parent's.
//!
//! Rule R12 forbids that. Without it the difficulty rule counts a step forward as 2 half-lives at most, and a step back
//! in full. The attacker forks from an old block. Block 1 is dated now. Block 2 is dated back, as far as he likes. So
//! block 3 asks for as much work as he likes, and one lucky moment replaces all blocks that it outweighs. The same step
//! back behind an honest block after a pause freezes the chain.
//!
//! Source of the idea: Bahack 2013, "Theoretical Bitcoin attacks with less than half of the computational power", where
//! the attacker must first pay for the difficulty.

use super::{assert_positive, assert_share};

/// Returns the work of the block after a step back, in multiples of the fork point's: `2^((back + 2 S) / H - 2)`.
///
/// A block lies `age` after its parent, and its child `back` before it. All times are in one unit. An `age` below 2
/// half-lives counts in full, and the formula has `age / H` in place of 2. Where the median of 11 times bounds a block
/// from below, as in Bitcoin, `back` is at most `age` and 4 spacings.
///
/// # Panics
/// Unless `half_life` is above 0.
#[track_caller]
pub fn raised_work(age: f64, back: f64, spacing: f64, half_life: f64) -> f64 {
    assert_positive("half_life", half_life);
    ((back + 2.0 * spacing - age.min(2.0 * half_life)) / half_life).exp2()
}

/// Returns the chance to replace a payment with `z` confirmations by one block of `work` blocks' work.
///
/// `1 - exp(-(q/p) (1 - z / work))`: the block must be found before the public branch holds `work` blocks. It is 0 for
/// a work of up to `z`, and at most `1 - exp(-q/p)`, however deep the payment.
///
/// Source: this project's own. Block 3 takes the attacker an exponential time with mean `work / q`, and the public
/// branch takes `(work - z) / p` to grow as heavy.
///
/// # Panics
/// Unless `q` lies from 0 to 1, and `work` is above 0.
#[track_caller]
pub fn chance(q: f64, z: u32, work: f64) -> f64 {
    assert_share("q", q);
    assert_positive("work", work);
    let left = (1.0 - f64::from(z) / work).max(0.0);
    if q == 0.0 || left == 0.0 {
        return 0.0;
    }
    -(-q / (1.0 - q) * left).exp_m1()
}

/// Returns the chance that no block comes for a time of `wait` spacings: `exp(-wait / work)`.
///
/// All miners search for one block of `work` blocks' work. Above 40 doublings or so they wait for ever.
///
/// # Panics
/// Unless `work` is above 0, and `wait` not negative.
#[track_caller]
pub fn stands_still(work: f64, wait: f64) -> f64 {
    assert_positive("work", work);
    assert!(wait >= 0.0, "nobody waits for {wait} spacings");
    (-wait / work).exp()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{chance, raised_work, stands_still};

    /// Spacing and half-life of the lab network, in seconds.
    const LAB: (f64, f64) = (2.0, 40.0);

    #[test]
    fn raised_work_is_that_of_the_table() {
        let work = |age: f64| raised_work(age, age + 4.0 * LAB.0, LAB.0, LAB.1);
        // a fork point 234 blocks old, and pauses of 10 minutes and of 1 hour
        assert!((work(234.0 * LAB.0) - 1_024.0).abs() < 1e-6);
        assert!((work(600.0) / 1.0e4 - 1.0).abs() < 0.05, "{}", work(600.0));
        assert!((work(3_600.0) / 3.8e26 - 1.0).abs() < 0.01, "{}", work(3_600.0));
    }

    #[test]
    fn raising_chances_are_those_of_the_table() {
        assert!((chance(0.1, 234, 1_024.0) - 0.082).abs() < 5e-4);
        assert!((chance(0.3, 234, 1_024.0) - 0.28).abs() < 5e-3);
        assert_eq!((chance(0.3, 234, 200.0), chance(0.0, 0, 9.0), chance(1.0, 0, 9.0)), (0.0, 0.0, 1.0));
    }

    #[test]
    fn chain_stands_still_for_its_hard_block() {
        assert!((stands_still(100.0, 100.0) - 0.367_879).abs() < 1e-6);
        assert_eq!((stands_still(5.0, 0.0), stands_still(1e300, 1e6), stands_still(1.0, 1e6)), (1.0, 1.0, 0.0));
    }

    #[test]
    fn short_pause_raises_nothing_by_itself() {
        // forward 1 spacing, back 1 spacing: the two blocks' own spacings are all that counts
        assert!((raised_work(2.0, 2.0, LAB.0, LAB.1) - (4.0_f64 / 40.0).exp2()).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn chance_is_that_of_a_race_in_small_steps(q in 0.05..0.6, z in 0_u32..900) {
            // the public branch grows block by block; meanwhile the attacker finds block 3 with its small chance
            let (work, mut open) = (1_000.0, 1.0);
            for _ in z..1_000 {
                open *= 1.0 - q / (1.0 - q) / work;
            }
            prop_assert!((chance(q, z, work) - (1.0 - open)).abs() < 2e-3);
        }
    }
}
