//! The loop around a light client's machine.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use toycoin_core::PublicKey;
use toycoin_light::machine::{Event, Input, LightMachine, Output, Server};
use toycoin_wire::{NodeId, NodeMessage, Payload, Tag};

use super::{
    client::{Command, LightStatus},
    subscription::{Heard, Subscription},
};
use crate::{
    limits::DRIVER_QUEUE,
    machine::Machine,
    protocol::{Judgement, QuestionId, Via},
    rt::{MeshCommand, MeshEvent, MeshPort, RelayState, TransportEvent, clock::Clock},
};

/// What a relay's transport reports.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) relay: usize,
    pub(super) event: TransportEvent,
}

/// The machine with what it talks through.
#[derive(Debug)]
pub(super) struct Driver {
    machine: LightMachine,
    clock: Clock,
    relays: Vec<Relay>,
    mesh: Option<MeshPort>,
    /// The machine's name for the mesh while it stands.
    mesh_connection: Option<u64>,
    /// The number of the next connection.
    next: u64,
    events: mpsc::Sender<Event>,
    waiting: VecDeque<Event>,
}

#[derive(Debug)]
struct Relay {
    subscription: Subscription,
    /// The machine's name for the connection that stands.
    connection: Option<u64>,
    state: RelayState,
}

/// What comes next.
enum Next {
    /// `None` once the handle is dropped.
    Command(Option<Command>),
    Message(Message),
    Mesh(MeshEvent),
    Timeout,
    /// An event was taken.
    Taken,
}

/// What the machine is told of a relay, put aside while the subscription is borrowed.
#[derive(Debug)]
enum Told {
    Ready,
    Message(NodeId, Bytes),
    Gone(String),
}

impl Driver {
    pub(super) fn new(
        machine: LightMachine,
        clock: Clock,
        relays: Vec<Subscription>,
        mesh: Option<MeshPort>,
        events: mpsc::Sender<Event>,
    ) -> Self {
        let relay = |subscription| Relay { subscription, connection: None, state: RelayState::Connecting };
        let relays = relays.into_iter().map(relay).collect();
        Self { machine, clock, relays, mesh, mesh_connection: None, next: 0, events, waiting: VecDeque::new() }
    }

    /// Runs until the handle is dropped.
    pub(super) async fn run(
        mut self,
        owners: Vec<(PublicKey, u64)>,
        mut messages: mpsc::Receiver<Message>,
        mut commands: mpsc::Receiver<Command>,
    ) {
        for (owner, birthday) in owners {
            self.tell(Input::Watch { owner, birthday });
        }
        loop {
            self.drain();
            let timeouts = self.relays.iter().filter_map(|relay| relay.subscription.next_timeout());
            let timeout = timeouts.chain(self.machine.next_timeout()).min().map(|at| self.clock.instant(at));
            // who does not take its events gets no new ones
            let may_hear = self.waiting.len() < DRIVER_QUEUE;
            let next = tokio::select! {
                command = commands.recv() => Next::Command(command),
                permit = self.events.reserve(), if !self.waiting.is_empty() => match permit {
                    Ok(permit) => {
                        if let Some(event) = self.waiting.pop_front() {
                            permit.send(event);
                        }
                        Next::Taken
                    }
                    Err(_) => return,
                },
                Some(message) = messages.recv(), if may_hear => Next::Message(message),
                event = next_of(self.mesh.as_mut()), if may_hear => Next::Mesh(event),
                () = sleep_until(timeout.unwrap_or_else(Instant::now)), if timeout.is_some() => Next::Timeout,
            };
            match next {
                Next::Command(Some(command)) => self.obey(command),
                Next::Command(None) => return,
                Next::Message(Message { relay, event }) => self.receive(relay, event),
                Next::Mesh(event) => self.hear(event),
                Next::Timeout => self.wake(),
                Next::Taken => {}
            }
        }
    }

