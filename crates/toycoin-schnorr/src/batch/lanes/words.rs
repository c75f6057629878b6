//! Numbers of 256 bits as words of 64 bits, the lowest first.

/// Four words, the lowest first.
pub(super) type Words = [u64; 4];

/// The order of the field, p = 2^256 - 2^32 - 977.
pub(super) const P: Words = [0xffff_fffe_ffff_fc2f, u64::MAX, u64::MAX, u64::MAX];
/// The number β, a cube root of 1: λ(x, y) = (βx, y).
pub(super) const BETA: Words =
    [0xc139_6c28_7195_01ee, 0x9cf0_4975_12f5_8995, 0x6e64_479e_ac34_34e9, 0x7ae9_6a2b_657c_0710];

/// Reads 32 bytes, big-endian.
pub(super) fn from_bytes(bytes: &[u8; 32]) -> Words {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0.iter().rev()) {
        *word = u64::from_be_bytes(*bytes);
    }
    words
}

/// Writes 32 bytes, big-endian.
pub(super) fn to_bytes(words: &Words) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(words.iter().rev()) {
        *bytes = word.to_be_bytes();
    }
    bytes
}

/// Returns whether a number is below p.
pub(super) fn is_below_p(words: &Words) -> bool {
    words.iter().rev().lt(P.iter().rev())
}
