//! What may be wrong with the definition of a network.

use thiserror::Error;

use crate::{params::spec::MAX_NAME, target::CompactTarget, transaction::Coinbase};

/// The reason why a network definition is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// The name is not 1 to 32 lower-case letters, digits and hyphens, so logs or the export could not show it as it is.
    #[error("{0:?} is no network's name: 1 to {MAX_NAME} lower-case letters, digits and hyphens")]
    BadName(String),
    /// The coinbase maturity is 0. A coin must be older than its own block to be spent.
    #[error("maturity must be at least 1 block")]
    ZeroMaturity,
    /// The halving interval is 0.
    #[error("halving must be at least 1 block")]
    ZeroHalving,
    /// The block spacing is 0.
    #[error("retargeting needs a spacing of at least 1 ms")]
    ZeroSpacing,
    /// The half-life is shorter than the spacing. A block without delay would make the next one more than twice as
    /// hard.
    #[error("half-life of {half_life_ms} ms is shorter than the spacing of {spacing_ms} ms; make it at least as long")]
    HalfLifeBelowSpacing {
        /// The half-life, in milliseconds.
        half_life_ms: u64,
        /// The spacing, in milliseconds.
        spacing_ms: u64,
    },
    /// The block size limit is above what one message carries.
    #[error("block size limit of {limit} bytes is too large: one message carries blocks of at most {most}")]
    BlockLimitTooLarge {
        /// The network's limit, in bytes.
        limit: u64,
        /// The largest limit that is allowed, in bytes.
        most: u64,
    },
    /// The block size limit leaves no room to pay a miner.
    #[error("block size limit of {limit} bytes is too small: a header and a coinbase with one output need {least}")]
    BlockLimitTooSmall {
        /// The network's limit, in bytes.
        limit: u64,
        /// The smallest limit that is allowed, in bytes.
        least: u64,
    },
    /// The bits are no target, or not in the canonical form of their target.
    #[error("{0} is not how a target is written in compact form")]
    NonCanonicalBits(CompactTarget),
    /// Genesis is easier than the limit.
    #[error("genesis bits {genesis} are easier than the limit {limit}")]
    BitsAboveLimit {
        /// The bits of genesis.
        genesis: CompactTarget,
        /// The easiest bits of the network.
        limit: CompactTarget,
    },
    /// An allocation is out of range: rule R18 holds for genesis too.
    #[error("an allocation must be from 1 grain to 21000000 toycoins")]
    AllocationOutOfRange,
    /// The data of the genesis coinbase is too long: rule R17 holds for genesis too.
    #[error("genesis extra has {0} bytes, {most} are allowed", most = Coinbase::MAX_EXTRA)]
    ExtraTooLong(usize),
    /// Genesis is larger than a block may be: rule R05 holds for genesis too.
    #[error("genesis takes {size} bytes, the network's limit is {limit}")]
    GenesisTooLarge {
        /// The size of genesis by formula, in bytes.
        size: u64,
        /// The network's limit, in bytes.
        limit: u64,
    },
    /// The time of genesis is too late: rule R13 holds for genesis too.
    #[error("genesis time must be below 2^48 ms")]
    TimeOutOfRange,
    /// The allocations and all subsidies together exceed the money limit.
    #[error("allocations and all subsidies together come to more than 21000000 toycoins")]
    TooMuchMoney,
    /// A sandbox has the genesis of a real network.
    #[error("a sandbox must not have the genesis of a real network")]
    SandboxOfRealNetwork,
}
