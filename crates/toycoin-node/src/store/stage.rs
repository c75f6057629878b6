//! The state of a move of the tip that arrives in parts.

use std::collections::HashMap;

use redb::WriteTransaction;
use toycoin_core::BlockHash;

use crate::store::tables::BlockRecord;

/// The open transaction, and its progress.
pub(super) struct Stage {
    pub(super) transaction: WriteTransaction,
    /// Length of the active chain within the transaction, in blocks.
    pub(super) blocks: u64,
}

/// Bodies that are in the file, but not in the last committed index.
pub(super) type Unindexed = HashMap<BlockHash, BlockRecord>;
