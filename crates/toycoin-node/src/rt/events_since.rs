//! The active chain's moves from a block that somebody saw last: what a wallet or an index lives on.

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
    /// It left: the highest comes first.
    Disconnected(Arc<CheckedBlock>),
    /// It entered: the lowest comes first.
    Connected(Arc<CheckedBlock>),
}

/// The moves of the tip from a block on; see [`NodeHandle::events_since`].
///
/// Live events only say that there is something new; what it is, the node is asked. So a reader that is slow, or that
/// lost its place, misses nothing. It holds a handle, so its node lives at least as long.
#[derive(Debug)]
pub struct EventsSince {
    node: NodeHandle,
    live: Receiver<Event>,
    /// Where the blocks that were asked for end.
    at: BlockHash,
    waiting: VecDeque<BlockEvent>,
    /// The tip was reached, and nothing has been heard since.
    complete: bool,
}

impl EventsSince {
    pub(super) fn new(node: NodeHandle, block: BlockHash) -> Self {
        // listens before it asks: nothing falls between
        let live = node.events();
        Self { node, live, at: block, waiting: VecDeque::new(), complete: false }
    }

    /// Returns the next block, once there is one; `None` when the node has stopped. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the node does not know the block that was to be gone on from.
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
