//! Why a proof of work is refused.

use thiserror::Error;
use toycoin_core::{
    CompactTarget, Work,
    proof::{MultiproofError, TAIL},
};

/// What is wrong with a header by itself, whatever its ancestors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeaderFault {
    /// The version is not 1.
    #[error("version {0} is not 1")]
    Version(u32),
    /// The bits are no target, or not in the canonical form of their target.
    #[error("{0} is not how a target is written in compact form")]
    Bits(CompactTarget),
    /// The target is easier than the network's limit.
    #[error("{0} is easier than the limit of the network")]
    Limit(CompactTarget),
    /// The bits are not those of genesis, on a network without retargeting.
    #[error("{0} is not the difficulty of genesis, which never changes on this network")]
    FixedBits(CompactTarget),
    /// The hash does not meet the target.
    #[error("the hash does not meet the target")]
    ProofOfWork,
}

/// The reason why a proof of work is refused. The variants stand in the order of the checks, whose numbers
/// docs/light.md has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProofError {
    /// Check 1: the tail does not have exactly [`TAIL`] headers.
    #[error("the tail has {found} headers instead of {TAIL}")]
    TailLength {
        /// The number of headers in the tail.
        found: usize,
    },
    /// Check 1: the chain is too short for a proof. Its headers are to be asked for instead.
    #[error("a tip of height {height} is too low for a proof, which needs {least}; ask for the headers instead")]
    TooShort {
        /// The tip's height.
        height: u64,
        /// The lowest height of a tip.
        least: u64,
    },
    /// Check 1: there are more samples than points can ask for.
    #[error("{found} samples are more than {most}, which all points together can ask for")]
    TooManySamples {
        /// The number of samples.
        found: usize,
        /// The most that are allowed.
        most: usize,
    },
    /// Check 1: there are more nodes than any proof needs.
    #[error("{found} nodes are more than {most}, the most that a proof may have")]
    TooManyNodes {
        /// The number of nodes.
        found: usize,
        /// The most that are allowed.
        most: usize,
    },
    /// Check 1: the header to start from is not below the tip.
    #[error("the tip has height {tip}, which is not above the start at {start}")]
    StartHeight {
        /// The height of the header to start from.
        start: u64,
        /// The tip's height.
        tip: u64,
    },
    /// Check 1: the samples are not in ascending order, or one is there twice.
    #[error("the sample at height {height} follows one at {before}")]
    SampleOrder {
        /// The sample's height.
        height: u64,
        /// The height of the sample before it.
        before: u64,
    },
    /// Check 1: a sample is not between the start and the tail.
    #[error("the sample at height {height} is not within {lowest} to {highest}")]
    SampleHeight {
        /// The sample's height.
        height: u64,
        /// The lowest height that is allowed.
        lowest: u64,
        /// The greatest height that is allowed.
        highest: u64,
    },
    /// Check 1: the chain has more headers than there are milliseconds for them, or its tip is older than genesis.
    #[error("a tip of height {height} cannot have the time {time} ms: each block is at least 1 ms after its parent")]
    TooManyHeaders {
        /// The tip's height.
        height: u64,
        /// The tip's time, in Unix milliseconds.
        time: u64,
    },
    /// Check 2: the tip is no valid header by itself.
    #[error("the tip is invalid: {0}")]
    Tip(HeaderFault),
    /// Check 2: the tip's time is too far ahead of now. The proof may be valid later.
    #[error("the tip's time {time} ms is later than {latest} ms, the latest that the clock allows; try again later")]
    TipTime {
        /// The tip's time, in Unix milliseconds.
        time: u64,
        /// The latest time that is allowed, in Unix milliseconds.
        latest: u64,
    },
    /// Check 3: a header of the tail has another height than its place.
    #[error("the header at height {expected} says that its height is {found}")]
    TailHeight {
        /// The height that the header says.
        found: u64,
        /// The height of its place.
        expected: u64,
    },
    /// Check 3: a header of the tail, or the tip, is not a child of the one before it.
    #[error("the header at height {height} is not a child of the one before it")]
    TailLink {
        /// The header's height.
        height: u64,
    },
    /// Check 3: a header of the tail is invalid by itself.
    #[error("the header at height {height} is invalid: {fault}")]
    Tail {
        /// The header's height.
        height: u64,
        /// What is wrong with it.
        fault: HeaderFault,
    },
    /// Check 3: the time of a header of the tail is 2^48 or more.
    #[error("the time {time} ms of the header at height {height} is 2^48 ms or more")]
    TailTimeRange {
        /// The header's height.
        height: u64,
        /// Its time, in Unix milliseconds.
        time: u64,
    },
    /// Check 3: the time of a header of the tail is not above its parent's.
    #[error("the time {time} ms of the header at height {height} is not above its parent's, {parent} ms")]
    TailTime {
        /// The header's height.
        height: u64,
        /// Its time, in Unix milliseconds.
        time: u64,
        /// The parent's time, in Unix milliseconds.
        parent: u64,
    },
    /// Check 3: the bits of a header of the tail are not those that its parent and grandparent require.
    #[error("the header at height {height} has bits {found} instead of {expected}")]
    TailBits {
        /// The header's height.
        height: u64,
        /// Its bits.
        found: CompactTarget,
        /// The bits that its ancestors require.
        expected: CompactTarget,
    },
    /// Check 3: the work that the tail claims is 2^256 or more.
    #[error("the work up to height {height} would be 2^256 or more")]
    TailWork {
        /// The header's height.
        height: u64,
    },
    /// Check 4: a sample is no valid header by itself.
    #[error("the sample at height {height} is invalid: {fault}")]
    Sample {
        /// The sample's height.
        height: u64,
        /// What is wrong with it.
        fault: HeaderFault,
    },
    /// Check 4: the work that a sample claims is 2^256 or more.
    #[error("the work up to the sample at height {height} would be 2^256 or more")]
    SampleWork {
        /// The sample's height.
        height: u64,
    },
    /// Check 4: two parts of the proof contradict each other about one header's hash or the work up to it.
    #[error("two parts of the proof say different things of the header at height {height}")]
    Claims {
        /// The header's height.
        height: u64,
    },
    /// Check 4: a sample claims work that the header before it claims too.
    #[error("the sample at height {height} begins below the end of the one before it")]
    IntervalOverlap {
        /// The sample's height.
        height: u64,
    },
    /// Check 4: a sample, or the start, claims work that the tail claims too.
    #[error("the header at height {height} ends above the beginning of the tail")]
    IntervalAboveTail {
        /// The header's height.
        height: u64,
    },
    /// Check 5: no sample covers a point.
    #[error("no sample covers the point at work {point}")]
    PointUncovered {
        /// The point, as work counted from genesis.
        point: Work,
    },
    /// Check 5: a sample covers no point.
    #[error("no point asks for the sample at height {height}")]
    SampleUnasked {
        /// The sample's height.
        height: u64,
    },
    /// Check 6: a header is harder than the one before it by more than the work between them allows.
    #[error("the header at height {height} is harder than the work before it allows")]
    Rise {
        /// The header's height.
        height: u64,
    },
    /// Check 7: a node of the range is missing.
    #[error("a node of the range is missing")]
    NodeMissing,
    /// Check 7: a node of the range is left over.
    #[error("a node of the range is left over")]
    NodeLeftOver,
    /// Check 7: the tip does not commit to the headers, the work and the state that the proof shows.
    #[error("the tip does not commit to what the proof shows")]
    TipState,
    /// Check 8: a sample does not commit to the headers and the work before it.
    #[error("the sample at height {height} does not commit to what the proof shows before it")]
    SampleState {
        /// The sample's height.
        height: u64,
    },
    /// Check 9: the work is below the network's minimum.
    #[error("the chain has {found} work, and this network takes {least} or more")]
    WorkTooLow {
        /// The chain's work.
        found: Work,
        /// The network's minimum.
        least: Work,
    },
}

