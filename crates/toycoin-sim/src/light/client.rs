//! A light client on relays or on a mesh: what the driver of the real one does, without sockets.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use toycoin_core::{Block, PublicKey};
use toycoin_light::machine::{
    Event, Input as LightInput, LightConfig, LightMachine, Output as LightOutput, SavedError, Server, Tip,
};
use toycoin_node::{
    client::{ClientEvent, RelayClient},
    machine::{Machine, Monotonic, Now},
    protocol::{Input, Judgement, Output, QuestionId, Via},
    relay::ConnectionId,
};
use toycoin_wire::{
    Channel, NodeId, Tag,
    node::{NodeMessage, Payload},
};

use crate::{light::Notebook, participant::Participant, planted::Planted};

/// Time between two copies of what the client keeps over a restart.
const SAVE_EVERY: Duration = Duration::from_secs(10);

/// The client's name for relays.
const AGENT: &str = "toycoin-light";

/// A light client that takes a node's place in the network. It follows the payments of one owner.
pub struct LightClient {
    machine: LightMachine,
    channel: Channel,
    relays: BTreeMap<ConnectionId, RelayClient>,
    mesh: Option<ConnectionId>,
    outputs: VecDeque<Output>,
    now: Now,
    notebook: Notebook,
    /// What a crash leaves.
    copy: Notebook,
    copy_at: Monotonic,
    /// Who was muted, with the reasons.
    muted: Vec<(NodeId, String)>,
    planted: Option<Planted>,
}

impl LightClient {
    /// Returns a client that knows genesis alone, or goes on from what an earlier one kept.
    ///
    /// # Errors
    /// When what was kept is of another network or does not hold together.
    ///
    /// # Panics
    /// Never, because the channel's name is valid.
    pub(crate) fn start(
        config: LightConfig,
        owner: PublicKey,
        kept: Notebook,
        planted: Option<Planted>,
        now: Now,
    ) -> Result<Self, SavedError> {
        let mut machine = match &kept.saved {
            Some(saved) => LightMachine::resume(config, saved)?,
            None => LightMachine::new(config),
        };
        machine.handle(now, LightInput::Watch { owner, birthday: 0 });
        Ok(Self {
            machine,
            channel: Channel::new("/topic/main").expect("a name of allowed characters"),
            relays: BTreeMap::new(),
            mesh: None,
            outputs: VecDeque::new(),
            now,
            notebook: kept.clone(),
            copy: kept,
            copy_at: now.monotonic,
            muted: Vec::new(),
            planted,
        })
    }

    /// Returns the tip whose work was proved: genesis until one is.
    pub fn tip(&self) -> Tip {
        self.machine.tip()
    }

    /// Returns the height up to which all blocks are searched, and the height up to which two servers gave the same
    /// filters.
    pub const fn progress(&self) -> (u64, u64) {
        self.machine.progress()
    }

    /// Returns the blocks that were reported as concerning the owner and not taken back, by height.
    pub const fn found(&self) -> &BTreeMap<u64, Block> {
        &self.notebook.found
    }

    /// Returns who was muted since the client's start, with the reasons.
    pub fn muted(&self) -> &[(NodeId, String)] {
        &self.muted
    }

    /// Returns the machine.
    pub const fn machine(&self) -> &LightMachine {
        &self.machine
    }

    /// Returns what a crash leaves.
    pub(crate) const fn copy(&self) -> &Notebook {
        &self.copy
    }

    fn tell(&mut self, input: LightInput<'_>) {
        self.machine.handle(self.now, input);
    }

    fn connected(&mut self, connection: ConnectionId, id: NodeId) {
        if let Ok(client) = RelayClient::new(self.now, id, AGENT, vec![self.channel.clone()]) {
            self.relays.insert(connection, client);
            self.flush(connection);
        }
    }

    fn received(&mut self, connection: ConnectionId, bytes: &[u8]) {
        let Some(client) = self.relays.get_mut(&connection) else { return };
        let (machine, now) = (&mut self.machine, self.now);
        let number = connection.0;
        let result = client.handle_bytes(now, bytes, &mut |event| match event {
            ClientEvent::Ready => machine.handle(now, LightInput::Opened { connection: number }),
            ClientEvent::Delivered { from, payload, .. } => {
                let server = Server { connection: number, peer: from };
                machine.handle(now, LightInput::Heard { server, payload });
            }
            // what was lost is asked for again by itself
            _ => {}
        });
        match result {
            Ok(()) => self.flush(connection),
            Err(error) => self.close(connection, error.to_string()),
        }
    }

    fn flush(&mut self, connection: ConnectionId) {
        while let Some(bytes) = self.relays.get_mut(&connection).and_then(RelayClient::take_output) {
            self.outputs.push_back(Output::Send { connection, bytes });
        }
    }

    fn close(&mut self, connection: ConnectionId, reason: String) {
        self.gone(connection);
        self.outputs.push_back(Output::Close { connection, reason });
    }

    fn gone(&mut self, connection: ConnectionId) {
        self.mesh.take_if(|mesh| *mesh == connection);
        self.relays.remove(&connection);
        self.tell(LightInput::Closed { connection: connection.0 });
    }

