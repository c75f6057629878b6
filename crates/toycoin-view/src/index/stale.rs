//! The transactions of stale blocks, which no node's own index has.

use std::collections::{HashMap, HashSet, VecDeque};

use toycoin_core::{BlockHash, CheckedBlock, Txid, chain::BlockStanding};

use crate::{
    limits::{STALE_BLOCKS, STALE_DEPTH, STALE_TRANSACTIONS},
    reader::{Down, NodeReader},
};

/// The transactions of blocks that are not on the active chain of some node.
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

    /// Returns whether a block was read already.
    pub(super) fn knows(&self, hash: &BlockHash) -> bool {
        self.known.contains(hash)
    }

    /// Remembers the transactions of a block.
    pub(super) fn add(&mut self, block: &CheckedBlock) {
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

/// Returns the blocks that a node has beside its active chain, in the last [`STALE_DEPTH`] heights.
///
/// # Errors
/// When the node is down.
pub(super) async fn side_blocks(node: &NodeReader) -> Result<Vec<BlockHash>, Down> {
    let from = node.status().await?.tip.height.saturating_sub(STALE_DEPTH);
    let page = node.headers(from.into(), usize::MAX).await?;
    let side = page.headers.iter().filter(|known| known.standing == BlockStanding::Side);
    Ok(side.map(|known| known.hash).collect())
}

#[cfg(test)]
mod tests {
    use toycoin_core::{ChainParams, chain::Chain};

    use super::*;

    #[test]
    fn forgets_the_first_blocks_when_there_are_too_many() {
        let params = ChainParams::regtest();
        let mut stale = StaleBlocks::default();
        let chain = Chain::in_memory(params.clone());
        let now = params.spec().genesis_time + 1_000;
        let block = |number: usize| {
            let extra = number.to_string();
            let owner = toycoin_core::SecretKey::classroom(0).public_key();
            let block = chain.template(Vec::new(), owner, extra.as_bytes(), now).unwrap().mine_trivial();
            block.check(&params).unwrap()
        };
        let (first, last) = (block(0), block(STALE_BLOCKS));
        for number in 0..=STALE_BLOCKS {
            stale.add(&block(number));
        }
        assert_eq!((stale.holder(&first.coinbase_txid()), stale.knows(&first.hash())), (None, false));
        assert_eq!(stale.holder(&last.coinbase_txid()), Some(last.hash()));
        assert_eq!((stale.blocks.len(), stale.known.len(), stale.holders.len()), (500, 500, 500));
    }
}
