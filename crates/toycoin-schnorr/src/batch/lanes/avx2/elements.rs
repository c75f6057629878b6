//! Eight elements: their limbs, constants and bounds.

use core::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_srli_epi64,
    _mm256_testz_si256,
};

/// Four elements. A product has limbs 0 to 8 of at most 2^26 + 1, and limb 9 below 2^22.
pub(super) type Four = [__m256i; 10];

/// Eight elements: those of lanes 0 to 3, then those of lanes 4 to 7.
#[derive(Debug, Clone, Copy)]
pub(in crate::batch) struct Elements(pub(super) [Four; 2]);

pub(super) const LOW_52: i64 = (1 << 52) - 1;

pub(super) const LOW_26: i64 = (1 << 26) - 1;

pub(super) const LOW_22: i64 = (1 << 22) - 1;

/// The limbs of p.
pub(super) const P: [i64; 10] =
    [0x3ff_fc2f, 0x3ff_ffbf, LOW_26, LOW_26, LOW_26, LOW_26, LOW_26, LOW_26, LOW_26, LOW_22];

/// Returns four equal lanes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn all(x: i64) -> __m256i {
    _mm256_set1_epi64x(x)
}

/// Asserts that every lane of every limb is below 2^BITS, in builds with debug assertions.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn assert_below<const BITS: i32>(limbs: &[__m256i]) {
    if cfg!(debug_assertions) {
        for limb in limbs {
            let excess = _mm256_srli_epi64::<BITS>(*limb);
            assert!(_mm256_testz_si256(excess, excess) == 1, "a limb has more than {BITS} bits");
        }
    }
}

/// Asserts the bounds of a factor: limbs 0 to 8 below 2^29 and limb 9 below 2^25, as weights up to 7 have them.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn assert_factor(a: &Four) {
    assert_below::<29>(a);
    assert_below::<25>(&a[9..]);
}

/// Moves what limbs 0 to 8 have above 26 bits into the next limb.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn carry(a: &Four) -> Four {
    let mut limbs = *a;
    let mut carry = _mm256_setzero_si256();
    let [first @ .., last] = &mut limbs;
    for limb in first {
        let sum = _mm256_add_epi64(*limb, carry);
        carry = _mm256_srli_epi64::<26>(sum);
        *limb = _mm256_and_si256(sum, all(LOW_26));
    }
    *last = _mm256_add_epi64(*last, carry);
    limbs
}