    fn wake(&mut self) {
        let now = self.now;
        let relays: Vec<_> = self.relays.keys().copied().collect();
        for connection in relays {
            let Some(client) = self.relays.get_mut(&connection) else { continue };
            match client.handle_timeout(now) {
                Ok(()) => self.flush(connection),
                Err(error) => self.close(connection, error.to_string()),
            }
        }
        self.tell(LightInput::Timeout);
    }

    fn heard(&mut self, connection: ConnectionId, peer: NodeId, via: Via, payload: &[u8]) {
        match via {
            // it forwards nothing: it could not judge that
            Via::Gossip(ticket) => self.outputs.push_back(Output::Judge { ticket, judgement: Judgement::Ignore }),
            Via::Question(question) => self.answer(connection, peer, question, payload),
            Via::Answer => {}
        }
        self.tell(LightInput::Heard { server: Server { connection: connection.0, peer }, payload });
    }

    /// Answers a peer's question: with our status, or not at all, since we have nothing else.
    fn answer(&mut self, connection: ConnectionId, peer: NodeId, question: QuestionId, payload: &[u8]) {
        if matches!(NodeMessage::decode(payload), Ok(Payload::Message(NodeMessage::Status(_))))
            && let Ok(status) = self.machine.status().encode()
        {
            let payload = Bytes::from(status);
            self.outputs.push_back(Output::Say { connection, to: Some(peer), answers: Some(question), payload });
        }
        self.outputs.push_back(Output::End { question });
    }

    /// Carries out what the machine says.
    fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                LightOutput::Ask { .. } if self.planted == Some(Planted::AsksNothing) => {}
                LightOutput::Ask { server, payload } => self.say(server.connection, Some(server.peer), payload),
                LightOutput::Tell { connection, payload } => self.say(connection, None, payload),
                LightOutput::Mute { server, time, reason } => {
                    self.muted.push((server.peer, reason));
                    if let Some(connection) = self.mesh.filter(|mesh| mesh.0 == server.connection) {
                        self.outputs.push_back(Output::Shun { connection, peer: server.peer, time });
                    }
                }
                LightOutput::Emit(event) => self.note(event),
            }
        }
        if self.now.monotonic >= self.copy_at + SAVE_EVERY {
            self.copy_at = self.now.monotonic;
            self.copy = self.notebook.copy(self.machine.save());
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Rewound { .. } if self.planted == Some(Planted::KeepsReplacedBlocks) => {}
            Event::Rewound { height } => self.notebook.rewind(height),
            Event::Block(block) => drop(self.notebook.found.insert(block.header.height, *block)),
            _ => {}
        }
    }

    fn say(&mut self, number: u64, to: Option<NodeId>, payload: Bytes) {
        let connection = ConnectionId(number);
        if self.mesh == Some(connection) {
            // a status is not gossiped; each peer is asked for its own
            if to.is_some() || payload.starts_with(&Tag::TXN.to_bytes()) {
                self.outputs.push_back(Output::Say { connection, to, answers: None, payload });
            }
            return;
        }
        let client = self.relays.get(&connection).filter(|client| client.is_ready());
        if let Some(Ok(bytes)) = client.map(|client| client.publish(&self.channel, to, &payload)) {
            self.outputs.push_back(Output::Send { connection, bytes });
        }
    }
}

impl Participant for LightClient {
    fn handle(&mut self, now: Now, input: Input<'_>) {
        self.now = now;
        match input {
            Input::Connected { connection, node_id, .. } => self.connected(connection, node_id),
            Input::Received { connection, bytes } => self.received(connection, bytes),
            Input::Disconnected { connection } => self.gone(connection),
            Input::MeshUp { connection } => {
                self.mesh = Some(connection);
                self.tell(LightInput::Opened { connection: connection.0 });
            }
            Input::Joined { connection, peer, .. } => {
                self.tell(LightInput::Joined { server: Server { connection: connection.0, peer } });
            }
            Input::Left { connection, peer } => {
                self.tell(LightInput::Left { server: Server { connection: connection.0, peer } });
            }
            Input::Heard { connection, from, via, payload } => self.heard(connection, from, via, payload),
            Input::Unanswered { connection, from, question, .. } => {
                if let Some(tag) = question.first_chunk() {
                    let server = Server { connection: connection.0, peer: from };
                    self.tell(LightInput::Unanswered { server, question: Tag::new(*tag) });
                }
            }
            Input::Timeout => self.wake(),
            // it reads its links as fast as they bring, forwards nothing and mines nothing
            Input::Written { .. }
            | Input::Missed { .. }
            | Input::Request { .. }
            | Input::Mined { .. }
            | Input::Refresh => {}
        }
        self.drain();
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        let relays = self.relays.values().filter_map(RelayClient::next_timeout);
        relays.chain(self.machine.next_timeout()).min()
    }

    fn light(&self) -> Option<&LightClient> {
        Some(self)
    }
}

impl std::fmt::Debug for LightClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LightClient").field("machine", &self.machine).finish_non_exhaustive()
    }
}
