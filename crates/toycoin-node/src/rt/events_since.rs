//! The active chain's moves since a given block, for wallets and indexes.

use std::{collections::VecDeque, sync::Arc};

use tokio::sync::broadcast::{Receiver, error::RecvError};
use toycoin_core::{BlockHash, CheckedBlock};

use crate::{
    protocol::Event,
    rt::{NodeHandle, SinceError},
};

/// A block that left or entered the active chain.
#[derive(Debug, Clone)]
pub enum BlockEvent {
    /// It left the active chain. The highest such block comes first.
    Disconnected(Arc<CheckedBlock>),
    /// It entered the active chain. The lowest such block comes first.
    Connected(Arc<CheckedBlock>),
}

/// The moves of the tip since a given block; see [`NodeHandle::events_since`].
///
/// Live events only signal that something changed; the changes themselves come from the node on request. So a reader
/// that is slow or was disconnected misses nothing. This value holds a handle, so its node lives at least as long.
#[derive(Debug)]
pub struct EventsSince {
    node: NodeHandle,
    live: Receiver<Event>,
    /// The last block of the moves that were requested so far.
    at: BlockHash,
    waiting: VecDeque<BlockEvent>,
    /// Whether the tip was reached and no event has come since.
    complete: bool,
}

impl NodeHandle {
    /// Returns the blocks that left and entered the active chain since `block`, and then the following moves as they
    /// happen.
    ///
    /// However slow the reader is, it gets every move exactly once, which [`events`](Self::events) cannot guarantee.
    pub fn events_since(&self, block: BlockHash) -> EventsSince {
        EventsSince::new(self.clone(), block)
    }
}

impl EventsSince {
    pub(super) fn new(node: NodeHandle, block: BlockHash) -> Self {
        // subscribes before it asks, so that no move falls between
        let live = node.events();
        Self { node, live, at: block, waiting: VecDeque::new(), complete: false }
    }

    /// Returns the next block once there is one, or `None` when the node has stopped. Dropping the future loses
    /// nothing.
    ///
    /// # Errors
    /// When the node does not know the block from which to continue.
    pub async fn next(&mut self) -> Result<Option<BlockEvent>, SinceError> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            if self.complete {
                match self.live.recv().await {
                    Ok(Event::TipChanged { .. }) | Err(RecvError::Lagged(_)) => self.complete = false,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return Ok(None),
                }
                continue;
            }
            let since = match self.node.blocks_since(self.at).await {
                Ok(since) => since,
                Err(SinceError::Stopped(_)) => return Ok(None),
                Err(error) => return Err(error),
            };
            if let Some(block) = since.connected.last() {
                self.at = block.hash();
            } else if let Some(block) = since.disconnected.last() {
                self.at = block.block().header.previous;
            }
            self.complete = since.complete;
            self.waiting.extend(since.disconnected.into_iter().map(BlockEvent::Disconnected));
            self.waiting.extend(since.connected.into_iter().map(BlockEvent::Connected));
        }
    }
}
