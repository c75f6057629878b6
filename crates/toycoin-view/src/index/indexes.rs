//! The indexes of all nodes that were asked.

use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use toycoin_core::{BlockHash, ChainParams, Txid};

use crate::{
    index::{NodeIndex, stale::StaleBlocks},
    limits::NODES,
    problem::Problem,
    reader::NodeReader,
};

/// The indexes of all nodes that were asked.
#[derive(Debug)]
pub(crate) struct Indexes {
    nodes: [Mutex<Option<NodeIndex>>; NODES],
    stale: Mutex<StaleBlocks>,
}

impl Default for Indexes {
    fn default() -> Self {
        Self { nodes: [const { Mutex::const_new(None) }; NODES], stale: Mutex::default() }
    }
}

impl Indexes {
    /// Returns a node's index at its present tip. Other requests for the same node's index wait until it is dropped.
    ///
    /// # Errors
    /// When there is no such node, it is down, or the index has still to catch up.
    pub(crate) async fn node(
        &self,
        node: usize,
        reader: &NodeReader,
        params: &ChainParams,
    ) -> Result<MappedMutexGuard<'_, NodeIndex>, Problem> {
        let cell = self.nodes.get(node).ok_or_else(|| Problem::unknown(format!("there is no node {node}")))?;
        let guard = cell.lock().await;
        let mut index = MutexGuard::map(guard, |index| index.get_or_insert_with(|| NodeIndex::new(params)));
        index.follow(reader).await?;
        Ok(index)
    }

    /// Returns a stale block that holds a transaction, if one of these nodes has such a block. Nodes that are down are
    /// left out.
    pub(crate) async fn stale_holder(&self, txid: &Txid, nodes: &[NodeReader]) -> Option<BlockHash> {
        let mut stale = self.stale.lock().await;
        for node in nodes {
            if let Some(hash) = stale.holder(txid) {
                return Some(hash);
            }
            // a node that is down holds nothing that it could tell
            let _ = stale.read(node).await;
        }
        stale.holder(txid)
    }
}
