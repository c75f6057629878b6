//! The question that a proof answers.

use toycoin_core::{
    BlockHash, ChainParams, Target, Work,
    proof::{DEFAULT_SLICES, FILE_SLICES, MAX_SLICES},
};

/// A header that an earlier proof has proved. A proof from there on needs no samples below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The header's height.
    pub height: u64,
    /// The header's hash.
    pub hash: BlockHash,
    /// The chain's work up to and including the header.
    pub work: Work,
    /// The header's own work, as its bits say.
    pub own_work: Work,
}

impl Start {
    /// Returns genesis, from which everybody can start.
    pub fn genesis(params: &ChainParams) -> Self {
        let own_work = params.spec().genesis_bits.to_target().map(Target::work).unwrap_or_default();
        Self { height: 0, hash: params.genesis_hash(), work: own_work, own_work }
    }
}

/// What the asker of a proof has drawn and knows. A proof that answers one challenge does not answer another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// 32 random bytes that the asker has drawn and shown to nobody before. They choose the samples.
    pub seed: [u8; 32],
    /// The number of slices of an octave, and so of points in it: 1 to [`MAX_SLICES`]. A number outside of this range
    /// counts as the nearest one inside.
    pub slices: u16,
    /// The header to start from, `None` for genesis.
    pub start: Option<Start>,
}

impl Challenge {
    /// The challenge of a proof in a file, which nobody has asked for: a seed of zeros, and more slices, since a forger
    /// can try many tips at home.
    pub const FILE: Self = Self { seed: [0; 32], slices: FILE_SLICES, start: None };

    /// Returns a challenge with the default number of slices, from genesis.
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed, slices: DEFAULT_SLICES, start: None }
    }

    /// Returns the challenge from another start.
    #[must_use]
    pub const fn with_start(self, start: Start) -> Self {
        Self { start: Some(start), ..self }
    }

    /// Returns the number of slices that counts.
    pub(crate) fn counted_slices(&self) -> u16 {
        self.slices.clamp(1, MAX_SLICES)
    }

    /// Returns where the proof starts.
    pub(crate) fn start_or_genesis(&self, params: &ChainParams) -> Start {
        self.start.unwrap_or_else(|| Start::genesis(params))
    }
}
