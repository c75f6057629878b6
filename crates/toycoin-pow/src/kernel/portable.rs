//! One nonce at a time, with no lanes and nothing precomputed. The other kernels are tested against it.

use super::Batch;
use crate::compress::{CHUNK_END, ROOT, compress};

/// Implements [`Kernel::first_candidate`](super::Kernel::first_candidate).
pub(super) fn first_candidate(batch: &Batch, low: u32, count: u64) -> Option<u64> {
    let mut message = batch.message;
    (0..count).zip(low..=u32::MAX).find_map(|(offset, low)| {
        message[14] = low;
        let [first_word, ..] = compress(&batch.midstate, &message, CHUNK_END | ROOT);
        batch.is_candidate(first_word).then_some(offset)
    })
}
