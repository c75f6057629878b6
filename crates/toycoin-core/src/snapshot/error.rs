//! Why a snapshot is refused, and who is to blame.

use thiserror::Error;

use crate::{amount::Amount, digest::BlockHash, snapshot::CHUNK_COINS, transaction::OutPoint};

/// Who has lied if a check fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convicts {
    /// The peer that sent this manifest. Others may have sent a right one.
    ManifestSender,
    /// The peer that sent this chunk. The manifest may be right.
    ChunkSender,
    /// Every peer that sent a manifest with this id. The chunk is what they vouched for, and it is false.
    Announcers,
    /// Nobody: the caller's bound is too low, or the caller made a mistake.
    Nobody,
}

/// The reason why a manifest, a chunk or a whole snapshot is refused. The variants stand in the order of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The manifest is of another block.
    #[error("the snapshot is of block {found}, not of {expected}")]
    OtherBlock {
        /// The block of the manifest.
        found: BlockHash,
        /// The block whose coins are collected.
        expected: BlockHash,
    },
    /// The manifest's opening is not the header's.
    #[error("the snapshot's coins are not those that its block commits to")]
    OtherOpening,
    /// There are more coins than the caller has room for. The block does have as many.
    #[error("the snapshot has {count} coins, and there is room for {most}")]
    TooManyCoins {
        /// The number of coins.
        count: u64,
        /// The most that are allowed.
        most: u64,
    },
    /// No snapshot is made at the block's height.
    #[error("there is no snapshot at height {height}")]
    Height {
        /// The block's height.
        height: u64,
    },
    /// The number of chunks is not the one that the coins need.
    #[error("the manifest has {found} chunks instead of {expected}")]
    ChunkCount {
        /// The number of chunks in the manifest.
        found: usize,
        /// The number that the coins need.
        expected: u64,
    },
    /// The sum does not hash to the digest in the opening.
    #[error("the manifest's sum is not the one that its block commits to")]
    Sum,
    /// The manifest has no chunk with this number.
    #[error("the snapshot has no chunk {place}")]
    NoSuchChunk {
        /// The number of the chunk, from 0.
        place: u32,
    },
    /// The chunk was accepted before.
    #[error("chunk {place} is there already")]
    ChunkTwice {
        /// The number of the chunk, from 0.
        place: u32,
    },
    /// A chunk is not the one whose hash the manifest has.
    #[error("chunk {place} does not have the hash in the manifest")]
    ChunkHash {
        /// The number of the chunk, from 0.
        place: u32,
    },
    /// A chunk is too short or too long.
    #[error("chunk {place} has {found} coins instead of {expected}: {CHUNK_COINS}, and the rest in the last")]
    ChunkLength {
        /// The number of the chunk, from 0.
        place: u32,
        /// The number of its coins.
        found: usize,
        /// The number that it must have.
        expected: u64,
    },
    /// Two neighbouring coins are not in ascending order, or are the same.
    #[error("coin {next:?} follows {before:?}")]
    Order {
        /// The first coin's outpoint.
        before: OutPoint,
        /// The outpoint of the coin after it.
        next: OutPoint,
    },
    /// A coin is worth nothing, or more than all money.
    #[error("coin {coin:?} has {value:?}, which no coin may have")]
    Value {
        /// The coin's outpoint.
        coin: OutPoint,
        /// The coin's value.
        value: Amount,
    },
    /// A coin is from the coinbase of a later block.
    #[error("coin {coin:?} is from height {found}, above the snapshot at {height}")]
    CoinbaseHeight {
        /// The coin's outpoint.
        coin: OutPoint,
        /// The height of the coinbase.
        found: u64,
        /// The height of the snapshot.
        height: u64,
    },
    /// The coins are worth more than the money issued.
    #[error("the coins are worth more than {issued:?}, all money issued up to their block")]
    TooMuchMoney {
        /// The money issued up to the block.
        issued: Amount,
    },
    /// A chunk is missing.
    #[error("chunk {place} is missing")]
    ChunkMissing {
        /// The number of the first chunk that is missing, from 0.
        place: u32,
    },
    /// The coins are worth less than the money issued, though nobody can burn money.
    #[error("the coins are worth {found:?}, and {issued:?} were issued")]
    MissingMoney {
        /// The sum of the coins' values.
        found: Amount,
        /// The money issued up to the block.
        issued: Amount,
    },
    /// The sum over the coins is not the manifest's.
    #[error("the coins are not those that the block commits to")]
    Coins,
    /// The state does not have the root in the header: the ancestors are not the block's.
    #[error("the coins and the ancestors together are not the state that the block commits to")]
    State,
}

impl SnapshotError {
    /// Returns who has lied.
    pub const fn convicts(&self) -> Convicts {
        match self {
            Self::OtherBlock { .. }
            | Self::OtherOpening
            | Self::Height { .. }
            | Self::ChunkCount { .. }
            | Self::Sum => Convicts::ManifestSender,
            Self::ChunkHash { .. } | Self::ChunkLength { .. } => Convicts::ChunkSender,
            Self::Order { .. }
            | Self::Value { .. }
            | Self::CoinbaseHeight { .. }
            | Self::TooMuchMoney { .. }
            | Self::MissingMoney { .. }
            | Self::Coins => Convicts::Announcers,
            Self::TooManyCoins { .. }
            | Self::NoSuchChunk { .. }
            | Self::ChunkTwice { .. }
            | Self::ChunkMissing { .. }
            | Self::State => Convicts::Nobody,
        }
    }
}
