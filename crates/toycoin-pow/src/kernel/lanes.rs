//! Many nonces side by side, without explicit vector types.
//!
//! A loop calls a plain function of one nonce, [`Batch::first_word`], for a group of neighbours. The loop is inlined
//! into a function with `#[target_feature]`, and the compiler turns it into vector instructions of that width: 4 or 8
//! nonces each.
//!
//! The loop writes words and does nothing else. With the check of the mask inside, AVX2 lost a third of its speed. The
//! group is an array of fixed length. Nonces beyond the range are hashed and ignored.

use super::Batch;

/// Nonces per group, which is several vectors at the widest. Of the sizes from 16 to 256 only 32 was slower, with AVX2
/// by a third.
const GROUP: u32 = 64;

/// Implements [`Kernel::first_candidate`](super::Kernel::first_candidate).
#[inline(always)]
pub(super) fn first_candidate(batch: &Batch, low: u32, count: u64) -> Option<u64> {
    let mut words = [0; GROUP as usize];
    let mut group_low = low;
    let mut offset = 0;
    while offset < count {
        for (word, lane) in words.iter_mut().zip(0..) {
            *word = batch.first_word(group_low.wrapping_add(lane));
        }
        // checks the whole group first, without a branch per nonce
        if words.iter().fold(false, |any, word| any | batch.is_candidate(*word)) {
            let mut lanes = (offset..count).zip(&words);
            if let Some((offset, _)) = lanes.find(|(_, word)| batch.is_candidate(**word)) {
                return Some(offset);
            }
        }
        // after the last group of a batch the low half wraps, but then `count` is reached
        group_low = group_low.wrapping_add(GROUP);
        offset += u64::from(GROUP);
    }
    None
}
