//! The lanes, compiled for the vector instructions of x86-64 that not every machine has.
//!
//! One body, three times: a function that enables a feature may use it throughout, and the body is inlined into it.

use super::{Batch, lanes};

/// Four lanes, and a byte shuffle for the rotations by 8 and 16 bits.
#[target_feature(enable = "ssse3,sse4.1")]
pub(super) fn sse41(batch: &Batch, low: u32, count: u64) -> Option<u64> {
    lanes::first_candidate(batch, low, count)
}

/// Eight lanes.
#[target_feature(enable = "avx2")]
pub(super) fn avx2(batch: &Batch, low: u32, count: u64) -> Option<u64> {
    lanes::first_candidate(batch, low, count)
}

/// Sixteen lanes, rotations in one instruction, and registers for the whole state.
#[target_feature(enable = "avx512f,avx512vl")]
pub(super) fn avx512(batch: &Batch, low: u32, count: u64) -> Option<u64> {
    lanes::first_candidate(batch, low, count)
}
