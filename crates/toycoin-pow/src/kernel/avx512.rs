//! Two groups of 16 nonces in lockstep, with the vector types of AVX-512.
//!
//! Additions, xors and rotations take 2 cycles each on Zen 5, and 4 of them can begin in each cycle. So 8 independent
//! chains keep the machine busy. The four quarter-rounds of one group are only 4. A second group provides the others.
//!
//! The states of both groups are 32 words, and AVX-512 has 32 registers. The message words therefore stay in memory,
//! where an addition reads them without an instruction of its own.
//!
//! Rounds 2 to 6 are a loop that the compiler must not unroll. In a long straight line of code it moves the second
//! group behind the first, and each of them waits for itself again.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_ror_epi32, _mm512_set1_epi32, _mm512_setr_epi32, _mm512_testn_epi32_mask,
    _mm512_xor_si512,
};

use super::Batch;
use crate::compress::SCHEDULE;

/// A word of the states or messages of 16 nonces.
type Word = __m512i;

/// The message words of rounds 2 to 7, each in order of use.
type Schedule = [[Word; 16]; 6];

/// Where each of these rounds uses message word 14, the low half of the nonce.
const LOW_PLACES: [usize; 6] = [13, 7, 4, 6, 1, 8];

/// Number of nonces in a group: the 32-bit words of a register.
const LANES: u32 = 16;

