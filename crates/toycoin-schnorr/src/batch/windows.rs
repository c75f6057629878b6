//! Windows: the digits in which scalars are written.
//!
//! A digit of w bits lies between -2^(w-1) and 2^(w-1), so there are only half as many buckets as values.

use crate::batch::endomorphism::Half;

/// The division of scalars into windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Windows {
    pub(super) bits: usize,
}

impl Windows {
    /// Returns the width with the fewest additions. Each term is added to one bucket per window, and each bucket is
    /// added twice. In the lanes a round of additions costs an inversion besides, but all widths near the best one need
    /// about as many rounds, and measured batches of 8 to 4,096 signatures were not faster with one bit more or less.
    pub(super) fn for_terms(terms: usize) -> Self {
        let cost = |windows: &Self| windows.count() * (terms + 2 * windows.buckets());
        (2..=14).map(|bits| Self { bits }).min_by_key(cost).expect("some widths")
    }

    /// Returns the number of windows: those of 128 bits, with room for the carry of negative digits.
    pub(super) const fn count(self) -> usize {
        128 / self.bits + 1
    }

    pub(super) const fn buckets(self) -> usize {
        1 << (self.bits - 1)
    }

    /// Returns the digits of a scalar, the lowest first.
    pub(super) fn digits(self, half: Half) -> impl Iterator<Item = i16> {
        let mut rest = half.magnitude;
        let mut carry = 0;
        (0..self.count()).map(move |_| {
            let low = i16::try_from(rest & ((1 << self.bits) - 1)).expect("at most 14 bits") + carry;
            rest >>= self.bits;
            carry = i16::from(usize::from(low.unsigned_abs()) > self.buckets());
            let digit = low - (carry << self.bits);
            if half.negative { -digit } else { digit }
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use k256::Scalar;
    use proptest::prelude::*;

    use super::*;

    /// Random scalars, and those with few bits or with runs of ones.
    pub(in crate::batch) fn half() -> impl Strategy<Value = Half> {
        let magnitude = prop_oneof![
            any::<u128>(),
            0..4_u128,
            (0..4_u128).prop_map(|less| u128::MAX - less),
            (0..128).prop_map(|bit| 1_u128 << bit),
            (0..128).prop_map(|bit| u128::MAX << bit),
        ];
        (magnitude, any::<bool>()).prop_map(|(magnitude, negative)| Half { magnitude, negative })
    }

    fn scalar(half: Half) -> Scalar {
        let scalar = Scalar::from(half.magnitude);
        if half.negative { -scalar } else { scalar }
    }

    proptest! {
        #[test]
        fn digits_are_in_range_and_make_the_scalar(half in half(), bits in 2..=14_usize) {
            let windows = Windows { bits };
            let base = Scalar::from(1_u32 << bits);
            let mut sum = Scalar::ZERO;
            for digit in windows.digits(half).collect::<Vec<_>>().into_iter().rev() {
                prop_assert!(usize::from(digit.unsigned_abs()) <= windows.buckets());
                let magnitude = Scalar::from(u32::from(digit.unsigned_abs()));
                sum = sum * base + if digit < 0 { -magnitude } else { magnitude };
            }
            prop_assert_eq!(sum, scalar(half));
        }
    }

    #[test]
    fn buckets_grow_with_the_terms() {
        let bits = |terms| Windows::for_terms(terms).bits;
        assert!(bits(10) < bits(100) && bits(100) < bits(1_000) && bits(1_000) < bits(10_000));
    }
}
