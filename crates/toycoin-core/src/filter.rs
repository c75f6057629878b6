//! Block filters: what a light client reads of a block to know whether it concerns its owner.

use crate::digest::BlockHash;

/// The filter of a block: a Golomb coded set of the owners that it pays and of the coins that it spends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BlockFilter {
    /// The block's hash.
    pub block: BlockHash,
    /// The number of items.
    pub count: u32,
    /// The coded set.
    #[cfg_attr(feature = "serde", serde(with = "serde_bytes"))]
    pub bytes: Vec<u8>,
}
