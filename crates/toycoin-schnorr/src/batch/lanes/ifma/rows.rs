//! Points as rows of words, and the transposition between rows and limbs.
//!
//! A row holds one point; a limb holds a part of eight. So eight rows are transposed, and words of 64 bits are cut into
//! limbs of 52 bits.

use core::arch::x86_64::{
    __m512i, _mm256_extract_epi64, _mm512_and_si512, _mm512_castsi512_si256, _mm512_extracti64x4_epi64,
    _mm512_inserti64x4, _mm512_or_si512, _mm512_permutex2var_epi64, _mm512_setr_epi64, _mm512_shuffle_i64x2,
    _mm512_slli_epi64, _mm512_srli_epi64, _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
};

use crate::batch::lanes::{
    ifma::elements::{Elements, LOW_52, all, assert_below, assert_factor},
    ifma::sum::canonical,
    vector_field::LANES,
    words::Words,
};

/// A point: x in words 0 to 3, y in words 4 to 7.
pub(in crate::batch) type Row = __m512i;

/// Returns eight equal elements. `words` are below 2^256.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn splat(words: &Words) -> Elements {
    unpack(words.map(|word| all(word.cast_signed())))
}

/// Reads eight numbers below 2^256.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn load(numbers: &[Words; LANES]) -> Elements {
    xs(&numbers.map(|[a, b, c, d]| row(&[a, b, c, d, 0, 0, 0, 0])))
}

/// Writes the canonical values. Weight at most 7.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn store(a: &Elements) -> [Words; LANES] {
    let zero = splat(&[0; 4]);
    rows(&canonical(a), &zero).map(|row| {
        let [a, b, c, d, ..] = row_words(&row);
        [a, b, c, d]
    })
}

/// Makes a point of words.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn row(words: &[u64; 8]) -> Row {
    let [a, b, c, d, e, f, g, h] = words.map(u64::cast_signed);
    _mm512_setr_epi64(a, b, c, d, e, f, g, h)
}

/// Returns the words of a point.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn row_words(row: &Row) -> [u64; 8] {
    let (low, high) = (_mm512_castsi512_si256(*row), _mm512_extracti64x4_epi64::<1>(*row));
    [
        _mm256_extract_epi64::<0>(low),
        _mm256_extract_epi64::<1>(low),
        _mm256_extract_epi64::<2>(low),
        _mm256_extract_epi64::<3>(low),
        _mm256_extract_epi64::<0>(high),
        _mm256_extract_epi64::<1>(high),
        _mm256_extract_epi64::<2>(high),
        _mm256_extract_epi64::<3>(high),
    ]
    .map(i64::cast_unsigned)
}

/// Returns the x of eight points.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn xs(rows: &[Row; LANES]) -> Elements {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = *rows;
    // the x of point i beside the x of point i + 4
    let join = |low, high| _mm512_inserti64x4::<1>(low, _mm512_castsi512_si256(high));
    let (j0, j1, j2, j3) = (join(r0, r4), join(r1, r5), join(r2, r6), join(r3, r7));
    let (even01, odd01) = (_mm512_unpacklo_epi64(j0, j1), _mm512_unpackhi_epi64(j0, j1));
    let (even23, odd23) = (_mm512_unpacklo_epi64(j2, j3), _mm512_unpackhi_epi64(j2, j3));
    let low = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    let high = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    unpack([
        _mm512_permutex2var_epi64(even01, low, even23),
        _mm512_permutex2var_epi64(odd01, low, odd23),
        _mm512_permutex2var_epi64(even01, high, even23),
        _mm512_permutex2var_epi64(odd01, high, odd23),
    ])
}

/// Returns x and y of eight points.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn coordinates(rows: &[Row; LANES]) -> (Elements, Elements) {
    let [x0, x1, x2, x3, y0, y1, y2, y3] = transpose(*rows);
    (unpack([x0, x1, x2, x3]), unpack([y0, y1, y2, y3]))
}

/// Makes points of their coordinates, which are below 2^256 and carried.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in crate::batch::lanes) fn rows(x: &Elements, y: &Elements) -> [Row; LANES] {
    let ([x0, x1, x2, x3], [y0, y1, y2, y3]) = (pack(x), pack(y));
    transpose([x0, x1, x2, x3, y0, y1, y2, y3])
}

/// Cuts four words of 64 bits into five limbs.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn unpack([a, b, c, d]: [__m512i; 4]) -> Elements {
    let low = |x| _mm512_and_si512(x, all(LOW_52));
    Elements([
        low(a),
        low(_mm512_or_si512(_mm512_srli_epi64::<52>(a), _mm512_slli_epi64::<12>(b))),
        low(_mm512_or_si512(_mm512_srli_epi64::<40>(b), _mm512_slli_epi64::<24>(c))),
        low(_mm512_or_si512(_mm512_srli_epi64::<28>(c), _mm512_slli_epi64::<36>(d))),
        _mm512_srli_epi64::<16>(d),
    ])
}

/// Joins five limbs to four words. The elements are below 2^256 and carried.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn pack(a: &Elements) -> [__m512i; 4] {
    assert_factor(a);
    assert_below::<48>(&a.0[4..]);
    let [a, b, c, d, e] = a.0;
    [
        _mm512_or_si512(a, _mm512_slli_epi64::<52>(b)),
        _mm512_or_si512(_mm512_srli_epi64::<12>(b), _mm512_slli_epi64::<40>(c)),
        _mm512_or_si512(_mm512_srli_epi64::<24>(c), _mm512_slli_epi64::<28>(d)),
        _mm512_or_si512(_mm512_srli_epi64::<36>(d), _mm512_slli_epi64::<16>(e)),
    ]
}

/// Transposes eight vectors of eight words: word i of vector j becomes word j of vector i.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn transpose([r0, r1, r2, r3, r4, r5, r6, r7]: [__m512i; 8]) -> [__m512i; 8] {
    // pairs of rows, by words: even words 0 2 4 6 in one vector, odd words 1 3 5 7 in the other
    let even = |a, b| _mm512_unpacklo_epi64(a, b);
    let odd = |a, b| _mm512_unpackhi_epi64(a, b);
    let [w0, w2, w4, w6] = quarters([even(r0, r1), even(r2, r3), even(r4, r5), even(r6, r7)]);
    let [w1, w3, w5, w7] = quarters([odd(r0, r1), odd(r2, r3), odd(r4, r5), odd(r6, r7)]);
    [w0, w1, w2, w3, w4, w5, w6, w7]
}

/// Transposes four vectors of four pairs of words.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn quarters([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let even = |x, y| _mm512_shuffle_i64x2::<0b10_00_10_00>(x, y);
    let odd = |x, y| _mm512_shuffle_i64x2::<0b11_01_11_01>(x, y);
    let (even_ab, odd_ab, even_cd, odd_cd) = (even(a, b), odd(a, b), even(c, d), odd(c, d));
    [even(even_ab, even_cd), even(odd_ab, odd_cd), odd(even_ab, even_cd), odd(odd_ab, odd_cd)]
}
