//! The port between a node and its mesh: two ends of two channels.
//!
//! The node has one end, and whoever carries the messages (`toycoin-p2p`) has the other. So the node knows nothing of
//! libp2p, and the carrier knows nothing of chains.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use toycoin_wire::NodeId;

use crate::protocol::{Direction, Judgement, QuestionId, Ticket, Via};

/// The node's end; pass it to [`NodeBuilder::mesh`](crate::NodeBuilder::mesh).
#[derive(Debug)]
pub struct MeshPort {
    pub(super) events: mpsc::Receiver<MeshEvent>,
    pub(super) commands: mpsc::UnboundedSender<MeshCommand>,
}

/// The carrier's end. The mesh ends when it is dropped.
#[derive(Debug)]
pub struct MeshEnd {
    events: mpsc::Sender<MeshEvent>,
    commands: mpsc::UnboundedReceiver<MeshCommand>,
}

/// What a mesh tells its node. It begins with `Up`; `Down` ends it, and another `Up` may follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeshEvent {
    /// The mesh stands, without peers so far.
    Up,
    /// A peer has joined.
    Joined {
        /// The peer's name, which it cannot choose.
        peer: NodeId,
        /// Who dialled.
        direction: Direction,
        /// Where it is, as text for people.
        address: String,
    },
    /// A peer that had joined is gone.
    Left {
        /// The peer.
        peer: NodeId,
    },
    /// A message of a peer that has joined.
    Heard {
        /// The neighbour from which it came.
        from: NodeId,
        /// How it came.
        via: Via,
        /// The payload: tag and body.
        payload: Bytes,
    },
    /// The mesh is gone, with all its peers.
    Down {
        /// The reason, for logs.
        reason: String,
    },
}

/// What a node tells its mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeshCommand {
    /// Say something.
    Say {
        /// To one peer; `None` publishes it by gossip.
        to: Option<NodeId>,
        /// The question that it answers. Without one it is a question of ours, or gossip.
        answers: Option<QuestionId>,
        /// The payload: tag and body.
        payload: Bytes,
    },
    /// No further answer to a question follows.
    End(QuestionId),
    /// Whether a gossiped message goes on.
    Judge(Ticket, Judgement),
    /// Have no connection with a peer for a time.
    Shun {
        /// The peer.
        peer: NodeId,
        /// For how long.
        time: Duration,
    },
}

/// The node has as many events waiting as the port holds, or has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the node is behind, or has ended")]
pub struct Full;

/// Returns a port, in which at most `queue` events wait for the node.
///
/// # Panics
/// If `queue` is 0.
pub fn mesh_port(queue: usize) -> (MeshPort, MeshEnd) {
    let (sender, events) = mpsc::channel(queue);
    // What waits here is bounded by what the machine is told: one judgement a ticket, one end and bounded answers a
    // question, and its own messages have rates.
    let (commands, receiver) = mpsc::unbounded_channel();
    (MeshPort { events, commands }, MeshEnd { events: sender, commands: receiver })
}

impl MeshEnd {
    /// Tells the node something.
    ///
    /// # Errors
    /// [`Full`] when the node is behind or has ended; it has not heard the event then.
    pub fn try_tell(&self, event: MeshEvent) -> Result<(), Full> {
        self.events.try_send(event).map_err(|_| Full)
    }

    /// Returns the node's next command; `None` once the node has ended. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<MeshCommand> {
        self.commands.recv().await
    }

    /// Waits until the node has room for another event, or has ended.
    pub async fn ready(&self) {
        // an error means that the node has ended, which `next` reports
        let _ = self.events.reserve().await;
    }
}
