//! Wrapper around an honest machine that passes its messages through a tactic.
//!
//! On a mesh the tactic sees questions, answers and statuses, which have one receiver. Gossip passes it.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use toycoin_node::{
    machine::{Machine, Monotonic, Now},
    protocol::{Input, NodeMachine, Output, QuestionId, Via},
    relay::ConnectionId,
};
use toycoin_wire::{
    Channel, Frame, NodeId, Tag,
    node::{NodeMessage, Payload},
    relay::{Publish, RelayMessage},
};

use crate::{
    adversary::{Said, Scene, Tactic},
    dice::Dice,
    participant::Participant,
    store::CrashStore,
};

/// An honest machine with a tactic that tampers with its messages.
pub struct Tampering {
    inner: NodeMachine<CrashStore>,
    tactic: Box<dyn Tactic>,
    dice: Dice,
    now: Now,
    next_tick: Duration,
    outputs: VecDeque<Output>,
    /// Connections on which a frame has arrived; a tick uses only these. The value is always `true`.
    ready: BTreeMap<ConnectionId, bool>,
    /// The mesh that stands.
    mesh: Option<ConnectionId>,
    channel: Channel,
}

impl Tampering {
    /// Wraps a machine.
    ///
    /// # Panics
    /// Never, because the channel's name is valid.
    pub fn new(inner: NodeMachine<CrashStore>, tactic: Box<dyn Tactic>, dice: Dice) -> Self {
        let next_tick = Duration::from_secs(3) + tactic.interval();
        let channel = Channel::new("/topic/main").expect("a name of allowed characters");
        let (now, outputs, ready) = (Now::default(), VecDeque::new(), BTreeMap::new());
        Self { inner, tactic, dice, now, next_tick, outputs, ready, mesh: None, channel }
    }

    fn scene<'a>(inner: &'a NodeMachine<CrashStore>, now: Now, dice: &'a mut Dice) -> Scene<'a> {
        Scene { chain: inner.chain(), unix_ms: now.unix_ms, dice }
    }

    /// Forwards the machine's outputs, each message through the tactic.
    fn drain(&mut self) {
        while let Some(output) = Machine::poll_output(&mut self.inner) {
            let (connection, bytes) = match output {
                Output::Send { connection, bytes } => (connection, bytes),
                Output::Say { connection, to: Some(to), answers, payload } => {
                    self.say_directly(connection, to, answers, payload);
                    continue;
                }
                other => {
                    self.outputs.push_back(other);
                    continue;
                }
            };
            // the tactic decides what is really sent, so the machine inside is informed at once that everything was
            // written
            let written = Input::Written { connection, bytes: bytes.len() as u64 };
            Machine::handle(&mut self.inner, self.now, written);
            for (frame, whole) in frames(&bytes) {
                match published(frame) {
                    Some((to, message)) => {
                        let mut scene = Self::scene(&self.inner, self.now, &mut self.dice);
                        for said in self.tactic.outgoing((to, message), &mut scene) {
                            self.say(connection, said);
                        }
                    }
                    None => self.outputs.push_back(Output::Send { connection, bytes: whole.to_vec().into() }),
                }
            }
        }
    }

    fn say(&mut self, connection: ConnectionId, (to, message): Said) {
        if let Ok(payload) = message.encode() {
            let mut scene = Self::scene(&self.inner, self.now, &mut self.dice);
            let payload = self.tactic.encoded(to, payload, &mut scene);
            let bytes = self.frame(to, &payload);
            self.outputs.push_back(Output::Send { connection, bytes: bytes.into() });
        }
    }

    /// Passes a message to one peer of a mesh through the tactic.
    fn say_directly(&mut self, connection: ConnectionId, to: NodeId, answers: Option<QuestionId>, payload: Bytes) {
        let Ok(Payload::Message(message)) = NodeMessage::decode(&payload) else {
            return self.outputs.push_back(Output::Say { connection, to: Some(to), answers, payload });
        };
        let mut scene = Self::scene(&self.inner, self.now, &mut self.dice);
        for said in self.tactic.outgoing((Some(to), message), &mut scene) {
            self.say_on_mesh(connection, said, answers);
        }
    }

    /// Says something to one peer of a mesh. The tactic gossips nothing.
    fn say_on_mesh(&mut self, connection: ConnectionId, (to, message): Said, answers: Option<QuestionId>) {
        if let Ok(payload) = message.encode()
            && to.is_some()
        {
            let mut scene = Self::scene(&self.inner, self.now, &mut self.dice);
            let payload = self.tactic.encoded(to, payload, &mut scene).into();
            self.outputs.push_back(Output::Say { connection, to, answers, payload });
        }
    }

