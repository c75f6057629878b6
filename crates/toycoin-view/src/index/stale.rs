//! The transactions of stale blocks, which no node's own index has.

use std::collections::{HashMap, HashSet, VecDeque};

use futures_util::{StreamExt, stream};
use toycoin_core::{
    BlockHash, CheckedBlock, Txid,
    chain::{BlockStanding, KnownHeader},
};

use crate::{
    limits::{OPEN_REQUESTS, STALE_BLOCKS, STALE_DEPTH, STALE_STEPS, STALE_TRANSACTIONS},
    reader::{Down, NodeReader},
};

/// Finds transactions in the blocks that are on no active chain of some node. It reads each such block once.
#[derive(Debug, Default)]
pub(crate) struct StaleBlocks {
    /// The blocks with their transactions, the first to be read first.
    blocks: VecDeque<(BlockHash, Vec<Txid>)>,
    known: HashSet<BlockHash>,
    holders: HashMap<Txid, BlockHash>,
}

impl StaleBlocks {
    /// Returns the block that holds a transaction.
    pub(crate) fn holder(&self, txid: &Txid) -> Option<BlockHash> {
        self.holders.get(txid).copied()
    }

    /// Reads the node's stale blocks that are new, at most [`STALE_STEPS`].
    ///
    /// # Errors
    /// When the node is down.
    pub(super) async fn read(&mut self, reader: &NodeReader) -> Result<(), Down> {
        let from = reader.status().await?.tip.height.saturating_sub(STALE_DEPTH);
        let page = reader.headers(from.into(), usize::MAX).await?;
        let is_new = |known: &&KnownHeader| known.standing == BlockStanding::Side && !self.known.contains(&known.hash);
        let new: Vec<_> = page.headers.iter().filter(is_new).map(|known| known.hash).take(STALE_STEPS).collect();
        let mut blocks = stream::iter(new).map(|hash| reader.block(hash)).buffered(OPEN_REQUESTS);
        while let Some(block) = blocks.next().await {
            if let Some(block) = block? {
                self.add(&block);
            }
        }
        Ok(())
    }

    fn add(&mut self, block: &CheckedBlock) {
        if !self.known.insert(block.hash()) {
            return;
        }
        let txids: Vec<_> = block.ids().iter().map(|(txid, _)| *txid).collect();
        self.holders.extend(txids.iter().map(|txid| (*txid, block.hash())));
        self.blocks.push_back((block.hash(), txids));
        while self.blocks.len() > STALE_BLOCKS || self.holders.len() > STALE_TRANSACTIONS {
            let Some((hash, txids)) = self.blocks.pop_front() else { break };
            self.known.remove(&hash);
            for txid in txids {
                // another branch may hold it too
                if self.holders.get(&txid) == Some(&hash) {
                    self.holders.remove(&txid);
                }
            }
        }
    }
}
