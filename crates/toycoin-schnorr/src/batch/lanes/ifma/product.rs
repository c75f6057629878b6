//! Products: columns of partial products, and their reduction.

use core::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_setzero_si512,
    _mm512_slli_epi64, _mm512_srli_epi64,
};

use crate::batch::lanes::ifma::elements::{
    Elements, FOLD_256, FOLD_260, LOW_48, all, assert_below, assert_factor, carry,
};

/// Returns a b. All limbs below 2^52. A column is a sum of at most 5 low and 5 high halves, hence below 2^56.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
#[expect(clippy::indexing_slicing, reason = "constant bounds: columns 0 to 9")]
pub(in crate::batch::lanes) fn mul(a: &Elements, b: &Elements) -> Elements {
    assert_factor(a);
    assert_factor(b);
    let (a, b) = (&a.0, &b.0);
    let mut columns = [_mm512_setzero_si512(); 10];
    for i in 0..5 {
        for j in 0..5 {
            columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a[i], b[j]);
        }
        for j in 0..5 {
            columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a[i], b[j]);
        }
    }
    fold(columns)
}

/// Returns a². All limbs below 2^52. Products of two different limbs occur twice, so they are summed first and doubled.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
#[expect(clippy::indexing_slicing, reason = "constant bounds: columns 0 to 9")]
pub(in crate::batch::lanes) fn square(a: &Elements) -> Elements {
    assert_factor(a);
    let a = &a.0;
    let mut columns = [_mm512_setzero_si512(); 10];
    for i in 0..5 {
        for j in i + 1..5 {
            columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a[i], a[j]);
            columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a[i], a[j]);
        }
    }
    for column in &mut columns {
        *column = _mm512_add_epi64(*column, *column);
    }
    for i in 0..5 {
        columns[2 * i] = _mm512_madd52lo_epu64(columns[2 * i], a[i], a[i]);
        columns[2 * i + 1] = _mm512_madd52hi_epu64(columns[2 * i + 1], a[i], a[i]);
    }
    fold(columns)
}

/// Reduces ten columns below 2^56 to a product. Columns 5 to 9, carried, are a number below 2^260.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
#[expect(clippy::indexing_slicing, reason = "constant bounds: columns 0 to 9")]
fn fold(mut c: [__m512i; 10]) -> Elements {
    assert_below::<56>(&c);
    for i in 5..9 {
        // no mask is needed: vpmadd52 reads the low 52 bits
        c[i + 1] = _mm512_add_epi64(c[i + 1], _mm512_srli_epi64::<52>(c[i]));
    }
    assert_below::<52>(&c[9..]);
    let fold_260 = all(FOLD_260);
    for i in 0..5 {
        c[i] = _mm512_madd52lo_epu64(c[i], c[i + 5], fold_260);
    }
    for i in 0..4 {
        c[i + 1] = _mm512_madd52hi_epu64(c[i + 1], c[i + 5], fold_260);
    }
    // of weight 2^260, below 2^37
    let top = _mm512_madd52hi_epu64(_mm512_setzero_si512(), c[9], fold_260);
    // what is at 2^256 and above: below 2^42
    let over = _mm512_add_epi64(_mm512_srli_epi64::<48>(c[4]), _mm512_slli_epi64::<4>(top));
    assert_below::<42>(&[over]);
    c[4] = _mm512_and_si512(c[4], all(LOW_48));
    let fold_256 = all(FOLD_256);
    c[0] = _mm512_madd52lo_epu64(c[0], over, fold_256);
    c[1] = _mm512_madd52hi_epu64(c[1], over, fold_256);
    // columns 0 to 3 are below 2^57, so the last limb gains less than 2^5
    let product = carry([c[0], c[1], c[2], c[3], c[4]]);
    assert_below::<49>(&product.0[4..]);
    product
}
