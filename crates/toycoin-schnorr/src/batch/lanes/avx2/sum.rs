//! Lazy sums, and what brings them back into bounds; comparisons.

use core::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_blendv_epi8, _mm256_castsi256_pd, _mm256_cmpeq_epi64,
    _mm256_movemask_pd, _mm256_mul_epu32, _mm256_or_si256, _mm256_setr_epi64x, _mm256_setzero_si256, _mm256_slli_epi64,
    _mm256_srli_epi64, _mm256_sub_epi64,
};

use crate::batch::lanes::{
    avx2::elements::{Elements, Four, LOW_22, LOW_26, P, all, assert_below, assert_factor, carry},
    vector_field::Mask,
};

/// Returns a + b. Limbs of both below 2^29: weights up to 7.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn add(a: &Elements, b: &Elements) -> Elements {
    let mut sum = a.0;
    for (a, b) in sum.iter_mut().flatten().zip(b.0.iter().flatten()) {
        *a = _mm256_add_epi64(*a, *b);
    }
    sum.iter().for_each(|half| assert_below::<30>(half));
    Elements(sum)
}

/// Returns a - b + 2^shift p. The limbs of 2^shift p are at least those of b, whose weight is below 2^shift, so no limb
/// becomes negative.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn sub(a: &Elements, b: &Elements, shift: u32) -> Elements {
    let mut difference = a.0;
    for (a, b) in difference.iter_mut().zip(&b.0) {
        for ((a, b), p) in a.iter_mut().zip(b).zip(P) {
            *a = _mm256_sub_epi64(_mm256_add_epi64(*a, all(p << shift)), *b);
        }
        // a negative limb would have its highest bit set
        assert_below::<30>(a);
    }
    Elements(difference)
}

/// Returns the elements as they are: products take limbs of 29 bits. Weight at most 7.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn factor(a: &Elements) -> Elements {
    a.0.iter().for_each(|half| assert_factor(half));
    *a
}

/// Returns the same elements below 2^256. Weight at most 7, hence below 2^259.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn reduce(a: &Elements) -> Elements {
    let [low, high] = &a.0;
    Elements([reduce_four(low), reduce_four(high)])
}

#[inline]
#[target_feature(enable = "avx2")]
fn reduce_four(a: &Four) -> Four {
    assert_below::<30>(a);
    let mut twice = fold_top(&carry(&fold_top(&carry(a))));
    // If it was 2^256 or more, it was that by less than 2^37, so the second time only limb 0 carries.
    twice[1] = _mm256_add_epi64(twice[1], _mm256_srli_epi64::<26>(twice[0]));
    twice[0] = _mm256_and_si256(twice[0], all(LOW_26));
    assert_below::<26>(&twice);
    assert_below::<22>(&twice[9..]);
    twice
}

/// Folds what is at 2^256 and above, which is below 2^8, into the two lowest limbs.
#[inline]
#[target_feature(enable = "avx2")]
fn fold_top(a: &Four) -> Four {
    let mut limbs = *a;
    let over = _mm256_srli_epi64::<22>(limbs[9]);
    limbs[9] = _mm256_and_si256(limbs[9], all(LOW_22));
    limbs[0] = _mm256_add_epi64(limbs[0], _mm256_mul_epu32(over, all(0x3d1)));
    limbs[1] = _mm256_add_epi64(limbs[1], _mm256_slli_epi64::<6>(over));
    limbs
}

/// Returns the same elements below p. A number below 2^256 is below p if adding 2^256 - p does not reach 2^256.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn canonical(a: &Elements) -> Elements {
    let [low, high] = &a.0;
    Elements([canonical_four(low), canonical_four(high)])
}

#[inline]
#[target_feature(enable = "avx2")]
fn canonical_four(a: &Four) -> Four {
    let reduced = reduce_four(a);
    let mut raised = reduced;
    raised[0] = _mm256_add_epi64(raised[0], all(0x3d1));
    raised[1] = _mm256_add_epi64(raised[1], all(1 << 6));
    let mut raised = carry(&raised);
    let is_below = _mm256_cmpeq_epi64(_mm256_srli_epi64::<22>(raised[9]), _mm256_setzero_si256());
    raised[9] = _mm256_and_si256(raised[9], all(LOW_22));
    blend(is_below, &raised, &reduced)
}

/// Returns b in the lanes whose bits are set, and a in the others, whose bits are clear.
#[inline]
#[target_feature(enable = "avx2")]
fn blend(lanes: __m256i, a: &Four, b: &Four) -> Four {
    let mut blended = *a;
    for (a, b) in blended.iter_mut().zip(b) {
        *a = _mm256_blendv_epi8(*a, *b, lanes);
    }
    blended
}

/// Returns b where the mask is set, and a elsewhere.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn select(mask: Mask, a: &Elements, b: &Elements) -> Elements {
    let bits = _mm256_setr_epi64x(1, 2, 4, 8);
    let lanes = |mask: Mask| _mm256_cmpeq_epi64(_mm256_and_si256(all(i64::from(mask)), bits), bits);
    let ([a0, a1], [b0, b1]) = (&a.0, &b.0);
    Elements([blend(lanes(mask), a0, b0), blend(lanes(mask >> 4), a1, b1)])
}

/// Returns which elements are zero. Weight at most 7.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn zeros(a: &Elements) -> Mask {
    mask(canonical(a).0.map(|half| {
        let any = half.into_iter().fold(_mm256_setzero_si256(), |any, limb| _mm256_or_si256(any, limb));
        _mm256_cmpeq_epi64(any, _mm256_setzero_si256())
    }))
}

/// Returns which elements are odd. They must be canonical.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn odds(a: &Elements) -> Mask {
    mask(a.0.map(|[lowest, ..]| _mm256_slli_epi64::<63>(lowest)))
}

/// Collects the highest bit of each lane.
#[inline]
#[target_feature(enable = "avx2")]
fn mask(lanes: [__m256i; 2]) -> Mask {
    let [low, high] = lanes.map(|lanes| _mm256_movemask_pd(_mm256_castsi256_pd(lanes)));
    Mask::try_from(low | high << 4).unwrap_or_default()
}
