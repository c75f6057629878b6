//! The updates that a chain gives to its store: a move of the tip, or a part of one.

use std::sync::Arc;

use crate::{
    consensus::{CheckedBlock, ConnectedBlock},
    digest::BlockHash,
    proof::Opening,
    state::{ChainState, MergedPeaks},
    transaction::OutPoint,
    utxo::{Coin, UtxoDiff},
};

/// Undo data: what disconnecting a block needs beyond the block itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BlockUndo {
    /// The coins that the block spent and did not create itself, in the order of their outpoints.
    pub spent: Vec<(OutPoint, Coin)>,
    /// The peaks that were merged when the parent's header entered the Merkle mountain range.
    pub merged: MergedPeaks,
}

impl BlockUndo {
    /// Takes the undo data from a connected block.
    pub fn of(connected: &ConnectedBlock) -> Self {
        let spent = connected.diff.spent().map(|(outpoint, coin)| (*outpoint, *coin)).collect();
        Self { spent, merged: connected.merged.clone() }
    }

    /// Returns the change that disconnects the block.
    pub fn inverse(&self, block: &CheckedBlock) -> UtxoDiff {
        let mut diff = UtxoDiff::default();
        let coinbase = block.block().coinbase.outpoints(block.coinbase_txid());
        for (outpoint, output) in coinbase {
            diff.create(outpoint, Coin { output: *output, coinbase_height: block.height() });
        }
        for (txid, transaction) in block.transactions() {
            for (outpoint, output) in transaction.outpoints(txid) {
                diff.create(outpoint, Coin { output: *output, coinbase_height: 0 });
            }
        }
        // a coin created and spent within the block is not in the undo data: it just disappears
        for outpoint in block.transactions().flat_map(|(_, transaction)| &transaction.inputs) {
            if let Some(Some(coin)) = diff.get(outpoint) {
                diff.spend(*outpoint, coin);
            }
        }
        for (outpoint, coin) in &self.spent {
            diff.spend(*outpoint, *coin);
        }
        diff.inverse()
    }
}

/// A block that enters the active chain.
#[derive(Debug, Clone)]
pub struct ConnectedUpdate {
    /// The block.
    pub block: Arc<CheckedBlock>,
    /// The block's undo data.
    pub undo: BlockUndo,
    /// The opening of the state after the block.
    pub opening: Opening,
}

/// A move of the tip, or a part of one: blocks that leave the active chain, and blocks that enter it.
#[derive(Debug, Clone)]
pub struct ChainUpdate {
    /// The blocks that leave, the highest first.
    pub disconnected: Vec<Arc<CheckedBlock>>,
    /// The blocks that enter, the lowest first.
    pub connected: Vec<ConnectedUpdate>,
    /// The net change of the UTXO set.
    pub diff: UtxoDiff,
    /// The tip after the update.
    pub tip: BlockHash,
    /// The state after the tip.
    pub state: ChainState,
}

impl ChainUpdate {
    /// Appends a later part of the same move. The later part must not disconnect a block that this one connects.
    pub fn append(&mut self, later: Self) {
        self.disconnected.extend(later.disconnected);
        self.connected.extend(later.connected);
        self.diff.extend(later.diff);
        (self.tip, self.state) = (later.tip, later.state);
    }
}
