//! The lanes, compiled for vector instructions that only some x86-64 machines have.
//!
//! The same body is inlined into both functions. Each function enables a set of instructions for it.

use super::{Batch, lanes};

/// 4 lanes, and a byte shuffle for the rotations by 8 and 16 bits.
#[target_feature(enable = "ssse3,sse4.1")]
pub(super) fn sse41(batch: &Batch, low: u32, count: u64) -> Option<u64> {
    lanes::first_candidate(batch, low, count)
}

/// 8 lanes.
#[target_feature(enable = "avx2")]
pub(super) fn avx2(batch: &Batch, low: u32, count: u64) -> Option<u64> {
    lanes::first_candidate(batch, low, count)
}
