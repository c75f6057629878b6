//! The work-sampled proof.

use crate::{header::Header, proof::Opening, target::Work};

/// The number of headers before the tip that a proof holds without a gap.
pub const TAIL: usize = 100;

/// The number of slices of an octave, and so of points in it, that an asker takes by default. At half of the honest
/// power, a forger deceives it with a probability of 2^-66.
pub const DEFAULT_SLICES: u16 = 24;

/// The number of slices in a proof that is kept in a file. Nobody draws a seed for it, so a forger can try many tips.
pub const FILE_SLICES: u16 = 40;

/// The most slices that an asker may take.
pub const MAX_SLICES: u16 = 256;

/// A header that the asker's seed chose, with what ties it to the tip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sample {
    /// The header.
    pub header: Header,
    /// The opening of the state after its block.
    pub opening: Opening,
    /// The chain's work before the header.
    pub before: Work,
}

/// A proof of a chain's work. It takes some 160 kB for a million headers, which are 128 MB.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WorkProof {
    /// The chain's tip.
    pub tip: Header,
    /// The opening of the state after the tip.
    pub opening: Opening,
    /// The [`TAIL`] headers before the tip, the lowest first.
    pub tail: Vec<Header>,
    /// The chain's work before the tail.
    pub before_tail: Work,
    /// The sampled headers, the lowest first.
    pub samples: Vec<Sample>,
    /// The nodes of the mountain range that the verifier cannot compute, depth first, left before right.
    pub nodes: Vec<[u8; 32]>,
}

impl WorkProof {
    /// Returns the length of the encoding, in bytes: 13,024 and 200 a sample and 32 a node.
    pub const fn encoded_size(&self) -> usize {
        const FIXED: usize = Header::SIZE + 40 + 8 + 32 + 8 + 8;
        FIXED + Header::SIZE * self.tail.len() + 200 * self.samples.len() + 32 * self.nodes.len()
    }
}
