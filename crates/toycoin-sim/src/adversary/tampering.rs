//! Wrapper around an honest machine that passes its messages through a tactic.
//!
//! On a mesh the tactic sees questions, answers and statuses, which have one receiver. Gossip passes it.

mod saying;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use toycoin_core::BlockHash;
use toycoin_node::{
    machine::{Machine, Monotonic, Now},
    protocol::{Input, JobId, NodeMachine, Output},
    relay::ConnectionId,
};
use toycoin_wire::{
    Channel, Frame, NodeId, Tag,
    node::{NodeMessage, Payload},
    relay::{Deliver, RelayMessage},
};

use crate::{
    adversary::{Heard, Said, Scene, Tactic, is_private, search::PrivateSearch},
    dice::Dice,
    participant::Participant,
    store::CrashStore,
};

/// An honest machine with a tactic that tampers with its messages.
pub struct Tampering {
    node: usize,
    inner: NodeMachine<CrashStore>,
    tactic: Box<dyn Tactic>,
    dice: Dice,
    now: Now,
    /// `None` for a tactic without ticks.
    next_tick: Option<Duration>,
    search: PrivateSearch,
    /// The tip of the machine inside when the tactic was last told of it.
    tip: BlockHash,
    outputs: VecDeque<Output>,
    /// Connections on which a frame has arrived; a tick uses only these. The value is always `true`.
    ready: BTreeMap<ConnectionId, bool>,
    /// The peer that spoke last, and the connection on which it did.
    spoke: Option<(ConnectionId, NodeId)>,
    /// The mesh that stands.
    mesh: Option<ConnectionId>,
    channel: Channel,
}

impl Tampering {
    /// Wraps the machine of a node, whose index in the network is `node`.
    ///
    /// # Panics
    /// Never, because the channel's name is valid.
    pub fn new(node: usize, inner: NodeMachine<CrashStore>, tactic: Box<dyn Tactic>, dice: Dice) -> Self {
        let next_tick = tactic.interval().map(|interval| Duration::from_secs(3) + interval);
        let channel = Channel::new("/topic/main").expect("a name of allowed characters");
        let (now, outputs, ready) = (Now::default(), VecDeque::new(), BTreeMap::new());
        let (search, tip) = (PrivateSearch::new(), inner.chain().tip().hash);
        Self {
            node,
            inner,
            tactic,
            dice,
            now,
            next_tick,
            search,
            tip,
            outputs,
            ready,
            spoke: None,
            mesh: None,
            channel,
        }
    }

