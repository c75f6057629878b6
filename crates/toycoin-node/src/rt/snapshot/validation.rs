//! Validating the blocks below a snapshot, beside the node that began with it.

use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task,
};
use toycoin_core::{
    BlockHash, StateRoot,
    chain::{BlockStanding, KnownHeader},
};

use crate::{
    NodeBuilder, RedbStore,
    protocol::Event,
    rt::{NodeHandle, SpawnError, Stopped},
    store::StoreError,
};

/// The reason why the blocks below a snapshot were not validated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ValidationError {
    /// The second store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The second node did not start.
    #[error(transparent)]
    Start(#[from] SpawnError),
    /// One of the nodes has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The snapshot is false: its block, or one below it, breaks a rule. A majority of the work was spent on lies.
    #[error(
        "the snapshot at height {height} is false: {reason}; its block {block} claims the state root {claimed}, and no \
         valid chain has it; end the node, and remove its directory"
    )]
    False {
        /// The height of the snapshot's block.
        height: u64,
        /// The snapshot's block.
        block: BlockHash,
        /// The state root in the block's header.
        claimed: StateRoot,
        /// The rule that is broken, and how. For a wrong state root, it names the right one.
        reason: String,
    },
}

/// A second full node, which validates the chain from genesis in a directory of its own, until it has the block of the
/// snapshot at which the first one began.
///
/// That block is valid if the second node has it on its active chain: then the state root that it computed from all
/// blocks is the one in the header, and so the snapshot's coins are right.
#[derive(Debug)]
pub struct Validation {
    node: NodeHandle,
    events: Receiver<Event>,
    directory: PathBuf,
    snapshot: KnownHeader,
    /// The last reason for which the second node refused a block.
    reason: Option<String>,
}

impl Validation {
    /// Begins to validate what `assumed` has in `directory`, or goes on with it. `builder` says through which relays or
    /// mesh; it should not mine. Returns `None` if the node did not begin with a snapshot.
    ///
    /// # Errors
    /// When the second store cannot be opened, the second node does not start, or the first one has stopped.
    pub async fn begin(
        builder: NodeBuilder,
        directory: &Path,
        assumed: &NodeHandle,
    ) -> Result<Option<Self>, ValidationError> {
        let Some(height) = assumed.status().await?.assumed else { return Ok(None) };
        let page = assumed.headers(height, 1).await?;
        // the block of the snapshot has no rival
        let Some(snapshot) = page.headers.first().copied() else { return Ok(None) };
        let (place, params) = (RedbStore::validation_directory(directory), assumed.params().clone());
        let opened = task::spawn_blocking(move || RedbStore::open(&place, &params)).await;
        let store = opened.map_err(|error| StoreError::Database(error.to_string()))??;
        let node = builder.store(store).spawn().await?;
        let events = node.events();
        Ok(Some(Self { node, events, directory: directory.to_owned(), snapshot, reason: None }))
    }

    /// Waits until the block of the snapshot is found valid, and notes that in the directory. The next start can
    /// [take the validated chain](RedbStore::adopt_validated). `report` receives the second node's height and the
    /// snapshot's. The future may be dropped, and the wait begun again.
    ///
    /// # Errors
    /// [`ValidationError::False`] when the block is not valid. When the second node has stopped, or the disk fails.
    pub async fn run(&mut self, mut report: impl FnMut(u64, u64)) -> Result<(), ValidationError> {
        let KnownHeader { header, hash, .. } = self.snapshot;
        let mut last = None;
        loop {
            let height = self.node.status().await?.tip.height.min(header.height);
            if last.replace(height) != Some(height) {
                report(height, header.height);
            }
            match self.standing().await? {
                Some(BlockStanding::Active) => {
                    // it may have come since the status was asked for
                    if last != Some(header.height) {
                        report(header.height, header.height);
                    }
                    return Ok(RedbStore::mark_validated(&self.directory)?);
                }
                Some(BlockStanding::Invalid { .. }) => {
                    let reason = self.reason.take().unwrap_or_else(|| "one of its blocks breaks a rule".to_owned());
                    let (height, claimed) = (header.height, header.state_root);
                    return Err(ValidationError::False { height, block: hash, claimed, reason });
                }
                _ => self.wait().await?,
            }
        }
    }

    /// Ends the second node.
    ///
    /// # Errors
    /// When its store failed.
    pub async fn shutdown(self) -> Result<(), Stopped> {
        self.node.shutdown().await
    }

    /// Returns the standing of the snapshot's block at the second node, `None` if it does not know the header.
    async fn standing(&self) -> Result<Option<BlockStanding>, Stopped> {
        let mut from = self.snapshot.header.height.into();
        loop {
            let page = self.node.headers(from, 64).await?;
            let is_above = |known: &KnownHeader| known.header.height > self.snapshot.header.height;
            if let Some(known) = page.headers.iter().find(|known| known.hash == self.snapshot.hash) {
                return Ok(Some(known.standing));
            }
            match page.next {
                Some(next) if !page.headers.iter().any(is_above) => from = next,
                _ => return Ok(None),
            }
        }
    }

    /// Waits for something that may have changed the standing.
    async fn wait(&mut self) -> Result<(), Stopped> {
        loop {
            match self.events.recv().await {
                Ok(Event::TipChanged { .. }) | Err(RecvError::Lagged(_)) => return Ok(()),
                Ok(Event::BlockRejected { hash, reason, .. }) => {
                    self.reason = Some(format!("block {hash} breaks a rule: {reason}"));
                    return Ok(());
                }
                Ok(_) => {}
                // the node reports the reason at the next request
                Err(RecvError::Closed) => return self.node.status().await.map(drop),
            }
        }
    }
}