impl ProofError {
    /// Returns whether the proof may be valid later: its tip is ahead of the clock. Every other error convicts the
    /// sender.
    pub const fn is_deferred(&self) -> bool {
        matches!(self, Self::TipTime { .. })
    }

    /// Returns the number of the check in docs/light.md, 1 to 9.
    pub const fn check(&self) -> u8 {
        match self {
            Self::TailLength { .. }
            | Self::TooShort { .. }
            | Self::TooManySamples { .. }
            | Self::TooManyNodes { .. }
            | Self::StartHeight { .. }
            | Self::SampleOrder { .. }
            | Self::SampleHeight { .. }
            | Self::TooManyHeaders { .. } => 1,
            Self::Tip(_) | Self::TipTime { .. } => 2,
            Self::TailHeight { .. }
            | Self::TailLink { .. }
            | Self::Tail { .. }
            | Self::TailTimeRange { .. }
            | Self::TailTime { .. }
            | Self::TailBits { .. }
            | Self::TailWork { .. } => 3,
            Self::Sample { .. }
            | Self::SampleWork { .. }
            | Self::Claims { .. }
            | Self::IntervalOverlap { .. }
            | Self::IntervalAboveTail { .. } => 4,
            Self::PointUncovered { .. } | Self::SampleUnasked { .. } => 5,
            Self::Rise { .. } => 6,
            Self::NodeMissing | Self::NodeLeftOver | Self::TipState => 7,
            Self::SampleState { .. } => 8,
            Self::WorkTooLow { .. } => 9,
        }
    }
}

impl From<MultiproofError> for ProofError {
    fn from(error: MultiproofError) -> Self {
        match error {
            MultiproofError::Missing => Self::NodeMissing,
            MultiproofError::LeftOver => Self::NodeLeftOver,
        }
    }
}
