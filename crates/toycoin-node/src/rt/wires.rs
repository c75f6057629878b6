//! What a client without a chain talks through: relays, and a mesh.
//!
//! It gives each connection a number, and says what happens on all of them in one list of events. What a relay says at
//! once, while something is sent, is in that list too.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use toycoin_light::machine::Server;
use toycoin_wire::{NodeId, NodeMessage, Payload, Tag};

use crate::{
    machine::{Monotonic, Now},
    protocol::{Judgement, QuestionId, Via},
    rt::{
        MeshCommand, MeshEvent, MeshPort, RelayState, TransportEvent,
        light::subscription::{Heard, Subscription},
    },
};

/// What happened on a connection.
#[derive(Debug)]
pub(super) enum WireEvent {
    Opened { connection: u64 },
    Closed { connection: u64 },
    Joined { server: Server },
    Left { server: Server },
    Heard { server: Server, payload: Bytes },
    Unanswered { server: Server, question: Tag },
}

/// What a relay's transport reports.
#[derive(Debug)]
pub(super) struct RelayMessage {
    pub(super) relay: usize,
    pub(super) event: TransportEvent,
}

/// Relays and a mesh.
#[derive(Debug)]
pub(super) struct Wires {
    relays: Vec<Relay>,
    mesh: Option<MeshPort>,
    /// The number of the mesh while it stands.
    mesh_connection: Option<u64>,
    /// The number of the next connection.
    next: u64,
    /// What a peer of the mesh is told that asks for our status.
    status: Bytes,
    events: VecDeque<WireEvent>,
}

#[derive(Debug)]
struct Relay {
    subscription: Subscription,
    /// The number of the connection that stands.
    connection: Option<u64>,
    state: RelayState,
}

impl Wires {
    pub(super) fn new(relays: Vec<Subscription>, mesh: Option<MeshPort>, status: &NodeMessage) -> Self {
        let relay = |subscription| Relay { subscription, connection: None, state: RelayState::Connecting };
        let relays = relays.into_iter().map(relay).collect();
        let status = status.encode().map(Bytes::from).unwrap_or_default();
        Self { relays, mesh, mesh_connection: None, next: 0, status, events: VecDeque::new() }
    }

    /// Takes the next event.
    pub(super) fn poll(&mut self) -> Option<WireEvent> {
        self.events.pop_front()
    }

    /// Returns the state of each relay.
    pub(super) fn relays(&self) -> Vec<RelayState> {
        self.relays.iter().map(|relay| relay.state.clone()).collect()
    }