/// Implements [`Kernel::first_candidate`](super::Kernel::first_candidate). Nonces beyond the range are hashed and
/// ignored.
#[target_feature(enable = "avx512f")]
pub(super) fn first_candidate(batch: &Batch, low: u32, count: u64) -> Option<u64> {
    let folded = splat_all(&batch.folded);
    let mask = splat(batch.mask);
    let high = splat(batch.message[15]);
    let mut schedule_a = schedule(&batch.message);
    let mut schedule_b = schedule_a;
    let mut low_a = add(splat(low), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    let mut offset = 0;
    while offset < count {
        let low_b = add(low_a, splat(LANES));
        let [middle_a @ .., last_a] = with_low(&mut schedule_a, low_a);
        let [middle_b @ .., last_b] = with_low(&mut schedule_b, low_b);
        let mut a = folded;
        let mut b = folded;
        finish_round_1(&mut a, low_a, high);
        finish_round_1(&mut b, low_b, high);
        for (words_a, words_b) in middle_a.iter().zip(middle_b) {
            step::<0, 16, 12>(&mut a, words_a);
            step::<0, 16, 12>(&mut b, words_b);
            step::<1, 8, 7>(&mut a, words_a);
            step::<1, 8, 7>(&mut b, words_b);
            step::<8, 16, 12>(&mut a, words_a);
            step::<8, 16, 12>(&mut b, words_b);
            step::<9, 8, 7>(&mut a, words_a);
            step::<9, 8, 7>(&mut b, words_b);
        }
        // the compiler drops the steps of the last round that the first word does not need
        step::<0, 16, 12>(&mut a, last_a);
        step::<0, 16, 12>(&mut b, last_b);
        step::<1, 8, 7>(&mut a, last_a);
        step::<1, 8, 7>(&mut b, last_b);
        step::<8, 16, 12>(&mut a, last_a);
        step::<8, 16, 12>(&mut b, last_b);
        step::<9, 8, 7>(&mut a, last_a);
        step::<9, 8, 7>(&mut b, last_b);
        // one bit per nonce, the lowest first
        let candidates = u32::from(are_candidates(&a, mask)) | u32::from(are_candidates(&b, mask)) << LANES;
        if candidates != 0 {
            return Some(offset + u64::from(candidates.trailing_zeros())).filter(|offset| *offset < count);
        }
        // after the last nonces of a batch the low half wraps, but then `count` is reached
        low_a = add(low_b, splat(LANES));
        offset += 2 * u64::from(LANES);
    }
    None
}

/// Does the quarter-round of round 1 that depends on the nonce. See [`Batch`].
#[target_feature(enable = "avx512f")]
#[inline]
fn finish_round_1(v: &mut [Word; 16], low: Word, high: Word) {
    v[3] = add(add(v[3], v[4]), low);
    v[14] = xor_rotate::<16>(v[14], v[3]);
    v[9] = add(v[9], v[14]);
    v[4] = xor_rotate::<12>(v[4], v[9]);
    v[3] = add(add(v[3], high), v[4]);
    v[14] = xor_rotate::<8>(v[14], v[3]);
    v[9] = add(v[9], v[14]);
    v[4] = xor_rotate::<7>(v[4], v[9]);
}

/// Does half of all four columns (`FIRST` 0, then 1) or of all four diagonals (`FIRST` 8, then 9). The message words
/// are every second one from `FIRST` on.
///
/// It is small enough for the compiler to inline it each time. A function for a whole round would not be.
#[target_feature(enable = "avx512f")]
#[inline]
fn step<const FIRST: usize, const DOWN: i32, const LEFT: i32>(v: &mut [Word; 16], words: &[Word; 16]) {
    let turn = FIRST / 8;
    let b = |i: usize| 4 + (i + turn) % 4;
    let c = |i: usize| 8 + (i + 2 * turn) % 4;
    let d = |i: usize| 12 + (i + 3 * turn) % 4;
    for i in 0..4 {
        v[i] = add(add(v[i], words[FIRST + 2 * i]), v[b(i)]);
    }
    for i in 0..4 {
        v[d(i)] = xor_rotate::<DOWN>(v[d(i)], v[i]);
    }
    for i in 0..4 {
        v[c(i)] = add(v[c(i)], v[d(i)]);
    }
    for i in 0..4 {
        v[b(i)] = xor_rotate::<LEFT>(v[b(i)], v[c(i)]);
    }
}

/// Returns a bit for each nonce whose hash can meet the target.
#[target_feature(enable = "avx512f")]
#[inline]
fn are_candidates(v: &[Word; 16], mask: Word) -> u16 {
    _mm512_testn_epi32_mask(_mm512_xor_si512(v[0], v[8]), mask)
}

/// Returns the schedule of a message that all nonces share.
#[target_feature(enable = "avx512f")]
#[inline]
fn schedule(message: &[u32; 16]) -> Schedule {
    let mut rounds = [[splat(0); 16]; 6];
    for (words, places) in rounds.iter_mut().zip(&SCHEDULE[1..]) {
        for (word, place) in words.iter_mut().zip(places) {
            *word = splat(message[*place]);
        }
    }
    rounds
}

/// Writes the low halves of a group's nonces into its schedule.
#[target_feature(enable = "avx512f")]
#[inline]
fn with_low(schedule: &mut Schedule, low: Word) -> &Schedule {
    for (words, place) in schedule.iter_mut().zip(LOW_PLACES) {
        words[place] = low;
    }
    schedule
}

#[target_feature(enable = "avx512f")]
#[inline]
fn splat_all(words: &[u32; 16]) -> [Word; 16] {
    let mut all = [splat(0); 16];
    for (lanes, word) in all.iter_mut().zip(words) {
        *lanes = splat(*word);
    }
    all
}

#[target_feature(enable = "avx512f")]
#[inline]
fn splat(word: u32) -> Word {
    _mm512_set1_epi32(word.cast_signed())
}

#[target_feature(enable = "avx512f")]
#[inline]
fn add(a: Word, b: Word) -> Word {
    _mm512_add_epi32(a, b)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn xor_rotate<const RIGHT: i32>(a: Word, b: Word) -> Word {
    _mm512_ror_epi32::<RIGHT>(_mm512_xor_si512(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_low_half_is_where_the_schedule_has_word_14() {
        for (places, low) in SCHEDULE[1..].iter().zip(LOW_PLACES) {
            assert_eq!(places[low], 14);
        }
    }
}
