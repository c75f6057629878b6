//! Points as rows of words, and the transposition between rows and limbs.
//!
//! A row holds one point; a limb holds a part of four. So four rows are transposed, and words of 64 bits are cut into
//! limbs of 26 bits.

use core::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_extract_epi64, _mm256_or_si256, _mm256_permute2x128_si256, _mm256_setr_epi64x,
    _mm256_slli_epi64, _mm256_srli_epi64, _mm256_unpackhi_epi64, _mm256_unpacklo_epi64,
};

use crate::batch::lanes::{
    avx2::elements::{Elements, Four, LOW_26, LOW_52, all, assert_below},
    avx2::sum::canonical,
    vector_field::LANES,
    words::Words,
};

/// A point: x, then y.
pub(in crate::batch) type Row = [__m256i; 2];

/// Returns eight equal elements. `words` are below 2^256.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn splat(words: &Words) -> Elements {
    Elements([unpack(words.map(|word| all(word.cast_signed()))); 2])
}

/// Reads eight numbers below 2^256.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn load(numbers: &[Words; LANES]) -> Elements {
    xs(&numbers.map(|[a, b, c, d]| row(&[a, b, c, d, 0, 0, 0, 0])))
}

/// Writes the canonical values. Weight at most 7.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn store(a: &Elements) -> [Words; LANES] {
    let zero = splat(&[0; 4]);
    rows(&canonical(a), &zero).map(|row| {
        let [a, b, c, d, ..] = row_words(&row);
        [a, b, c, d]
    })
}

/// Makes a point of words.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn row(words: &[u64; 8]) -> Row {
    let [a, b, c, d, e, f, g, h] = words.map(u64::cast_signed);
    [_mm256_setr_epi64x(a, b, c, d), _mm256_setr_epi64x(e, f, g, h)]
}

/// Returns the words of a point.
#[inline]
#[target_feature(enable = "avx2")]
fn row_words([x, y]: &Row) -> [u64; 8] {
    [
        _mm256_extract_epi64::<0>(*x),
        _mm256_extract_epi64::<1>(*x),
        _mm256_extract_epi64::<2>(*x),
        _mm256_extract_epi64::<3>(*x),
        _mm256_extract_epi64::<0>(*y),
        _mm256_extract_epi64::<1>(*y),
        _mm256_extract_epi64::<2>(*y),
        _mm256_extract_epi64::<3>(*y),
    ]
    .map(i64::cast_unsigned)
}

/// Returns the x of eight points.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn xs(rows: &[Row; LANES]) -> Elements {
    let [[a, _], [b, _], [c, _], [d, _], [e, _], [f, _], [g, _], [h, _]] = *rows;
    Elements([unpack(transpose([a, b, c, d])), unpack(transpose([e, f, g, h]))])
}

/// Returns x and y of eight points.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn coordinates(rows: &[Row; LANES]) -> (Elements, Elements) {
    let [[_, a], [_, b], [_, c], [_, d], [_, e], [_, f], [_, g], [_, h]] = *rows;
    (xs(rows), Elements([unpack(transpose([a, b, c, d])), unpack(transpose([e, f, g, h]))]))
}

/// Makes points of their coordinates, which are below 2^256 and carried.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::batch::lanes) fn rows(x: &Elements, y: &Elements) -> [Row; LANES] {
    let ([x0, x1], [y0, y1]) = (&x.0, &y.0);
    let ([a, b, c, d], [e, f, g, h]) = (transpose(pack(x0)), transpose(pack(x1)));
    let ([i, j, k, l], [m, n, o, p]) = (transpose(pack(y0)), transpose(pack(y1)));
    [[a, i], [b, j], [c, k], [d, l], [e, m], [f, n], [g, o], [h, p]]
}

/// Cuts four words of 64 bits into ten limbs, by way of five limbs of 52 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn unpack([a, b, c, d]: [__m256i; 4]) -> Four {
    let low = |x| _mm256_and_si256(x, all(LOW_26));
    let join = |x, y| _mm256_and_si256(_mm256_or_si256(x, y), all(LOW_52));
    let fives = [
        _mm256_and_si256(a, all(LOW_52)),
        join(_mm256_srli_epi64::<52>(a), _mm256_slli_epi64::<12>(b)),
        join(_mm256_srli_epi64::<40>(b), _mm256_slli_epi64::<24>(c)),
        join(_mm256_srli_epi64::<28>(c), _mm256_slli_epi64::<36>(d)),
        _mm256_srli_epi64::<16>(d),
    ];
    let high = |x| _mm256_srli_epi64::<26>(x);
    let [a, b, c, d, e] = fives;
    [low(a), high(a), low(b), high(b), low(c), high(c), low(d), high(d), low(e), high(e)]
}

/// Joins ten limbs to four words. The elements are below 2^256 and carried.
#[inline]
#[target_feature(enable = "avx2")]
fn pack(a: &Four) -> [__m256i; 4] {
    assert_below::<26>(a);
    assert_below::<22>(&a[9..]);
    let five = |low, high| _mm256_or_si256(low, _mm256_slli_epi64::<26>(high));
    let [a, b, c, d, e] = [five(a[0], a[1]), five(a[2], a[3]), five(a[4], a[5]), five(a[6], a[7]), five(a[8], a[9])];
    [
        _mm256_or_si256(a, _mm256_slli_epi64::<52>(b)),
        _mm256_or_si256(_mm256_srli_epi64::<12>(b), _mm256_slli_epi64::<40>(c)),
        _mm256_or_si256(_mm256_srli_epi64::<24>(c), _mm256_slli_epi64::<28>(d)),
        _mm256_or_si256(_mm256_srli_epi64::<36>(d), _mm256_slli_epi64::<16>(e)),
    ]
}

/// Transposes four vectors of four words: word i of vector j becomes word j of vector i.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (even_ab, odd_ab) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    let (even_cd, odd_cd) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
    [
        _mm256_permute2x128_si256::<0x20>(even_ab, even_cd),
        _mm256_permute2x128_si256::<0x20>(odd_ab, odd_cd),
        _mm256_permute2x128_si256::<0x31>(even_ab, even_cd),
        _mm256_permute2x128_si256::<0x31>(odd_ab, odd_cd),
    ]
}
