//! Censorship: miners or relays that keep a transaction out, and feather forks, which only threaten to.

use super::assert_share;

/// Returns the mean number of blocks until a transaction is confirmed that a share `censoring` of the hash rate leaves
/// out: `1 / (1 - c)`. It is infinite if all do.
///
/// Source: the geometric distribution.
///
/// # Panics
/// Unless `censoring` lies from 0 to 1.
#[track_caller]
pub fn blocks_to_confirmation(censoring: f64) -> f64 {
    assert_share("censoring", censoring);
    1.0 / (1.0 - censoring)
}

/// Returns the standard deviation of that number: `sqrt(c) / (1 - c)`.
///
/// # Panics
/// Unless `censoring` lies from 0 to 1.
#[track_caller]
pub fn deviation(censoring: f64) -> f64 {
    assert_share("censoring", censoring);
    censoring.sqrt() / (1.0 - censoring)
}

/// Returns the mean number of blocks until the transaction is confirmed, of those that are confirmed within `patience`
/// blocks: `1 / (1 - c) - n c^n / (1 - c^n)`. It is [`blocks_to_confirmation`] for a long patience.
///
/// Source: the geometric distribution, cut off.
///
/// # Panics
/// Unless `censoring` lies from 0 to below 1, and `patience` is above 0.
#[track_caller]
pub fn patient_blocks(censoring: f64, patience: u32) -> f64 {
    assert!(
        censoring < 1.0 && patience > 0,
        "nothing is confirmed with {censoring} censoring, within {patience} blocks"
    );
    let confirmed = confirmed_within(censoring, patience);
    blocks_to_confirmation(censoring) - f64::from(patience) * (1.0 - confirmed) / confirmed
}

/// Returns the probability that the transaction is confirmed within some blocks: `1 - c^blocks`.
///
/// # Panics
/// Unless `censoring` lies from 0 to 1.
#[track_caller]
pub fn confirmed_within(censoring: f64, blocks: u32) -> f64 {
    assert_share("censoring", censoring);
    1.0 - censoring.powf(blocks.into())
}

/// Returns the chance of a feather fork: that a miner with a share `alpha` replaces the block with the transaction
/// before it has more than `confirmations`, when he gives up. With 1 it is `alpha^2`.
///
/// He needs two blocks more than the others find. He stops when they have found `confirmations` blocks of their own.
/// With 0 he does not even begin.
///
/// Source: the attack is of Miller 2013, "Feather-forks: enforcing a blacklist with sub-50 % hash power". The sum is
/// over first passages of a random walk, counted by the ballot theorem (Feller 1968, chapter III).
///
/// # Panics
/// Unless `alpha` lies from 0 to 1.
#[track_caller]
pub fn feather_fork(alpha: f64, confirmations: u32) -> f64 {
    assert_share("alpha", alpha);
    // others find n blocks on the way: 2 / (2n + 2) C(2n + 2, n) ways, each term from the one before
    let (mut term, mut sum) = (alpha * alpha, 0.0);
    for n in 0..confirmations {
        sum += term;
        if term <= sum * f64::EPSILON {
            break;
        }
        let n = f64::from(n);
        term *= 2.0 * (2.0 * n + 3.0) / (n + 3.0) * alpha * (1.0 - alpha);
    }
    sum.min(1.0)
}

/// Returns the least fee for which another miner should include the transaction against that threat, in subsidies.
///
/// His block is replaced with the chance `P` of the [feather fork](feather_fork), so that the fee must be `P / (1 -
/// P)`. It is infinite if he cannot win.
///
/// # Panics
/// Unless `alpha` lies from 0 to 1.
#[track_caller]
pub fn least_fee(alpha: f64, confirmations: u32) -> f64 {
    let chance = feather_fork(alpha, confirmations);
    chance / (1.0 - chance)
}

#[cfg(test)]
mod tests {
    use super::{blocks_to_confirmation, confirmed_within, deviation, feather_fork, least_fee, patient_blocks};
    use crate::theory::walk::reaches;

    #[test]
    fn delays_are_those_of_the_table() {
        assert_eq!((blocks_to_confirmation(0.5), blocks_to_confirmation(0.0)), (2.0, 1.0));
        assert!((blocks_to_confirmation(0.9) - 10.0).abs() < 1e-12);
        assert_eq!(blocks_to_confirmation(1.0), f64::INFINITY);
        assert_eq!((confirmed_within(0.5, 2), confirmed_within(1.0, 9), confirmed_within(0.3, 0)), (0.75, 0.0, 0.0));
    }

    #[test]
    fn moments_are_those_of_the_geometric_distribution() {
        let chance = |blocks| confirmed_within(0.7, blocks) - confirmed_within(0.7, blocks - 1);
        let moment = |power| (1..400).map(|blocks| f64::from(blocks).powi(power) * chance(blocks)).sum::<f64>();

        assert!((moment(1) - blocks_to_confirmation(0.7)).abs() < 1e-9);
        assert!((moment(2) - moment(1).powi(2) - deviation(0.7).powi(2)).abs() < 1e-9);
    }

    #[test]
    fn patience_leaves_out_the_slowest() {
        let chance = |blocks| confirmed_within(0.7, blocks) - confirmed_within(0.7, blocks - 1);
        let within = (1..=9).map(|blocks| f64::from(blocks) * chance(blocks)).sum::<f64>() / confirmed_within(0.7, 9);

        assert!((patient_blocks(0.7, 9) - within).abs() < 1e-12);
        assert_eq!((patient_blocks(0.7, 1), patient_blocks(0.0, 5)), (1.0, 1.0));
        assert!((patient_blocks(0.7, 1_000) - blocks_to_confirmation(0.7)).abs() < 1e-12);
    }

    #[test]
    fn feather_fork_of_one_confirmation_is_a_square() {
        assert!((feather_fork(0.2, 1) - 0.04).abs() < 1e-15);
        assert!((least_fee(0.2, 1) - 0.04 / 0.96).abs() < 1e-15);
        // two ways to find two more than one other block, which is not the last: O A A A is not over before, A O A A
        assert!((feather_fork(0.2, 2) - (0.04 + 2.0 * 0.2_f64.powi(3) * 0.8)).abs() < 1e-15);
        assert_eq!((feather_fork(0.2, 0), feather_fork(0.0, 5), feather_fork(1.0, 5)), (0.0, 0.0, 1.0));
        assert_eq!(least_fee(1.0, 1), f64::INFINITY);
    }

    #[test]
    fn feather_fork_without_end_is_a_gamblers_ruin() {
        for alpha in [0.1, 0.3, 0.45] {
            assert!((feather_fork(alpha, 10_000) - reaches(alpha, 2)).abs() < 1e-9, "{alpha}");
        }
    }
}
