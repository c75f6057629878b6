//! Difficulty adjustment with ASERT: how the target follows the times of the blocks.

use ruint::Uint;

use crate::target::{CompactTarget, Target};

/// Returns the target of a block by aserti3-2d, rounded down to compact form.
///
/// ```text
/// target = anchor * 2^((elapsed - spacing * intervals) / half_life)
/// ```
///
/// The target is an exponential of the chain's distance from its schedule. Late blocks make the next one easier: 2
/// half-lives late means 4 times easier.
///
/// 2^x is a cubic polynomial on `[0, 1)` in 16-bit fixed point, as published with aserti3-2d for Bitcoin Cash by
/// Jonathan Toomim, Mark Lundeberg and others. This function passes the published test vectors.
///
/// `anchor` is the target at the start of `intervals` block intervals, which took `elapsed_ms`. The function is defined
/// for a negative `elapsed_ms` too, although header times rise (rule R12). The result is at least 1 and at most
/// `limit`.
///
/// # Panics
/// When `half_life_ms` is zero, which [`ChainParams`](crate::ChainParams) refuses.
pub fn asert(
    anchor: Target,
    elapsed_ms: i64,
    intervals: u64,
    spacing_ms: u64,
    half_life_ms: u64,
    limit: Target,
) -> CompactTarget {
    let schedule = i128::from(spacing_ms).saturating_mul(i128::from(intervals));
    let late = i128::from(elapsed_ms).saturating_sub(schedule);
    // Rust's division truncates toward zero, as that of the reference does
    let exponent = late.saturating_mul(65536) / i128::from(half_life_ms);
    let (whole, fraction) = (exponent.div_euclid(65536), exponent.rem_euclid(65536));

    let f = u128::try_from(fraction).expect("a Euclidean remainder is not negative");
    let factor = 65536 + ((195_766_423_245_049 * f + 971_821_376 * f * f + 5_127 * f * f * f + (1 << 47)) >> 48);

    // 256 bits times 17 bits: easy targets need more than 256 bits
    type Wide = Uint<320, 5>;
    let product = Wide::from(anchor.to_u256()) * Wide::from(factor);
    let shift = whole - 16;
    let distance = usize::try_from(shift.unsigned_abs()).unwrap_or(usize::MAX);
    let target = if shift <= 0 {
        product.wrapping_shr(distance) // zero from 320 on
    } else if distance >= product.leading_zeros() {
        Wide::MAX
    } else {
        product << distance
    };
    let target = target.clamp(Wide::ONE, Wide::from(limit.to_u256()));
    Target::from_u256(target.to()).unwrap_or(limit).to_compact()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(bits: u32) -> Target {
        CompactTarget::from_bits(bits).to_target().unwrap()
    }

    fn next(bits: u32, elapsed_ms: i64) -> u32 {
        asert(target(bits), elapsed_ms, 1, 2_000, 40_000, target(0x1f01_0000)).to_bits()
    }

    #[test]
    fn a_block_on_schedule_leaves_the_target() {
        assert_eq!(next(0x1e01_0000, 2_000), 0x1e01_0000);
    }

    #[test]
    fn a_half_life_late_doubles_and_early_halves() {
        assert_eq!(next(0x1e01_0000, 42_000), 0x1e02_0000);
        assert_eq!(next(0x1e01_0000, -38_000), 0x1e00_8000);
    }

    #[test]
    fn the_limit_and_one_hold_at_any_distance() {
        assert_eq!(next(0x1e01_0000, i64::MAX), 0x1f01_0000);
        assert_eq!(
            next(0x1e01_0000, i64::MIN),
            Target::from_u256(ruint::aliases::U256::ONE).unwrap().to_compact().to_bits()
        );
    }

    #[test]
    fn an_easy_target_does_not_wrap() {
        let regtest = target(0x207f_ffff);
        for late in [40_000, 400_000, 4_000_000_000] {
            assert_eq!(asert(regtest, late, 0, 0, 40_000, regtest).to_bits(), 0x207f_ffff);
        }
    }
}
