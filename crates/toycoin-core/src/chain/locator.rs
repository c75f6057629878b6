//! The choice of heights in a block locator.

/// The most hashes that a block locator holds.
pub const MAX_LOCATOR: usize = 64;

/// Returns the heights in a block locator of a chain with its tip at height `tip`: the last 11 heights, then steps that
/// double, and genesis at the end. There are at most 64 ([`MAX_LOCATOR`]) for any height below 2^53.
pub(super) fn heights(tip: u64) -> impl Iterator<Item = u64> {
    let mut next = Some(tip);
    let mut count = 0u32;
    std::iter::from_fn(move || {
        let height = next?;
        count += 1;
        let step = 1u64 << count.saturating_sub(10).min(63);
        next = (height > 0).then(|| height.saturating_sub(step));
        Some(height)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_at_the_tip_and_ends_at_genesis() {
        assert_eq!(heights(0).collect::<Vec<_>>(), [0]);
        assert_eq!(heights(3).collect::<Vec<_>>(), [3, 2, 1, 0]);
        let long: Vec<_> = heights(100).collect();
        assert_eq!(long, [100, 99, 98, 97, 96, 95, 94, 93, 92, 91, 90, 88, 84, 76, 60, 28, 0]);
        assert!(heights((1 << 53) - 1).count() <= MAX_LOCATOR);
    }
}
