//! The items of a filter.

use crate::{block::Block, commitment::Domain, digest::BlockHash, keys::PublicKey, transaction::OutPoint};

/// What a filter can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FilterItem {
    /// An owner whom an output pays; that of a coinbase counts as well.
    Owner(PublicKey),
    /// A coin that an input spends.
    Spent(OutPoint),
}

impl FilterItem {
    /// Returns the items of a block, each once, in ascending order.
    pub fn of_block(block: &Block) -> Vec<Self> {
        let mut items = Self::repeated(block);
        items.sort_unstable();
        items.dedup();
        items
    }

    /// Returns the items of a block in its order, each as often as the block names it.
    pub(super) fn repeated(block: &Block) -> Vec<Self> {
        let outputs = block.transactions.iter().flat_map(|transaction| &transaction.outputs);
        let owners = block.coinbase.outputs.iter().chain(outputs).map(|output| Self::Owner(output.owner));
        let inputs = block.transactions.iter().flat_map(|transaction| &transaction.inputs);
        owners.chain(inputs.map(|outpoint| Self::Spent(*outpoint))).collect()
    }

    /// Returns the item's number within a block: the first 8 bytes, little-endian, of `H_filter(block hash | item)`. An
    /// owner has 32 bytes; a coin has 36, its txid and then its vout, so no two items have one preimage.
    pub(super) fn hash(&self, block: &BlockHash) -> u64 {
        let hasher = Domain::Filter.hasher().bytes(block.as_bytes());
        let hash = match self {
            Self::Owner(owner) => hasher.bytes(owner.as_bytes()),
            Self::Spent(outpoint) => hasher.bytes(outpoint.txid.as_bytes()).u32(outpoint.vout),
        };
        hash.finish().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}
