//! Lazy sums, and what brings them back into bounds; comparisons.

use core::arch::x86_64::{
    _mm512_add_epi64, _mm512_and_si512, _mm512_cmpeq_epi64_mask, _mm512_madd52lo_epu64, _mm512_mask_blend_epi64,
    _mm512_or_si512, _mm512_setzero_si512, _mm512_srli_epi64, _mm512_sub_epi64, _mm512_test_epi64_mask,
};

use crate::batch::lanes::{
    ifma::elements::{Elements, FOLD_256, LOW_48, P, all, assert_below, assert_factor, carry},
    vector_field::Mask,
};

/// Returns a + b. Limbs of both below 2^55: weights up to 7.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn add(a: &Elements, b: &Elements) -> Elements {
    assert_below::<55>(&a.0);
    assert_below::<55>(&b.0);
    let mut sum = a.0;
    for (a, b) in sum.iter_mut().zip(&b.0) {
        *a = _mm512_add_epi64(*a, *b);
    }
    Elements(sum)
}

/// Returns a - b + 2^shift p. The limbs of 2^shift p are at least those of b, whose weight is below 2^shift, so no limb
/// becomes negative.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn sub(a: &Elements, b: &Elements, shift: u32) -> Elements {
    let mut difference = a.0;
    for ((a, b), p) in difference.iter_mut().zip(&b.0).zip(P) {
        *a = _mm512_sub_epi64(_mm512_add_epi64(*a, all(p << shift)), *b);
    }
    // a negative limb would have its highest bit set
    assert_below::<56>(&difference);
    Elements(difference)
}

/// Carries, so that limbs are below 2^52. The weight is at most 7, so the number is below 2^259.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn factor(a: &Elements) -> Elements {
    assert_below::<56>(&a.0);
    let carried = carry(a.0);
    assert_factor(&carried);
    carried
}

/// Returns the same elements below 2^256. Weight at most 7, hence below 2^259.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn reduce(a: &Elements) -> Elements {
    assert_below::<56>(&a.0);
    let once = fold_top(&carry(a.0));
    // If this is 2^256 or more, it is that by less than 2^37, so the second time nothing carries.
    let twice = fold_top(&carry(once.0));
    assert_below::<52>(&twice.0);
    assert_below::<48>(&twice.0[4..]);
    twice
}

/// Folds what is at 2^256 and above, which is below 2^4, into the lowest limb.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn fold_top(a: &Elements) -> Elements {
    let [a, b, c, d, e] = a.0;
    let over = _mm512_srli_epi64::<48>(e);
    Elements([_mm512_madd52lo_epu64(a, over, all(FOLD_256)), b, c, d, _mm512_and_si512(e, all(LOW_48))])
}

/// Returns the same elements below p. A number below 2^256 is below p if adding 2^256 - p does not reach 2^256.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn canonical(a: &Elements) -> Elements {
    let reduced = reduce(a);
    let [a, b, c, d, e] = reduced.0;
    let raised = carry([_mm512_add_epi64(a, all(FOLD_256)), b, c, d, e]);
    let [a, b, c, d, e] = raised.0;
    let over = _mm512_srli_epi64::<48>(e);
    let is_over = _mm512_test_epi64_mask(over, over);
    select(is_over, &reduced, &Elements([a, b, c, d, _mm512_and_si512(e, all(LOW_48))]))
}

/// Returns b where the mask is set, and a elsewhere.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn select(mask: Mask, a: &Elements, b: &Elements) -> Elements {
    let mut selected = a.0;
    for (a, b) in selected.iter_mut().zip(&b.0) {
        *a = _mm512_mask_blend_epi64(mask, *a, *b);
    }
    Elements(selected)
}

/// Returns which elements are zero. Weight at most 7.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn zeros(a: &Elements) -> Mask {
    let [a, b, c, d, e] = canonical(a).0;
    let any = _mm512_or_si512(_mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d)), e);
    _mm512_cmpeq_epi64_mask(any, _mm512_setzero_si512())
}

/// Returns which elements are odd. They must be canonical.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn odds(a: &Elements) -> Mask {
    let [lowest, ..] = a.0;
    _mm512_test_epi64_mask(lowest, all(1))
}
