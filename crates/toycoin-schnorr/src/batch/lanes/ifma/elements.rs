//! Eight elements: their limbs, constants and bounds.

use core::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_set1_epi64, _mm512_srli_epi64, _mm512_test_epi64_mask,
};

/// Eight elements. A product has limbs 0 to 3 below 2^52, and limb 4 below 2^48 + 2^5.
#[derive(Debug, Clone, Copy)]
pub(in crate::batch) struct Elements(pub(super) [__m512i; 5]);

pub(super) const LOW_52: i64 = (1 << 52) - 1;

pub(super) const LOW_48: i64 = (1 << 48) - 1;

/// The limbs of p.
pub(super) const P: [i64; 5] = [0xf_fffe_ffff_fc2f, LOW_52, LOW_52, LOW_52, LOW_48];

/// 2^256 mod p, 33 bits.
pub(super) const FOLD_256: i64 = 0x1_0000_03d1;

/// 2^260 mod p, 37 bits.
pub(super) const FOLD_260: i64 = 0x10_0000_3d10;

/// Returns eight equal lanes.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn all(x: i64) -> __m512i {
    _mm512_set1_epi64(x)
}

/// Asserts that every lane of every limb is below 2^BITS, in builds with debug assertions.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn assert_below<const BITS: u32>(limbs: &[__m512i]) {
    if cfg!(debug_assertions) {
        for limb in limbs {
            let excess = _mm512_srli_epi64::<BITS>(*limb);
            assert!(_mm512_test_epi64_mask(excess, excess) == 0, "a limb has more than {BITS} bits");
        }
    }
}

/// Asserts the bounds of a factor: limbs below 2^52, so the number is below 2^260.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn assert_factor(a: &Elements) {
    assert_below::<52>(&a.0);
}

/// Moves what limbs 0 to 3 have above 52 bits into the next limb.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn carry([mut a, mut b, mut c, mut d, mut e]: [__m512i; 5]) -> Elements {
    let low = all(LOW_52);
    b = _mm512_add_epi64(b, _mm512_srli_epi64::<52>(a));
    a = _mm512_and_si512(a, low);
    c = _mm512_add_epi64(c, _mm512_srli_epi64::<52>(b));
    b = _mm512_and_si512(b, low);
    d = _mm512_add_epi64(d, _mm512_srli_epi64::<52>(c));
    c = _mm512_and_si512(c, low);
    e = _mm512_add_epi64(e, _mm512_srli_epi64::<52>(d));
    d = _mm512_and_si512(d, low);
    Elements([a, b, c, d, e])
}
