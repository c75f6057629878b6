//! Requests for headers, and rejects.

use serde::{Deserialize, Serialize};
use toycoin_core::BlockHash;

/// A request for headers, `GHDR`: those after the first block of the locator that is on the receiver's active chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetHeaders {
    /// The block locator: hashes of the sender's chain, its tip first, at most 64.
    pub locator: Vec<BlockHash>,
    /// The last header wanted. Zeros ask for as many as possible.
    pub stop: BlockHash,
}

/// A reject, `RJCT`: it reports the rule that a block or a transaction broke. It changes no state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// The id of the block or the transaction.
    pub hash: [u8; 32],
    /// The rule's number.
    pub rule: u16,
    /// The reason in words, at most 128 bytes.
    pub text: String,
}