    fn tell(&mut self, input: Input<'_>) {
        self.machine.handle(self.clock.now(), input);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Watch { owner, birthday } => self.tell(Input::Watch { owner, birthday }),
            Command::Pay(transaction) => self.tell(Input::Pay { transaction: *transaction }),
            Command::Forget(txid) => self.tell(Input::Forget { txid }),
            Command::Prove(txid) => self.tell(Input::Prove { txid }),
            // a caller that no longer waits needs no answer
            Command::Status(reply) => drop(reply.send(self.status())),
            Command::Save(reply) => drop(reply.send(self.machine.save())),
        }
    }

    fn status(&self) -> LightStatus {
        let (searched, confirmed) = self.machine.progress();
        LightStatus {
            tip: self.machine.tip(),
            claimed: self.machine.claimed_height(),
            searched,
            confirmed,
            servers: self.machine.servers(),
            company: self.machine.company(),
            relays: self.relays.iter().map(|relay| relay.state.clone()).collect(),
        }
    }

    fn receive(&mut self, place: usize, event: TransportEvent) {
        let now = self.clock.now();
        let mut told = Vec::new();
        if let Some(relay) = self.relays.get_mut(place) {
            relay.subscription.receive(now, event, &mut |heard| told.push(Told::from(heard)));
        }
        self.pass_on(place, told);
    }

    fn wake(&mut self) {
        let now = self.clock.now();
        for place in 0..self.relays.len() {
            let mut told = Vec::new();
            if let Some(relay) = self.relays.get_mut(place) {
                relay.subscription.handle_timeout(now, &mut |heard| told.push(Told::from(heard)));
            }
            self.pass_on(place, told);
        }
        self.tell(Input::Timeout);
    }

    /// Tells the machine what happened on a relay.
    fn pass_on(&mut self, place: usize, told: Vec<Told>) {
        for told in told {
            let Some(relay) = self.relays.get_mut(place) else { return };
            match told {
                Told::Ready => {
                    let connection = self.next;
                    self.next += 1;
                    (relay.connection, relay.state) = (Some(connection), RelayState::Ready);
                    self.tell(Input::Opened { connection });
                }
                Told::Message(peer, payload) => {
                    if let Some(connection) = relay.connection {
                        self.tell(Input::Heard { server: Server { connection, peer }, payload: &payload });
                    }
                }
                Told::Gone(reason) => {
                    relay.state = RelayState::Failed { reason };
                    if let Some(connection) = relay.connection.take() {
                        self.tell(Input::Closed { connection });
                    }
                }
            }
        }
    }

    fn hear(&mut self, event: MeshEvent) {
        if let MeshEvent::Up = event {
            let connection = self.next;
            self.next += 1;
            self.mesh_connection = Some(connection);
            return self.tell(Input::Opened { connection });
        }
        let Some(connection) = self.mesh_connection else { return };
        match event {
            // it forwards nothing, so it misses nothing
            MeshEvent::Up | MeshEvent::Missed { .. } => {}
            MeshEvent::Joined { peer, .. } => self.tell(Input::Joined { server: Server { connection, peer } }),
            MeshEvent::Left { peer } => self.tell(Input::Left { server: Server { connection, peer } }),
            MeshEvent::Heard { from, via, payload } => {
                match via {
                    // it forwards nothing: it could not judge that
                    Via::Gossip(ticket) => self.tell_mesh(MeshCommand::Judge(ticket, Judgement::Ignore)),
                    Via::Question(question) => self.answer(from, question, &payload),
                    Via::Answer => {}
                }
                self.tell(Input::Heard { server: Server { connection, peer: from }, payload: &payload });
            }
            MeshEvent::Unanswered { from, question, .. } => {
                if let Some(tag) = question.first_chunk() {
                    let question = Tag::new(*tag);
                    self.tell(Input::Unanswered { server: Server { connection, peer: from }, question });
                }
            }
            MeshEvent::Down { reason } => {
                tracing::info!(reason, "the mesh is gone");
                self.mesh_connection = None;
                self.tell(Input::Closed { connection });
            }
        }
    }

    /// Answers a peer's question: with our status, or not at all, since we have nothing else.
    fn answer(&self, from: NodeId, question: QuestionId, payload: &[u8]) {
        if matches!(NodeMessage::decode(payload), Ok(Payload::Message(NodeMessage::Status(_))))
            && let Ok(status) = self.machine.status().encode()
        {
            let payload = Bytes::from(status);
            self.tell_mesh(MeshCommand::Say { to: Some(from), answers: Some(question), payload });
        }
        self.tell_mesh(MeshCommand::End(question));
    }

    fn tell_mesh(&self, command: MeshCommand) {
        if let Some(mesh) = &self.mesh {
            mesh.command(command);
        }
    }

    /// Carries out the machine's outputs.
    fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Ask { server, payload } => self.say(server.connection, Some(server.peer), payload),
                Output::Tell { connection, payload } => self.say(connection, None, payload),
                Output::Mute { server, time, reason } => {
                    tracing::info!(peer = %server.peer, reason, "muted");
                    if self.mesh_connection == Some(server.connection) {
                        self.tell_mesh(MeshCommand::Shun { peer: server.peer, time });
                    }
                }
                Output::Emit(event) => self.waiting.push_back(event),
            }
        }
    }

    fn say(&mut self, connection: u64, to: Option<NodeId>, payload: Bytes) {
        if self.mesh_connection == Some(connection) {
            // a status is not gossiped; each peer is asked for its own
            if to.is_some() || payload.starts_with(&Tag::TXN.to_bytes()) {
                self.tell_mesh(MeshCommand::Say { to, answers: None, payload });
            }
            return;
        }
        let Some(place) = self.relays.iter().position(|relay| relay.connection == Some(connection)) else { return };
        let mut told = Vec::new();
        if let Some(relay) = self.relays.get_mut(place) {
            relay.subscription.publish(to, &payload, &mut |heard| told.push(Told::from(heard)));
        }
        self.pass_on(place, told);
    }
}

impl From<Heard<'_>> for Told {
    fn from(heard: Heard<'_>) -> Self {
        match heard {
            Heard::Ready => Self::Ready,
            Heard::Message { from, payload } => Self::Message(from, Bytes::copy_from_slice(payload)),
            Heard::Gone { reason } => Self::Gone(reason),
        }
    }
}

/// Returns the next event of the mesh. It never comes without one.
async fn next_of(mesh: Option<&mut MeshPort>) -> MeshEvent {
    match mesh {
        Some(mesh) => match mesh.event().await {
            Some(event) => event,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
