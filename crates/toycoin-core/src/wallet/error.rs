//! The errors of a wallet.

use thiserror::Error;

use crate::digest::BlockHash;

/// The reason why a block does not fit the wallet's view of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WalletError {
    /// The block does not build on the wallet's last block.
    #[error("block {block} does not build on {tip}, the wallet's last")]
    NotNext {
        /// The refused block.
        block: BlockHash,
        /// The wallet's last block.
        tip: BlockHash,
    },
    /// The block to disconnect is not the wallet's last block, or is genesis.
    #[error("block {block} cannot be taken back, the wallet's last is {tip}")]
    NotLast {
        /// The refused block.
        block: BlockHash,
        /// The wallet's last block.
        tip: BlockHash,
    },
    /// The wallet cannot skip back over a block that concerns it; that has to be disconnected.
    #[error("block {height} concerns the wallet, so it cannot skip to block {skipped_to}")]
    Concerned {
        /// The height of the last block that concerns the wallet.
        height: u64,
        /// The height to which the wallet was to skip.
        skipped_to: u64,
    },
}
