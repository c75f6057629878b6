//! The port between a node and its mesh: two ends of two channels.
//!
//! The node has one end, and whoever carries the messages (`toycoin-p2p`) has the other. So the node knows nothing of
//! libp2p, and the carrier knows nothing of chains.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use toycoin_wire::NodeId;

use crate::{
    protocol::{Direction, Input, Judgement, Missed, QuestionId, Response, Ticket, Unanswered, Via},
    relay::ConnectionId,
    rt::connections::Connections,
};

/// The node's end; pass it to [`NodeBuilder::mesh`](crate::NodeBuilder::mesh).
#[derive(Debug)]
pub struct MeshPort {
    events: mpsc::Receiver<MeshEvent>,
    commands: mpsc::UnboundedSender<MeshCommand>,
}

/// The carrier's end. The mesh ends when it is dropped.
#[derive(Debug)]
pub struct MeshEnd {
    events: mpsc::Sender<MeshEvent>,
    commands: mpsc::UnboundedReceiver<MeshCommand>,
}

/// The half of a carrier's end that tells the node things. It comes from [`MeshEnd::split`].
#[derive(Debug)]
pub struct MeshTeller(mpsc::Sender<MeshEvent>);

/// The half of a carrier's end that hears the node's commands. It comes from [`MeshEnd::split`].
#[derive(Debug)]
pub struct MeshCommands(mpsc::UnboundedReceiver<MeshCommand>);

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
    /// What a neighbour gossiped was dropped before it was judged: too much waits, or the neighbour has not joined.
    Missed {
        /// The neighbour.
        from: NodeId,
        /// What it was about.
        what: Missed,
    },
    /// A peer that has joined answered a question of the node in part or not at all, after what it did answer. That is
    /// told for questions for headers, blocks and transactions.
    Unanswered {
        /// The peer that was asked.
        from: NodeId,
        /// The payload of the question, or of a part of it: tag and body.
        question: Bytes,
        /// The reason.
        why: Unanswered,
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

/// A node's mesh as its driver sees it: what its carrier tells becomes inputs of the machine, and outputs become
/// commands.
#[derive(Debug)]
pub(super) struct Mesh {
    port: MeshPort,
    /// The machine's name for the mesh while it stands.
    connection: Option<ConnectionId>,
    /// Where each peer is.
    addresses: BTreeMap<NodeId, String>,
    joined: watch::Sender<usize>,
}

impl Mesh {
    /// Returns the mesh behind a port, and the number of its peers.
    pub(super) fn new(port: MeshPort) -> (Self, watch::Receiver<usize>) {
        let (joined, watched) = watch::channel(0);
        (Self { port, connection: None, addresses: BTreeMap::new(), joined }, watched)
    }

    /// Returns the next event. It never comes once the carrier is gone.
    pub(super) async fn next(&mut self) -> MeshEvent {
        if let Some(event) = self.port.events.recv().await {
            return event;
        }
        if self.connection.is_some() {
            return MeshEvent::Down { reason: "its carrier has ended".to_owned() };
        }
        std::future::pending().await
    }

    /// Returns what the machine must learn of an event.
    pub(super) fn receive<'a>(&mut self, event: &'a MeshEvent, connections: &mut Connections) -> Option<Input<'a>> {
        match event {
            MeshEvent::Up => {
                // a carrier that says it twice has no other mesh
                let connection = *self.connection.get_or_insert_with(|| connections.name_another());
                Some(Input::MeshUp { connection })
            }
            MeshEvent::Joined { peer, direction, address } => {
                let connection = self.connection?;
                self.addresses.insert(*peer, address.clone());
                Some(Input::Joined { connection, peer: *peer, direction: *direction })
            }
            MeshEvent::Left { peer } => {
                self.addresses.remove(peer);
                Some(Input::Left { connection: self.connection?, peer: *peer })
            }
            MeshEvent::Heard { from, via, payload } => match self.connection {
                Some(connection) => Some(Input::Heard { connection, from: *from, via: *via, payload }),
                None => {
                    self.leave(*via);
                    None
                }
            },
            MeshEvent::Missed { from, what } => {
                let connection = self.connection?;
                Some(Input::Missed { connection, from: *from, what })
            }
            MeshEvent::Unanswered { from, question, why } => {
                let connection = self.connection?;
                Some(Input::Unanswered { connection, from: *from, question, why: *why })
            }
            MeshEvent::Down { reason } => {
                self.addresses.clear();
                let connection = self.connection.take()?;
                tracing::info!(reason, "the mesh is gone");
                Some(Input::Disconnected { connection })
            }
        }
    }

    /// Owes nothing for a message that the machine does not hear.
    fn leave(&self, via: Via) {
        match via {
            Via::Gossip(ticket) => self.tell(MeshCommand::Judge(ticket, Judgement::Ignore)),
            Via::Question(question) => self.tell(MeshCommand::End(question)),
            Via::Answer => {}
        }
    }

    /// Tells handles how many peers there are, once the machine knows them.
    pub(super) fn publish_peers(&self) {
        let joined = self.addresses.len();
        self.joined.send_if_modified(|before| std::mem::replace(before, joined) != joined);
    }

    /// Tells the carrier something.
    pub(super) fn tell(&self, command: MeshCommand) {
        // a carrier that has ended needs nothing
        let _ = self.port.commands.send(command);
    }

    /// Adds the addresses of the mesh's peers.
    pub(super) fn add_addresses(&self, response: &mut Response) {
        if let Response::Peers(peers) = response {
            for peer in peers.iter_mut().filter(|peer| Some(peer.connection) == self.connection) {
                peer.address = self.addresses.get(&peer.id).cloned();
            }
        }
    }
}

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

    /// Splits the end in two, for a carrier that waits for room and for commands at the same time.
    pub fn split(self) -> (MeshTeller, MeshCommands) {
        (MeshTeller(self.events), MeshCommands(self.commands))
    }
}

impl MeshTeller {
    /// Tells the node something, as [`MeshEnd::try_tell`] does.
    ///
    /// # Errors
    /// [`Full`] when the node is behind or has ended; it has not heard the event then.
    pub fn try_tell(&self, event: MeshEvent) -> Result<(), Full> {
        self.0.try_send(event).map_err(|_| Full)
    }

    /// Waits until the node has room for another event, or has ended.
    pub async fn ready(&self) {
        let _ = self.0.reserve().await;
    }
}

impl MeshCommands {
    /// Returns the node's next command; `None` once the node has ended. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<MeshCommand> {
        self.0.recv().await
    }
}

impl MeshPort {
    /// Returns the next event; `None` once the carrier has ended. Dropping the future loses nothing.
    pub(super) async fn event(&mut self) -> Option<MeshEvent> {
        self.events.recv().await
    }

    /// Tells the carrier something; it is lost if the carrier has ended.
    pub(super) fn command(&self, command: MeshCommand) {
        let _ = self.commands.send(command);
    }
}

/// The node's part of the port, for tests of a carrier without a node.
#[cfg(feature = "test-util")]
impl MeshPort {
    /// Returns the carrier's next event; `None` once the carrier has ended.
    pub async fn next_event(&mut self) -> Option<MeshEvent> {
        self.event().await
    }

    /// Tells the carrier something; it is lost if the carrier has ended.
    pub fn tell(&self, command: MeshCommand) {
        self.command(command);
    }
}
