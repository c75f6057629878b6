//! The block subsidy: the new money that each block may create.

use crate::amount::{Amount, GRAINS_PER_TOYCOIN};

/// The subsidy of each block before the first halving: 50 toycoins.
pub const INITIAL_SUBSIDY: Amount = Amount::from_grains(50 * GRAINS_PER_TOYCOIN);

/// Returns the subsidy of the block at `height`: 50 toycoins, halved every `halving` blocks, and 0 from the 64th
/// halving on.
///
/// # Panics
/// When `halving` is zero, which [`ChainParams`](crate::ChainParams) refuses.
pub fn subsidy(height: u64, halving: u64) -> Amount {
    let halvings = u32::try_from(height / halving).unwrap_or(u32::MAX);
    Amount::from_grains(INITIAL_SUBSIDY.grains().checked_shr(halvings).unwrap_or(0))
}

/// Returns the sum of all subsidies from block 1 on, `None` if it does not fit a `u64`.
pub(crate) fn total(halving: u64) -> Option<Amount> {
    let schedule = (0..64).try_fold(0u64, |sum, halvings| {
        let each = INITIAL_SUBSIDY.grains() >> halvings;
        sum.checked_add(each.checked_mul(halving)?)
    })?;
    // genesis counts in the first period, but creates only its allocations
    Some(Amount::from_grains(schedule - INITIAL_SUBSIDY.grains()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_and_ends() {
        let grains = |height| subsidy(height, 210_000).grains();
        assert_eq!(grains(1), 5_000_000_000);
        assert_eq!(grains(209_999), 5_000_000_000);
        assert_eq!(grains(210_000), 2_500_000_000);
        assert_eq!(grains(33 * 210_000 - 1), 1);
        assert_eq!(grains(33 * 210_000), 0);
        assert_eq!(grains(64 * 210_000), 0);
        assert_eq!(grains(u64::MAX), 0);
    }

    #[test]
    fn the_total_is_the_sum_of_all_blocks() {
        let sum: u64 = (1..200).map(|height| subsidy(height, 3).grains()).sum();
        assert_eq!(total(3), Some(Amount::from_grains(sum)));
        assert!(total(210_000).unwrap() <= Amount::MAX_MONEY);
        assert_eq!(total(u64::MAX), None);
    }
}
