//! Blocks with their hashes.

use std::ops::Deref;

use crate::{block::Block, digest::BlockHash};

/// A block with its hash, computed once. It has not been judged.
///
/// It dereferences to its block and cannot be changed. To change it, take the block out first. A block is identified
/// where it arrives, and keeps its hash until it is connected: a
/// [`CheckedBlock`](crate::consensus::CheckedBlock) is made from it.
///
/// ```
/// use toycoin_core::{ChainParams, IdentifiedBlock};
///
/// let block = ChainParams::regtest().genesis().clone();
/// let identified = IdentifiedBlock::from(block.clone());
/// assert_eq!(identified.hash(), block.header.hash());
/// assert_eq!(identified.size(), block.size());
/// ```
///
/// Nobody can give a block another hash:
///
/// ```compile_fail,E0616
/// use toycoin_core::{BlockHash, ChainParams, IdentifiedBlock};
///
/// let mut identified = IdentifiedBlock::from(ChainParams::regtest().genesis().clone());
/// identified.hash = BlockHash::ZERO;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifiedBlock {
    block: Block,
    hash: BlockHash,
}

impl IdentifiedBlock {
    /// Joins a block with its hash, which must be right.
    pub(crate) const fn new(block: Block, hash: BlockHash) -> Self {
        Self { block, hash }
    }

    /// Returns the hash of the block's header.
    pub const fn hash(&self) -> BlockHash {
        self.hash
    }

    /// Returns the block.
    pub const fn block(&self) -> &Block {
        &self.block
    }

    /// Returns the block itself.
    pub fn into_block(self) -> Block {
        self.block
    }
}

/// Computes the hash.
impl From<Block> for IdentifiedBlock {
    fn from(block: Block) -> Self {
        let hash = block.hash();
        Self::new(block, hash)
    }
}

impl Deref for IdentifiedBlock {
    type Target = Block;

    fn deref(&self) -> &Block {
        &self.block
    }
}
