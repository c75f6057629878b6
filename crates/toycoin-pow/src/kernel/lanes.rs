//! Many nonces side by side, without a vector type in sight.
//!
//! A loop calls a plain function of one nonce, [`Batch::first_word`], for a group of neighbours. Inlined into a function
//! with `#[target_feature]`, the compiler turns the loop into vector instructions of that width: 4, 8 or 16 nonces in each.
//! The loop writes words and does nothing else. With the look at the mask inside, AVX2 lost a third of its speed and
//! AVX-512 won a twelfth. The group is an array of fixed length: what a range does not fill is hashed and left out.

use super::Batch;

/// Nonces of a group: some vectors at the widest. From 16 to 256 only 32 was slower, with AVX2 by a third.
const GROUP: u32 = 64;

/// See [`Kernel::first_candidate`](super::Kernel::first_candidate).
#[inline(always)]
pub(super) fn first_candidate(batch: &Batch, low: u32, count: u64) -> Option<u64> {
    let mut words = [0; GROUP as usize];
    let mut group_low = low;
    let mut offset = 0;
    while offset < count {
        for (word, lane) in words.iter_mut().zip(0..) {
            *word = batch.first_word(group_low.wrapping_add(lane));
        }
        // all of them first, without a branch for each
        if words.iter().fold(false, |any, word| any | batch.is_candidate(*word)) {
            let mut lanes = (offset..count).zip(&words);
            if let Some((offset, _)) = lanes.find(|(_, word)| batch.is_candidate(**word)) {
                return Some(offset);
            }
        }
        // behind the batch's last group the low half wraps, and the count has run out
        group_low = group_low.wrapping_add(GROUP);
        offset += u64::from(GROUP);
    }
    None
}
