//! The inner loop of the search, for the instruction sets of different machines.
//!
//! A kernel visits the low halves of nonces with the same high half, and computes only the first word of each hash. A
//! nonce whose word has the zero bits of the target is a *candidate*, and the search checks it in full. A kernel may
//! therefore report too many candidates, but must never miss one.
//!
//! # Parts of the compression that are left out
//!
//! The table shows the message words of each round: columns on the left, diagonals on the right. `L` is word 14, the
//! low half of the nonce, and the only word that changes. `H` is word 15, the high half.
//!
//! ```text
//!            column 0  column 1  column 2  column 3   diag 0    diag 1    diag 2    diag 3
//!   round 1   0  1      2  3      4  5      6  7       8  9     10 11     12 13      L  H
//!   round 2   2  6      3 10      7  0      4 13       1 11     12  5      9  L      H  8
//!   round 3   3  4     10 12     13  2      7  L       6  5      9  0     11  H      8  1
//!   round 4  10  7     12  9      L  3     13  H       4  0     11  2      5  8      1  6
//!   round 5  12 13      9 11      H 10      L  8       7  2      5  3      0  1      6  4
//!   round 6   9  L     11  5      8 12      H  1      13  3      0 10      2  6      4  7
//!   round 7  11  H      5  0      1  9      8  6       L 10      2 12      3  4      7 13
//! ```
//!
//! - **Round 1**: seven of its eight quarter-rounds do not depend on `L`. They are done once per batch.
//! - **Round 2**: the part that the eighth quarter-round did not touch is the same for all nonces. The compiler moves
//!   it out of the loop.
//! - **Round 7**: only `v0 ^ v8` is read, so everything else is dropped.
//!
//! # Four chains at once
//!
//! Each step of a quarter-round waits for the one before. The four quarter-rounds of a half are independent, so they
//! are written in lockstep: the first step of all four, then the second of all four.
//!
//! # One body, many instruction sets
//!
//! [`portable`] is the plain compression and the model. [`lanes`] loops over a group of nonces and is compiled once per
//! instruction set. Which of them runs is decided when a [`Platform`](crate::Platform) is made. The only `unsafe` code
//! here calls functions whose instructions some machines lack.

mod batch;
mod lanes;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use self::batch::Batch;

/// All kernels of this architecture, the slowest first.
pub(crate) const KERNELS: &[Kernel] = &[
    Kernel::Portable,
    Kernel::Baseline,
    #[cfg(target_arch = "x86_64")]
    Kernel::Sse41,
    #[cfg(target_arch = "x86_64")]
    Kernel::Avx2,
    #[cfg(target_arch = "x86_64")]
    Kernel::Avx512,
];

/// The code that searches for candidates.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kernel {
    /// One nonce at a time, without shortcuts.
    Portable,
    /// Lanes with the instructions that every machine of the architecture has: SSE2 on x86-64, NEON on 64-bit ARM.
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Sse41,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Kernel {
    /// Returns whether this machine has the instructions.
    pub(crate) fn is_available(self) -> bool {
        match self {
            Self::Portable | Self::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            Self::Sse41 => is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("sse4.1"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl"),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Baseline if cfg!(target_arch = "x86_64") => "sse2",
            Self::Baseline if cfg!(target_arch = "aarch64") => "neon",
            Self::Baseline => "baseline",
            #[cfg(target_arch = "x86_64")]
            Self::Sse41 => "sse4.1",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
        }
    }

    pub(crate) const fn lanes(self) -> usize {
        match self {
            Self::Portable => 1,
            Self::Baseline if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) => 4,
            // unknown, because it depends on the compiler
            Self::Baseline => 1,
            #[cfg(target_arch = "x86_64")]
            Self::Sse41 => 4,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 8,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => 16,
        }
    }

    /// Returns the least `i` below `count` for which the nonce with the low half `low + i` is a candidate.
    ///
    /// `low + count` is at most 2^32, where the batch ends. Kernels come from a [`Platform`](crate::Platform), which
    /// holds only kernels that are [available](Self::is_available).
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "instructions that not every machine has"))]
    pub(crate) fn first_candidate(self, batch: &Batch, low: u32, count: u64) -> Option<u64> {
        match self {
            Self::Portable => portable::first_candidate(batch, low, count),
            Self::Baseline => lanes::first_candidate(batch, low, count),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a `Platform` holds this kernel only if the machine has SSSE3 and SSE4.1.
            Self::Sse41 => unsafe { x86::sse41(batch, low, count) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a `Platform` holds this kernel only if the machine has AVX2.
            Self::Avx2 => unsafe { x86::avx2(batch, low, count) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a `Platform` holds this kernel only if the machine has AVX-512 F and VL.
            Self::Avx512 => unsafe { x86::avx512(batch, low, count) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::SCHEDULE;

    #[test]
    fn the_schedule_is_as_drawn() {
        assert_eq!(SCHEDULE[1], [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]);
        assert_eq!(SCHEDULE[2], [3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1]);
        assert_eq!(SCHEDULE[3], [10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6]);
        assert_eq!(SCHEDULE[4], [12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4]);
        assert_eq!(SCHEDULE[5], [9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7]);
        assert_eq!(SCHEDULE[6], [11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13]);
    }

    #[test]
    fn only_what_the_machine_has_is_offered() {
        let offered: Vec<_> = crate::Platform::available().map(crate::Platform::kernel).collect();
        assert!(offered.starts_with(&[Kernel::Portable, Kernel::Baseline]));
        assert!(offered.iter().all(|kernel| kernel.is_available()));
    }
}
