//! Products: columns of partial products, and their reduction.

use core::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_mul_epu32, _mm256_setzero_si256, _mm256_slli_epi64,
    _mm256_srli_epi64,
};

use crate::batch::lanes::avx2::elements::{Elements, Four, LOW_22, LOW_26, all, assert_below, assert_factor};

/// Returns a b. See [`assert_factor`] for the bounds. A column is a sum of at most 10 products, hence below 2^62.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn mul(a: &Elements, b: &Elements) -> Elements {
    let ([a0, a1], [b0, b1]) = (&a.0, &b.0);
    Elements([mul_four(a0, b0), mul_four(a1, b1)])
}

#[inline]
#[target_feature(enable = "avx2")]
fn mul_four(a: &Four, b: &Four) -> Four {
    assert_factor(a);
    assert_factor(b);
    let high = [
        column::<10>(a, b),
        column::<11>(a, b),
        column::<12>(a, b),
        column::<13>(a, b),
        column::<14>(a, b),
        column::<15>(a, b),
        column::<16>(a, b),
        column::<17>(a, b),
        column::<18>(a, b),
    ];
    let high = carry_high(high);
    let low = [
        column::<0>(a, b),
        column::<1>(a, b),
        column::<2>(a, b),
        column::<3>(a, b),
        column::<4>(a, b),
        column::<5>(a, b),
        column::<6>(a, b),
        column::<7>(a, b),
        column::<8>(a, b),
        column::<9>(a, b),
    ];
    fold(low, &high)
}

/// Returns column K of a product: the sum of all aᵢ bⱼ with i + j = K. A const, since compilers unroll no loop whose
/// bounds depend on a loop around it.
#[inline]
#[target_feature(enable = "avx2")]
#[expect(clippy::indexing_slicing, reason = "constant bounds: limbs 0 to 9")]
fn column<const K: usize>(a: &Four, b: &Four) -> __m256i {
    let (first, last) = if K < 10 { (0, K) } else { (K - 9, 9) };
    let mut sum = _mm256_mul_epu32(a[first], b[K - first]);
    let mut i = first + 1;
    while i <= last {
        sum = _mm256_add_epi64(sum, _mm256_mul_epu32(a[i], b[K - i]));
        i += 1;
    }
    sum
}

/// Returns a². See [`assert_factor`] for the bounds.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn square(a: &Elements) -> Elements {
    let [low, high] = &a.0;
    Elements([square_four(low), square_four(high)])
}

#[inline]
#[target_feature(enable = "avx2")]
fn square_four(a: &Four) -> Four {
    assert_factor(a);
    // products of two different limbs occur twice; limbs of 30 bits still multiply
    let mut twice = *a;
    for limb in &mut twice {
        *limb = _mm256_add_epi64(*limb, *limb);
    }
    let twice = &twice;
    let high = [
        column_of_square::<10>(twice, a),
        column_of_square::<11>(twice, a),
        column_of_square::<12>(twice, a),
        column_of_square::<13>(twice, a),
        column_of_square::<14>(twice, a),
        column_of_square::<15>(twice, a),
        column_of_square::<16>(twice, a),
        column_of_square::<17>(twice, a),
        column_of_square::<18>(twice, a),
    ];
    let high = carry_high(high);
    let low = [
        column_of_square::<0>(twice, a),
        column_of_square::<1>(twice, a),
        column_of_square::<2>(twice, a),
        column_of_square::<3>(twice, a),
        column_of_square::<4>(twice, a),
        column_of_square::<5>(twice, a),
        column_of_square::<6>(twice, a),
        column_of_square::<7>(twice, a),
        column_of_square::<8>(twice, a),
        column_of_square::<9>(twice, a),
    ];
    fold(low, &high)
}

/// Returns column K of a square: the sum of 2 aᵢ aⱼ with i + j = K and i < j, and of the square in the middle.
#[inline]
#[target_feature(enable = "avx2")]
#[expect(clippy::indexing_slicing, reason = "constant bounds: limbs 0 to 9")]
fn column_of_square<const K: usize>(twice: &Four, a: &Four) -> __m256i {
    let mut sum = match K % 2 {
        0 => _mm256_mul_epu32(a[K / 2], a[K / 2]),
        _ => _mm256_setzero_si256(),
    };
    let mut i = if K < 10 { 0 } else { K - 9 };
    while 2 * i < K {
        sum = _mm256_add_epi64(sum, _mm256_mul_epu32(twice[i], a[K - i]));
        i += 1;
    }
    sum
}

/// Carries columns 10 to 18 to limbs 10 to 19. Limbs 10 to 18 are below 2^26. Column 18 is one product of two limbs 9,
/// below 2^50, and a carry below 2^36, so limb 19 is below 2^25.
#[inline]
#[target_feature(enable = "avx2")]
fn carry_high(columns: [__m256i; 9]) -> Four {
    let mut limbs = [_mm256_setzero_si256(); 10];
    let mut carry = _mm256_setzero_si256();
    for (limb, column) in limbs.iter_mut().zip(columns) {
        let sum = _mm256_add_epi64(column, carry);
        *limb = _mm256_and_si256(sum, all(LOW_26));
        carry = _mm256_srli_epi64::<26>(sum);
    }
    let [.., last] = &mut limbs;
    *last = carry;
    assert_below::<26>(&limbs);
    limbs
}

/// Reduces a product: columns 0 to 9 below 2^62, and limbs 10 to 19 below 2^26. Limb 10 + k is limb k times 2^260.
#[inline]
#[target_feature(enable = "avx2")]
#[expect(clippy::indexing_slicing, reason = "constant bounds: limbs 0 to 9")]
pub(super) fn fold(mut low: Four, high: &Four) -> Four {
    assert_below::<62>(&low);
    let fold_260 = all(0x3d10);
    let mut carry = _mm256_setzero_si256();
    for k in 0..10 {
        low[k] = _mm256_add_epi64(low[k], _mm256_mul_epu32(high[k], fold_260));
        if k > 0 {
            low[k] = _mm256_add_epi64(low[k], _mm256_slli_epi64::<10>(high[k - 1]));
        }
        low[k] = _mm256_add_epi64(low[k], carry);
        if k < 9 {
            carry = _mm256_srli_epi64::<26>(low[k]);
            low[k] = _mm256_and_si256(low[k], all(LOW_26));
        }
    }
    // what is at 2^256 and above, with the upper part of the last limb's 2^260: below 2^42
    let over = _mm256_add_epi64(_mm256_srli_epi64::<22>(low[9]), _mm256_slli_epi64::<14>(high[9]));
    assert_below::<42>(&[over]);
    low[9] = _mm256_and_si256(low[9], all(LOW_22));
    let (over_low, over_high) = (_mm256_and_si256(over, all(LOW_26)), _mm256_srli_epi64::<26>(over));
    let fold_256 = all(0x3d1);
    low[0] = _mm256_add_epi64(low[0], _mm256_mul_epu32(over_low, fold_256));
    low[1] = _mm256_add_epi64(low[1], _mm256_mul_epu32(over_high, fold_256));
    low[1] = _mm256_add_epi64(low[1], _mm256_slli_epi64::<6>(over_low));
    low[2] = _mm256_add_epi64(low[2], _mm256_slli_epi64::<6>(over_high));
    // limb 2 is below 2^27, so limb 3 gains at most 1
    for k in 0..3 {
        low[k + 1] = _mm256_add_epi64(low[k + 1], _mm256_srli_epi64::<26>(low[k]));
        low[k] = _mm256_and_si256(low[k], all(LOW_26));
    }
    assert_below::<27>(&low);
    low
}
