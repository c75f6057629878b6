//! Parts of a block that the receiver of a compact block lacks.

use serde::{Deserialize, Serialize};
use toycoin_core::{BlockHash, Transaction};

/// A request for payments of a block, `GBTX`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetBlockTransactions {
    /// The hash of the block.
    pub block: BlockHash,
    /// The places of the payments among the compact block's ids, 0 the first, strictly ascending, at most 4,000.
    pub places: Vec<u32>,
}

/// Payments of a block, `BTXS`, in the order in which they were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockTransactions {
    /// The hash of the block.
    pub block: BlockHash,
    /// The payments, at most 4,000.
    pub transactions: Vec<Transaction>,
}
