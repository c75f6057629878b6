//! A batch of nonces: the precomputed part of their hashes, and the first word of each hash.

use toycoin_core::Target;

use crate::compress::{self, CHUNK_END, ROOT, mix};

/// A batch of nonces with the same high half, for one header and one target.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The midstate: the chaining value after the header's first block.
    pub(super) midstate: [u32; 8],
    /// The header's second block. Word 14 is the low half of the nonce and differs per nonce.
    pub(super) message: [u32; 16],
    /// The state after the part of round 1 that does not depend on word 14.
    pub(super) folded: [u32; 16],
    /// The bits of a hash's first word that are zero in every hash that meets the target.
    pub(super) mask: u32,
}

impl Batch {
    /// Prepares the batch of nonces with the high half in `message`.
    pub(crate) fn new(midstate: [u32; 8], message: [u32; 16], target: Target) -> Self {
        let m = &message;
        let mut v = compress::initial_state(&midstate, CHUNK_END | ROOT);
        mix(&mut v, 0, 4, 8, 12, m[0], m[1]);
        mix(&mut v, 1, 5, 9, 13, m[2], m[3]);
        mix(&mut v, 2, 6, 10, 14, m[4], m[5]);
        mix(&mut v, 3, 7, 11, 15, m[6], m[7]);
        mix(&mut v, 0, 5, 10, 15, m[8], m[9]);
        mix(&mut v, 1, 6, 11, 12, m[10], m[11]);
        mix(&mut v, 2, 7, 8, 13, m[12], m[13]);
        Self { midstate, message, folded: v, mask: zero_bits(target) }
    }

    /// Returns whether a hash with that first word can meet the target.
    #[inline(always)]
    pub(super) fn is_candidate(&self, first_word: u32) -> bool {
        first_word & self.mask == 0
    }

    /// Returns the first word of the hash of the nonce with that low half.
    #[inline(always)]
    pub(super) fn first_word(&self, low: u32) -> u32 {
        let mut m = self.message;
        m[14] = low;
        let mut v = self.folded;
        mix(&mut v, 3, 4, 9, 14, m[14], m[15]);
        round::<1>(&mut v, &m);
        round::<2>(&mut v, &m);
        round::<3>(&mut v, &m);
        round::<4>(&mut v, &m);
        round::<5>(&mut v, &m);
        round::<6>(&mut v, &m);
        v[0] ^ v[8]
    }
}

#[inline(always)]
fn round<const R: usize>(v: &mut [u32; 16], m: &[u32; 16]) {
    let w = const { &compress::SCHEDULE[R] };
    step(v, 0, [m[w[0]], m[w[2]], m[w[4]], m[w[6]]], 16, 12);
    step(v, 0, [m[w[1]], m[w[3]], m[w[5]], m[w[7]]], 8, 7);
    step(v, 1, [m[w[8]], m[w[10]], m[w[12]], m[w[14]]], 16, 12);
    step(v, 1, [m[w[9]], m[w[11]], m[w[13]], m[w[15]]], 8, 7);
}

/// Does half of all four columns (`turn` 0) or of all four diagonals (`turn` 1), in lockstep. In a single
/// quarter-round, every step waits for the one before.
#[inline(always)]
fn step(v: &mut [u32; 16], turn: usize, words: [u32; 4], down: u32, left: u32) {
    let b = |i: usize| 4 + (i + turn) % 4;
    let c = |i: usize| 8 + (i + 2 * turn) % 4;
    let d = |i: usize| 12 + (i + 3 * turn) % 4;
    for i in 0..4 {
        v[i] = v[i].wrapping_add(words[i]).wrapping_add(v[b(i)]);
    }
    for i in 0..4 {
        v[d(i)] = (v[d(i)] ^ v[i]).rotate_right(down);
    }
    for i in 0..4 {
        v[c(i)] = v[c(i)].wrapping_add(v[d(i)]);
    }
    for i in 0..4 {
        v[b(i)] = (v[b(i)] ^ v[c(i)]).rotate_right(left);
    }
}

/// Returns the bits of a hash's first word that are zero in every hash up to the target.
///
/// A hash is compared as a big-endian number, and its words are little-endian. The mask is therefore byte-swapped once,
/// so that no hash has to be. With fewer than 32 leading zero bits, at least half of the candidates meet the target.
/// With more, one hash in 2^32 is a candidate.
fn zero_bits(target: Target) -> u32 {
    let [a, b, c, d, ..] = target.to_be_bytes();
    let zeros = u32::from_be_bytes([a, b, c, d]).leading_zeros();
    u32::MAX.checked_shr(zeros).map_or(u32::MAX, |rest| !rest).swap_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_folded_compression_is_the_whole_one(midstate: [u32; 8], message: [u32; 16]) {
            let batch = Batch::new(midstate, message, Target::MAX);
            let [whole, ..] = compress::compress(&midstate, &message, CHUNK_END | ROOT);
            prop_assert_eq!(batch.first_word(message[14]), whole);
        }
    }

    #[test]
    fn asks_for_the_targets_leading_zeros_and_no_more() {
        let mask = |bits| zero_bits(toycoin_core::CompactTarget::from_bits(bits).to_target().unwrap());
        assert_eq!(zero_bits(Target::MAX), 0);
        assert_eq!(mask(0x207f_ffff), 0x0000_0080, "one bit, of the hash's first byte");
        assert_eq!(mask(0x1f01_0000), 0x0000_feff, "15 bits, of the first two");
        assert_eq!(mask(0x1d01_0000), 0xfeff_ffff);
        assert_eq!(mask(0x0101_0000), 0xffff_ffff);
    }
}
