//! Blocks with their hashes.

use std::ops::Deref;

use crate::{
    block::Block,
    digest::{BlockHash, Txid, Wtxid},
};

/// A block with its hash, computed once. It has not been judged.
///
/// It dereferences to its block and cannot be changed. To change it, take the block out first. A block is identified
/// where it arrives, and keeps its hash until it is connected: a
/// [`CheckedBlock`](crate::consensus::CheckedBlock) is made from it. A block that was rebuilt from known payments
/// ([`Rebuild`](crate::compact::Rebuild)) carries their ids too.
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
#[derive(Debug, Clone)]
pub struct IdentifiedBlock {
    block: Block,
    hash: BlockHash,
    /// The ids of all transactions, the coinbase's first, if they were known before and give the Merkle root of the
    /// header. Else it is empty.
    ids: Vec<(Txid, Wtxid)>,
}

impl IdentifiedBlock {
    /// Joins a block with its hash, which must be right.
    pub(crate) const fn new(block: Block, hash: BlockHash) -> Self {
        Self { block, hash, ids: Vec::new() }
    }

    /// Joins a block with the ids of its transactions, the coinbase's first. They must be right and give the Merkle
    /// root of its header.
    pub(crate) fn with_ids(block: Block, ids: Vec<(Txid, Wtxid)>) -> Self {
        let hash = block.hash();
        Self { block, hash, ids }
    }

    /// Takes the ids of its transactions out of the block, the coinbase's first; `None` if they were not known before.
    /// If they were, they give the Merkle root of the header.
    pub(crate) fn take_ids(&mut self) -> Option<Vec<(Txid, Wtxid)>> {
        let ids = std::mem::take(&mut self.ids);
        (!ids.is_empty()).then_some(ids)
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

/// Equal blocks have equal ids, known or not.
impl PartialEq for IdentifiedBlock {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.block == other.block
    }
}

impl Eq for IdentifiedBlock {}

impl Deref for IdentifiedBlock {
    type Target = Block;

    fn deref(&self) -> &Block {
        &self.block
    }
}
