//! Stale blocks without an attacker: blocks that cross on their way.

use super::{assert_positive, assert_share};

/// Returns the chance that a block meets a rival from those who have not heard of it: `1 - exp(-share delay /
/// spacing)`.
///
/// `others` is the share of the hash rate that hears of it `delay` late. Both times are in one unit.
///
/// Source: blocks arrive as a Poisson process.
///
/// # Panics
/// Unless `others` lies from 0 to 1, `delay` is not negative, and `spacing` is above 0.
#[track_caller]
pub fn rival(others: f64, delay: f64, spacing: f64) -> f64 {
    assert_share("others", others);
    assert_positive("spacing", spacing);
    assert!(delay >= 0.0, "a delay is not negative, as {delay} is");
    -(-others * delay / spacing).exp_m1()
}

/// Returns the chance of a fork by the model of Decker & Wattenhofer: `1 - (1 - 1/spacing)^T`, with the spacing in
/// seconds.
///
/// `T` is the integral of the share of nodes that have not heard of a block, over the seconds since it was found. That
/// is the [mean delay](uninformed_time) of all nodes. They put 633.68 s and a measured curve, and found 1.78 %, where
/// they had observed 1.69 %.
///
/// Source: Decker & Wattenhofer 2013, "Information propagation in the Bitcoin network".
///
/// # Panics
/// Unless `spacing` is more than 1 s, and `uninformed` is not negative.
#[track_caller]
pub fn decker_wattenhofer(uninformed: f64, spacing: f64) -> f64 {
    assert!(spacing > 1.0, "the model goes by seconds: a spacing of {spacing} s is too short");
    assert!(uninformed >= 0.0, "a time is not negative, as {uninformed} is");
    -(uninformed * (-1.0 / spacing).ln_1p()).exp_m1()
}

/// Returns the integral of the share of nodes that have not heard of a block, from the delays of all nodes: their mean.
/// Without a delay it is 0.
///
/// Negative delays and NaN count as 0.
pub fn uninformed_time(delays: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a network has far fewer than 2^53 nodes")]
    let nodes = delays.len().max(1) as f64;
    delays.iter().map(|delay| delay.max(0.0)).sum::<f64>() / nodes
}

#[cfg(test)]
mod tests {
    use super::{decker_wattenhofer, rival, uninformed_time};

    #[test]
    fn rivals_are_those_of_the_table() {
        // seven of eight equal miners, with the published median delays of Bitcoin, Litecoin, Dogecoin, Ethereum
        for (delay, spacing, percent) in
            [(8.7, 600.0, 1.26), (1.02, 150.0, 0.59), (0.85, 60.0, 1.23), (0.75, 15.0, 4.28)]
        {
            let chance = 100.0 * rival(7.0 / 8.0, delay, spacing);
            assert!((chance - percent).abs() < 6e-3, "{delay} of {spacing}: {chance}");
        }
        assert_eq!((rival(1.0, 0.0, 2.0), rival(0.0, 5.0, 2.0), rival(1.0, f64::INFINITY, 2.0)), (0.0, 0.0, 1.0));
    }

    #[test]
    fn fork_rate_is_that_of_the_paper() {
        // 11.37 s: the integral of their curve
        let chance = decker_wattenhofer(11.37, 633.68);
        assert!((chance - 0.0178).abs() < 5e-5, "{chance}");
        // in the limit of long spacings it is that of a Poisson process
        assert!((decker_wattenhofer(50.0, 1e6) / rival(1.0, 50.0, 1e6) - 1.0).abs() < 1e-5);
    }

    #[test]
    fn uninformed_time_is_the_integral_of_the_curve() {
        let delays = [0.0, 1.0, 1.0, 4.0];
        // 3 of 4 nodes wait up to 1 s, 1 of 4 up to 4 s
        assert_eq!(uninformed_time(&delays), 0.75 + 0.25 * 3.0);
        assert_eq!((uninformed_time(&[]), uninformed_time(&[f64::NAN, -1.0, 3.0])), (0.0, 1.0));
    }
}