    /// Returns when [`wake`](Self::wake) is to be called.
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.relays.iter().filter_map(|relay| relay.subscription.next_timeout()).min()
    }

    /// Returns the next event of the mesh, for [`hear`](Self::hear). It never comes without a mesh.
    pub(super) async fn mesh_event(&mut self) -> MeshEvent {
        match &mut self.mesh {
            Some(mesh) => match mesh.event().await {
                Some(event) => event,
                None => std::future::pending().await,
            },
            None => std::future::pending().await,
        }
    }

    /// Handles what a relay's transport reports.
    pub(super) fn receive(&mut self, now: Now, message: RelayMessage) {
        self.with(message.relay, |subscription, told| subscription.receive(now, message.event, told));
    }

    /// Handles the time of [`next_timeout`](Self::next_timeout).
    pub(super) fn wake(&mut self, now: Now) {
        for relay in 0..self.relays.len() {
            self.with(relay, |subscription, told| subscription.handle_timeout(now, told));
        }
    }

    /// Handles what happened on the mesh.
    pub(super) fn hear(&mut self, event: MeshEvent) {
        if let MeshEvent::Up = event {
            let connection = self.number();
            self.mesh_connection = Some(connection);
            self.events.push_back(WireEvent::Opened { connection });
            return;
        }
        let Some(connection) = self.mesh_connection else { return };
        let event = match event {
            // it forwards nothing, so it misses nothing
            MeshEvent::Up | MeshEvent::Missed { .. } => return,
            MeshEvent::Joined { peer, .. } => WireEvent::Joined { server: Server { connection, peer } },
            MeshEvent::Left { peer } => WireEvent::Left { server: Server { connection, peer } },
            MeshEvent::Heard { from, via, payload } => {
                match via {
                    // it forwards nothing: it could not judge that
                    Via::Gossip(ticket) => self.tell_mesh(MeshCommand::Judge(ticket, Judgement::Ignore)),
                    Via::Question(question) => self.answer(from, question, &payload),
                    Via::Answer => {}
                }
                WireEvent::Heard { server: Server { connection, peer: from }, payload }
            }
            MeshEvent::Unanswered { from, question, .. } => match question.first_chunk() {
                Some(tag) => {
                    WireEvent::Unanswered { server: Server { connection, peer: from }, question: Tag::new(*tag) }
                }
                None => return,
            },
            MeshEvent::Down { reason } => {
                tracing::info!(reason, "the mesh is gone");
                self.mesh_connection = None;
                WireEvent::Closed { connection }
            }
        };
        self.events.push_back(event);
    }

    /// Says something to one server, or to all on a connection.
    pub(super) fn say(&mut self, connection: u64, to: Option<NodeId>, payload: Bytes) {
        if self.mesh_connection == Some(connection) {
            // a status is not gossiped; each peer is asked for its own
            if to.is_some() || payload.starts_with(&Tag::TXN.to_bytes()) {
                self.tell_mesh(MeshCommand::Say { to, answers: None, payload });
            }
            return;
        }
        let relay = self.relays.iter().position(|relay| relay.connection == Some(connection));
        if let Some(relay) = relay {
            self.with(relay, |subscription, told| subscription.publish(to, &payload, told));
        }
    }

    /// Notes that a server is muted, and has no connection with it for a time if it is on the mesh.
    pub(super) fn shun(&self, server: Server, time: Duration, reason: &str) {
        tracing::info!(peer = %server.peer, reason, "muted");
        if self.mesh_connection == Some(server.connection) {
            self.tell_mesh(MeshCommand::Shun { peer: server.peer, time });
        }
    }

    /// Lets a relay's subscription do something, and notes what it says meanwhile.
    fn with(&mut self, place: usize, act: impl FnOnce(&mut Subscription, &mut dyn FnMut(Heard<'_>))) {
        let Self { relays, next, events, .. } = self;
        let Some(Relay { subscription, connection, state }) = relays.get_mut(place) else { return };
        act(subscription, &mut |heard| match heard {
            Heard::Ready => {
                let number = *next;
                *next += 1;
                (*connection, *state) = (Some(number), RelayState::Ready);
                events.push_back(WireEvent::Opened { connection: number });
            }
            Heard::Message { from, payload } => {
                if let Some(connection) = *connection {
                    let (server, payload) = (Server { connection, peer: from }, Bytes::copy_from_slice(payload));
                    events.push_back(WireEvent::Heard { server, payload });
                }
            }
            Heard::Gone { reason } => {
                *state = RelayState::Failed { reason };
                events.extend(connection.take().map(|connection| WireEvent::Closed { connection }));
            }
        });
    }

    /// Answers a peer's question: with our status, or not at all, since we have nothing else.
    fn answer(&self, from: NodeId, question: QuestionId, payload: &[u8]) {
        if matches!(NodeMessage::decode(payload), Ok(Payload::Message(NodeMessage::Status(_)))) {
            let payload = self.status.clone();
            self.tell_mesh(MeshCommand::Say { to: Some(from), answers: Some(question), payload });
        }
        self.tell_mesh(MeshCommand::End(question));
    }

    fn tell_mesh(&self, command: MeshCommand) {
        if let Some(mesh) = &self.mesh {
            mesh.command(command);
        }
    }

    const fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }
}
