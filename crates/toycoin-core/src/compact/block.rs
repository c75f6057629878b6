//! A block with short ids in place of its payments.

use super::ShortIds;
use crate::{
    block::Block,
    digest::BlockHash,
    header::Header,
    transaction::{Coinbase, Transaction},
};

/// A block with short ids in place of its payments.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompactBlock {
    /// The block's header.
    pub header: Header,
    /// A number that the sender drew, so that nobody can prepare payments whose short ids collide.
    pub nonce: u64,
    /// The block's coinbase.
    pub coinbase: Coinbase,
    /// The short ids of the payments, in the block's order.
    pub ids: Vec<ShortId>,
}

/// The short id of a payment within one compact block: the first 6 bytes of a keyed hash of its wtxid.
pub type ShortId = [u8; 6];

impl CompactBlock {
    /// Returns the compact form of a block, with a nonce that its sender drew.
    pub fn of(block: &Block, nonce: u64) -> Self {
        let ids = ShortIds::new(&block.header, nonce);
        // the coinbase's ids come first
        let payments = block.transaction_ids().into_iter().skip(1);
        let ids = payments.map(|(_, wtxid)| ids.of(wtxid)).collect();
        Self { header: block.header, nonce, coinbase: block.coinbase.clone(), ids }
    }

    /// Returns the hash of the block.
    pub fn hash(&self) -> BlockHash {
        self.header.hash()
    }

    /// Returns the short ids of payments in this block.
    pub fn short_ids(&self) -> ShortIds {
        ShortIds::new(&self.header, self.nonce)
    }

    /// Returns the least size of the whole block by formula, in bytes: that of a block whose payments have one input and
    /// one output each.
    pub fn least_size(&self) -> u64 {
        let payments = Transaction::MIN_SIZE.saturating_mul(self.ids.len() as u64);
        (Header::SIZE as u64).saturating_add(self.coinbase.size()).saturating_add(payments)
    }

    /// Returns whether this is the compact form of a block.
    pub fn is_of(&self, block: &Block) -> bool {
        self.header == block.header
            && self.ids.len() == block.transactions.len()
            && self.coinbase == block.coinbase
            && *self == Self::of(block, self.nonce)
    }
}
