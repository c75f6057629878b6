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
//!   it out of the loop in [`lanes`]. In `avx512` this would gain nothing.
//! - **Round 7**: only `v0 ^ v8` is read, so everything else is dropped.
//!
//! # Four chains at once
//!
//! Each step of a quarter-round waits for the one before. The four quarter-rounds of a half are independent, so they
//! are written in lockstep: the first step of all four, then the second of all four. Zen 5 could run eight chains, so
//! `avx512` has two groups of nonces in lockstep.
//!
//! # One body, many instruction sets
//!
//! [`portable`] is the plain compression and the model. [`lanes`] loops over a group of nonces and is compiled once per
//! instruction set. `avx512` names its instructions, because the compiler does not interleave two groups of such a
//! loop. Which of them runs is decided when a [`Platform`](crate::Platform) is made. The only `unsafe` code here calls
//! functions whose instructions some machines lack.

#[cfg(target_arch = "x86_64")]
mod avx512;
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
            Self::Avx512 => is_x86_feature_detected!("avx512f"),
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
            // SAFETY: a `Platform` holds this kernel only if the machine has AVX-512 F.
            Self::Avx512 => unsafe { avx512::first_candidate(batch, low, count) },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toycoin_core::CompactTarget;

    use super::*;
    use crate::compress::SCHEDULE;

    /// Target bits of which a hash's first word meets all, half, one in 256, one in 65,536 and practically none.
    fn bits() -> impl Strategy<Value = u32> {
        prop::sample::select(vec![0x2100_ffff, 0x207f_ffff, 0x2000_ffff, 0x1f00_ffff, 0x0101_0000])
    }

    proptest! {
        /// Any state and message, also where no header leads to them. Some batches end with the last low half.
        #[test]
        fn every_kernel_reports_the_candidate_of_the_model(
            midstate: [u32; 8], message: [u32; 16], bits in bits(), low: u32, to_end: bool, count in 0..200u32,
        ) {
            let target = CompactTarget::from_bits(bits).to_target().unwrap();
            let batch = Batch::new(midstate, message, target);
            let low = if to_end { count.wrapping_neg() } else { low.min(u32::MAX - 200) };
            let count = u64::from(count);
            let expected = Kernel::Portable.first_candidate(&batch, low, count);
            for kernel in KERNELS.iter().filter(|kernel| kernel.is_available()) {
                prop_assert_eq!(kernel.first_candidate(&batch, low, count), expected, "{}", kernel.name());
            }
        }
    }

    /// With one candidate at a time, every lane must report itself, and no lane a neighbour.
    #[test]
    fn every_lane_of_every_kernel_is_searched() {
        let batch = Batch::new([7; 8], [9; 16], CompactTarget::from_bits(0x2000_ffff).to_target().unwrap());
        let candidate = |low| {
            Kernel::Portable.first_candidate(&batch, low, 10_000).map(|offset| low + u32::try_from(offset).unwrap())
        };
        let mut low = 0;
        for _ in 0..20 {
            let next = candidate(low).expect("one of 256 nonces");
            for kernel in KERNELS.iter().filter(|kernel| kernel.is_available()) {
                for distance in 0..=(next - low).min(130) {
                    let (from, distance) = (next - distance, u64::from(distance));
                    assert_eq!(kernel.first_candidate(&batch, from, distance), None, "{}", kernel.name());
                    assert_eq!(kernel.first_candidate(&batch, from, distance + 1), Some(distance), "{}", kernel.name());
                }
            }
            low = next + 1;
        }
    }

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