    /// Lets the tactic act in its scene.
    fn act<T>(&mut self, act: impl FnOnce(&mut dyn Tactic, &mut Scene<'_>) -> T) -> T {
        let (now, unix_ms) = (self.now.monotonic.since_origin(), self.now.unix_ms);
        let chain = self.inner.chain();
        act(&mut *self.tactic, &mut Scene { node: self.node, chain, now, unix_ms, dice: &mut self.dice })
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
                wanted @ (Output::Mine(_) | Output::StopMining) => {
                    self.outputs.extend(self.search.machine_wants(wanted));
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
                        for said in self.act(|tactic, scene| tactic.outgoing((to, message), scene)) {
                            self.say(connection, said);
                        }
                    }
                    None => self.outputs.push_back(Output::Send { connection, bytes: whole.to_vec().into() }),
                }
            }
        }
    }

    /// Lets the tactic send its messages, in one write per connection.
    fn tick(&mut self) {
        self.next_tick = self.tactic.interval().map(|interval| self.now.monotonic.since_origin() + interval);
        let connections: Vec<_> = self.ready.keys().copied().collect();
        let said = self.act(|tactic, scene| tactic.tick(scene));
        let payloads = self.act(|tactic, scene| tactic.payloads(scene));
        self.say_everywhere(&said, &payloads);
        self.hear_itself(&said);
        for connection in connections {
            if self.tactic.hangs_up() {
                self.ready.remove(&connection);
                self.spoke.take_if(|(at, _)| *at == connection);
                Machine::handle(&mut self.inner, self.now, Input::Disconnected { connection });
                self.drain();
                self.outputs.push_back(Output::Close { connection, reason: "it comes back as somebody else".into() });
            }
        }
    }

    /// Says the same on all connections, in one write for each.
    fn say_everywhere(&mut self, said: &[Said], payloads: &[Vec<u8>]) {
        if let Some(mesh) = self.mesh {
            said.iter().for_each(|said| self.say_on_mesh(mesh, said.clone(), None));
        }
        let said = said.iter().filter_map(|(to, message)| Some(self.frame(*to, &message.encode().ok()?)));
        let bytes: Vec<u8> = said.chain(payloads.iter().map(|payload| self.frame(None, payload))).flatten().collect();
        if !bytes.is_empty() {
            let sends = self.ready.keys().map(|at| Output::Send { connection: *at, bytes: bytes.clone().into() });
            self.outputs.extend(sends);
        }
    }

    /// Lets the machine inside hear the published blocks among some messages.
    fn hear_itself(&mut self, said: &[Said]) {
        if !self.tactic.hears_itself() {
            return;
        }
        for (to, message) in said {
            let (None, NodeMessage::Block(_), Some((connection, from))) = (to, message, self.spoke) else { continue };
            let Ok(payload) = message.encode() else { continue };
            let deliver = Deliver { channel: self.channel.borrowed(), from, payload: &payload };
            let bytes = RelayMessage::Deliver(deliver).to_frame().unwrap_or_default();
            Machine::handle(&mut self.inner, self.now, Input::Received { connection, bytes: &bytes });
            self.drain();
        }
    }

    /// Completes a block of the private chain.
    fn found(&mut self, job: JobId, nonce: u64) {
        if let Some(Ok(block)) = self.search.found(job, nonce, self.tactic.private()) {
            let said = self.act(|tactic, scene| tactic.found(&block, scene));
            self.say_everywhere(&said, &[]);
            self.hear_itself(&said);
        }
    }

    /// Tells the tactic that the machine inside has moved, and searches for what the tactic wants then.
    fn follow(&mut self) {
        let tip = self.inner.chain().tip().hash;
        if std::mem::replace(&mut self.tip, tip) != tip {
            let said = self.act(|tactic, scene| tactic.moved(scene));
            self.say_everywhere(&said, &[]);
            self.hear_itself(&said);
        }
        self.search.follow(self.tactic.private(), self.now.unix_ms, &mut self.outputs);
    }

    fn received(&mut self, connection: ConnectionId, bytes: &[u8]) {
        let now = self.now;
        for (frame, whole) in frames(bytes) {
            self.ready.insert(connection, true);
            let heard = match RelayMessage::decode(frame) {
                Ok(RelayMessage::Deliver(deliver)) => match NodeMessage::decode(deliver.payload) {
                    Ok(Payload::Message(message)) => {
                        self.spoke = Some((connection, deliver.from));
                        self.act(|tactic, scene| tactic.incoming(deliver.from, &message, scene))
                    }
                    _ => Heard::Pass,
                },
                _ => Heard::Pass,
            };
            let (said, passes) = match heard {
                Heard::Pass => (Vec::new(), true),
                Heard::PassAnd(said) => (said, true),
                Heard::Instead(said) => (said, false),
            };
            if passes {
                Machine::handle(&mut self.inner, now, Input::Received { connection, bytes: whole });
                self.drain();
            }
            said.into_iter().for_each(|said| self.say(connection, said));
        }
    }
}

impl Participant for Tampering {
    fn handle(&mut self, now: Now, input: Input<'_>) {
        self.now = now;
        match input {
            Input::Received { connection, bytes } => self.received(connection, bytes),
            Input::Written { .. } => {}
            Input::Refresh if self.search.forget() => {}
            Input::Mined { job, nonce } if is_private(job) => self.found(job, nonce),
            Input::Heard { connection, from, via, payload } => {
                if self.heard(connection, from, via, payload) {
                    Machine::handle(&mut self.inner, now, Input::Heard { connection, from, via, payload });
                }
            }
            other => {
                match &other {
                    Input::Disconnected { connection } => {
                        self.ready.remove(connection);
                        self.spoke.take_if(|(at, _)| at == connection);
                        self.mesh.take_if(|mesh| mesh == connection);
                    }
                    Input::MeshUp { connection } => self.mesh = Some(*connection),
                    _ => {}
                }
                Machine::handle(&mut self.inner, now, other);
            }
        }
        self.drain();
        self.follow();
        if self.next_tick.is_some_and(|tick| now.monotonic.since_origin() >= tick) {
            self.tick();
            self.follow();
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        let tick = self.next_tick.map(Monotonic::new);
        Machine::next_timeout(&self.inner).into_iter().chain(tick).min()
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