    /// Lets the tactic answer what one peer of a mesh said. Returns whether the machine inside is to hear it.
    fn heard(&mut self, connection: ConnectionId, from: NodeId, via: Via, payload: &[u8]) -> bool {
        let question = match via {
            Via::Gossip(_) => return true,
            Via::Question(question) => Some(question),
            Via::Answer => None,
        };
        let Ok(Payload::Message(message)) = NodeMessage::decode(payload) else { return true };
        let mut scene = Self::scene(&self.inner, self.now, &mut self.dice);
        let Some(answer) = self.tactic.incoming(from, &message, &mut scene) else { return true };
        // what it says to an answer would be a question, and so on without end
        if let Some(question) = question {
            answer.into_iter().for_each(|said| self.say_on_mesh(connection, said, Some(question)));
            self.outputs.push_back(Output::End { question });
        }
        false
    }

    /// Returns the frame that publishes a payload; nothing if the payload is too long for a frame.
    fn frame(&self, to: Option<NodeId>, payload: &[u8]) -> Vec<u8> {
        let publish = Publish { channel: self.channel.borrowed(), to, payload };
        RelayMessage::Publish(publish).to_frame().unwrap_or_default()
    }

    /// Lets the tactic send its messages, in one write per connection.
    fn tick(&mut self) {
        self.next_tick = self.now.monotonic.since_origin() + self.tactic.interval();
        let connections: Vec<_> = self.ready.keys().copied().collect();
        let mut scene = Self::scene(&self.inner, self.now, &mut self.dice);
        let said = self.tactic.tick(&mut scene);
        let payloads = self.tactic.payloads(&mut scene);
        if let Some(mesh) = self.mesh {
            said.iter().for_each(|said| self.say_on_mesh(mesh, said.clone(), None));
        }
        let said = said.iter().filter_map(|(to, message)| Some(self.frame(*to, &message.encode().ok()?)));
        let bytes: Vec<u8> = said.chain(payloads.iter().map(|payload| self.frame(None, payload))).flatten().collect();
        for connection in connections {
            if !bytes.is_empty() {
                self.outputs.push_back(Output::Send { connection, bytes: bytes.clone().into() });
            }
            if self.tactic.hangs_up() {
                self.ready.remove(&connection);
                Machine::handle(&mut self.inner, self.now, Input::Disconnected { connection });
                self.drain();
                self.outputs.push_back(Output::Close { connection, reason: "it comes back as somebody else".into() });
            }
        }
    }

    fn received(&mut self, connection: ConnectionId, bytes: &[u8]) {
        let now = self.now;
        for (frame, whole) in frames(bytes) {
            self.ready.insert(connection, true);
            let answer = match RelayMessage::decode(frame) {
                Ok(RelayMessage::Deliver(deliver)) => match NodeMessage::decode(deliver.payload) {
                    Ok(Payload::Message(message)) => {
                        let mut scene = Self::scene(&self.inner, now, &mut self.dice);
                        self.tactic.incoming(deliver.from, &message, &mut scene)
                    }
                    _ => None,
                },
                _ => None,
            };
            match answer {
                Some(answer) => answer.into_iter().for_each(|said| self.say(connection, said)),
                None => {
                    Machine::handle(&mut self.inner, now, Input::Received { connection, bytes: whole });
                    self.drain();
                }
            }
        }
    }
}

impl Participant for Tampering {
    fn handle(&mut self, now: Now, input: Input<'_>) {
        self.now = now;
        match input {
            Input::Received { connection, bytes } => self.received(connection, bytes),
            Input::Written { .. } => {}
            Input::Heard { connection, from, via, payload } => {
                if self.heard(connection, from, via, payload) {
                    Machine::handle(&mut self.inner, now, Input::Heard { connection, from, via, payload });
                }
            }
            other => {
                match &other {
                    Input::Disconnected { connection } => {
                        self.ready.remove(connection);
                        self.mesh.take_if(|mesh| mesh == connection);
                    }
                    Input::MeshUp { connection } => self.mesh = Some(*connection),
                    _ => {}
                }
                Machine::handle(&mut self.inner, now, other);
            }
        }
        self.drain();
        if now.monotonic.since_origin() >= self.next_tick {
            self.tick();
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        let tick = Monotonic::new(self.next_tick);
        Some(Machine::next_timeout(&self.inner).map_or(tick, |inner| inner.min(tick)))
    }

    fn node(&self) -> Option<&NodeMachine<CrashStore>> {
        Some(&self.inner)
    }
}

impl std::fmt::Debug for Tampering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tampering").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// Returns the message between nodes that a frame publishes, if there is one.
fn published(frame: Frame<'_>) -> Option<Said> {
    let Ok(RelayMessage::Publish(publish)) = RelayMessage::decode(frame) else { return None };
    match NodeMessage::decode(publish.payload) {
        Ok(Payload::Message(message)) => Some((publish.to, message)),
        _ => None,
    }
}

/// Returns the whole frames in some bytes, each with its own bytes.
fn frames(mut bytes: &[u8]) -> impl Iterator<Item = (Frame<'_>, &[u8])> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (frame, behind) = rest.split_at_checked(length)?;
        let whole = bytes.get(..length + 4)?;
        let (tag, body) = frame.split_first_chunk()?;
        bytes = behind;
        Some((Frame { tag: Tag::new(*tag), body }, whole))
    })
}
