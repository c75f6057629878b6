//! The indexes of all nodes that were asked.

use std::{
    collections::BTreeMap,
    sync::{
        PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::{StreamExt, future::join_all, stream};
use tokio::{
    sync::{MappedMutexGuard, Mutex, MutexGuard},
    time::Instant,
};
use toycoin_core::{BlockHash, ChainParams, Txid};

use crate::{
    index::{
        Entries, Listing, NodeIndex,
        stale::{StaleBlocks, side_blocks},
    },
    limits::{NODES, OPEN_REQUESTS, STALE_STEPS},
    problem::Problem,
    reader::{Down, NodeReader},
};

/// The indexes of all nodes that were asked.
#[derive(Debug)]
pub(crate) struct Indexes {
    nodes: [Mutex<Option<NodeIndex>>; NODES],
    listings: [Listing; NODES],
    /// Number of changes of mempools that were made through this server.
    changes: AtomicU64,
    stale: std::sync::Mutex<StaleBlocks>,
}

impl Default for Indexes {
    fn default() -> Self {
        let (listings, changes, stale) = Default::default();
        Self { nodes: [const { Mutex::const_new(None) }; NODES], listings, changes, stale }
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
        let mut guard = cell.lock().await;
        // the stage may show another network than before
        guard.take_if(|index| !index.is_of(params));
        let mut index = MutexGuard::map(guard, |index| index.get_or_insert_with(|| NodeIndex::new(params)));
        index.follow(reader).await?;
        Ok(index)
    }

    /// Returns the entries of a node's mempool, in the order of mining; see [`Listing`].
    ///
    /// # Errors
    /// When the node is down, or there is no such node.
    pub(crate) async fn entries(&self, node: usize, reader: &NodeReader) -> Result<Entries, Down> {
        let listing = self.listings.get(node).ok_or(Down)?;
        // the changes so far, so that one that comes while the node is asked counts for the next reader
        listing.read(reader, self.changes.load(Ordering::Acquire), Instant::now()).await
    }

    /// Says that mempools were changed through this server: whoever did it wants to see it.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Returns a stale block that holds a transaction, if one of these nodes has such a block. It reads the stale blocks
    /// that are new, at most [`STALE_STEPS`]. Nodes that are down are left out.
    pub(crate) async fn stale_holder(&self, txid: &Txid, nodes: &[NodeReader]) -> Option<BlockHash> {
        if let Some(hash) = self.stale().holder(txid) {
            return Some(hash);
        }
        let side = join_all(nodes.iter().map(side_blocks)).await;
        let mut new: BTreeMap<BlockHash, &NodeReader> = BTreeMap::new();
        for (hashes, node) in side.into_iter().zip(nodes) {
            let stale = self.stale();
            new.extend(hashes.into_iter().flatten().filter(|hash| !stale.knows(hash)).map(|hash| (hash, node)));
        }
        let fetch = |(hash, node): (BlockHash, &NodeReader)| {
            let node = node.clone();
            async move { node.block(hash).await }
        };
        let fetched = stream::iter(new.into_iter().take(STALE_STEPS)).map(fetch).buffer_unordered(OPEN_REQUESTS);
        for block in fetched.collect::<Vec<_>>().await.into_iter().flatten().flatten() {
            self.stale().add(&block);
        }
        self.stale().holder(txid)
    }

    fn stale(&self) -> std::sync::MutexGuard<'_, StaleBlocks> {
        // each call leaves it whole
        self.stale.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
