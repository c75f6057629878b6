//! The block subsidy: the new money that each block may create.

use crate::{
    amount::{Amount, GRAINS_PER_TOYCOIN},
    params::ChainParams,
};

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

impl ChainParams {
    /// Returns the money issued up to and including the block at `height`: the allocations of genesis and the subsidies
    /// of blocks 1 to `height`. Nobody can burn a part of a subsidy (rule R29), so every chain has issued exactly this.
    ///
    /// The time is linear in the number of halvings, of which 64 count, and not in the height.
    pub fn issued(&self, height: u64) -> Amount {
        self.genesis_state().issued.saturating_add(sum_up_to(height, self.spec().halving_interval))
    }
}

/// Returns the sum of the subsidies of blocks 1 to `height`. Construction of [`ChainParams`] has checked that all
/// subsidies fit a `u64`.
fn sum_up_to(height: u64, halving: u64) -> Amount {
    let mut sum = 0u64;
    let mut first = 0;
    while first <= height {
        let each = subsidy(first, halving).grains();
        if each == 0 {
            break;
        }
        // the blocks of this period that are not above the height; the period's last block may lie beyond u64
        let blocks = halving.min((height - first).saturating_add(1));
        sum = sum.saturating_add(each.saturating_mul(blocks));
        let Some(next) = first.checked_add(halving) else { break };
        first = next;
    }
    // genesis counts in the first period, but creates only its allocations
    Amount::from_grains(sum.saturating_sub(INITIAL_SUBSIDY.grains()))
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

    #[test]
    fn money_issued_is_allocations_and_all_subsidies() {
        for params in [ChainParams::regtest(), ChainParams::lab(), ChainParams::reference()] {
            let mut sum = params.spec().allocations.iter().map(|output| output.value.grains()).sum::<u64>();
            assert_eq!(params.issued(0).grains(), sum);
            for height in 1..20_000 {
                sum += params.subsidy(height).grains();
                assert_eq!(params.issued(height).grains(), sum, "at {height}");
            }
        }
    }

    #[test]
    fn sums_end_with_the_total_at_any_height() {
        for halving in [1, 2, 3, 150, 210_000] {
            let all = total(halving).unwrap();
            for height in [64 * halving, 1 << 48, u64::MAX - 1, u64::MAX] {
                assert_eq!(sum_up_to(height, halving), all, "halving {halving}, height {height}");
            }
            let mut sum = 0;
            for height in 1..(70 * halving).min(5_000) {
                sum += subsidy(height, halving).grains();
                assert_eq!(sum_up_to(height, halving).grains(), sum, "halving {halving}, height {height}");
            }
        }
        assert_eq!(sum_up_to(0, 7), Amount::ZERO);
    }
}
