//! A move of the tip, or a part of one, as a store keeps it.

use std::sync::Arc;

use crate::{
    consensus::{CheckedBlock, ConnectedBlock},
    digest::BlockHash,
    state::{ChainState, MergedPeaks},
    transaction::OutPoint,
    utxo::{Coin, UtxoDiff},
};

/// What it takes to disconnect a block.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BlockUndo {
    /// The coins that it spent and did not make itself, by outpoint.
    pub spent: Vec<(OutPoint, Coin)>,
    /// The peaks that its parent's header merged.
    pub merged: MergedPeaks,
}

impl BlockUndo {
    /// Takes what is needed from a block that was connected.
    pub fn of(connected: &ConnectedBlock) -> Self {
        let spent = connected.diff.spent().map(|(outpoint, coin)| (*outpoint, *coin)).collect();
        Self { spent, merged: connected.merged.clone() }
    }

    /// Returns the change that takes the block back.
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
        // a coin made and spent within the block is nowhere to be found in the undo data: it just vanishes
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
    /// What it takes to disconnect it.
    pub undo: BlockUndo,
}

/// A move of the tip, or a part of a deep one: some blocks leave the active chain, others enter it.
#[derive(Debug, Clone)]
pub struct ChainUpdate {
    /// The blocks that leave, the highest first.
    pub disconnected: Vec<Arc<CheckedBlock>>,
    /// The blocks that enter, the lowest first.
    pub connected: Vec<ConnectedUpdate>,
    /// The net change of the coins.
    pub diff: UtxoDiff,
    /// The block with which the chain ends after it.
    pub tip: BlockHash,
    /// The state after that block.
    pub state: ChainState,
}

impl ChainUpdate {
    /// Makes this the move that is made of this part and then `later`, which takes back none of the blocks that enter
    /// here.
    pub fn append(&mut self, later: Self) {
        self.disconnected.extend(later.disconnected);
        self.connected.extend(later.connected);
        self.diff.extend(later.diff);
        (self.tip, self.state) = (later.tip, later.state);
    }
}
