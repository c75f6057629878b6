//! A relay and some nodes without tokio, sockets or clocks: machines, a queue of what happens when, and a seed.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod chains;
pub(crate) mod mesh;
pub(crate) mod stage;
pub(crate) mod stranger;
pub(crate) mod wires;

use std::{collections::BTreeMap, time::Duration};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use toycoin_core::{ChainParams, SecretKey, chain::Chain, store::MemoryStore};
use toycoin_node::{
    machine::{Machine, Monotonic, Now},
    protocol::{Event, Input, JobId, NodeConfig, NodeMachine, Output, Request, RequestId, Response},
    relay::{ConnectionId, RelayConfig, RelayInput, RelayMachine, RelayOutput, Source},
};
use toycoin_wire::{
    Frame, NodeId, Tag,
    relay::{Publish, RelayMessage},
};

/// Unix time when a run begins.
pub(crate) const START_MS: u64 = 1_767_225_600_000 + 1_000;

/// Between a node and the relay. The same for all, since TCP keeps a connection's order and the queue must too.
const LATENCY: Duration = Duration::from_millis(20);

/// What will happen.
enum Happening {
    ToRelay { connection: ConnectionId, bytes: Vec<u8> },
    ToNode { node: usize, connection: ConnectionId, bytes: Vec<u8> },
    Mined { node: usize, job: JobId, nonce: u64 },
}

/// A node, and what it told.
pub(crate) struct Node {
    pub(crate) machine: NodeMachine<MemoryStore>,
    connection: Option<ConnectionId>,
    job: Option<JobId>,
    /// The mean time that it takes to find a block.
    pub(crate) block_time: Duration,
    pub(crate) events: Vec<Event>,
    pub(crate) replies: BTreeMap<RequestId, Response>,
    pub(crate) closed: Vec<String>,
    /// Bytes sent of which the machine has not heard that they are written.
    written: Vec<(ConnectionId, u64)>,
}

/// One relay with its nodes, under virtual time.
pub(crate) struct Net {
    pub(crate) now: Duration,
    pub(crate) relay: RelayMachine,
    pub(crate) nodes: Vec<Node>,
    /// Every output of every node, with its time, as text.
    pub(crate) trace: Vec<String>,
    /// The tag of every payload that a node published.
    pub(crate) published: Vec<(usize, Tag)>,
    rng: ChaCha8Rng,
    queue: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
    connections: u64,
    owners: BTreeMap<ConnectionId, usize>,
    requests: u64,
    params: ChainParams,
}

impl Net {
    pub(crate) fn new(seed: u64, params: ChainParams) -> Self {
        Self {
            now: Duration::ZERO,
            relay: RelayMachine::new(RelayConfig::default()),
            nodes: Vec::new(),
            trace: Vec::new(),
            published: Vec::new(),
            rng: ChaCha8Rng::seed_from_u64(seed),
            queue: BTreeMap::new(),
            sequence: 0,
            connections: 0,
            owners: BTreeMap::new(),
            requests: 0,
            params,
        }
    }

    /// Adds a node that is paid to a classroom key and finds a block every so often, or never.
    pub(crate) fn add_node(&mut self, block_time: Option<Duration>) -> usize {
        self.add_node_with(block_time, |_| {})
    }

    pub(crate) fn add_node_with(
        &mut self,
        block_time: Option<Duration>,
        change: impl FnOnce(&mut NodeConfig),
    ) -> usize {
        let node = self.nodes.len();
        let mut config = NodeConfig::new(&self.params);
        config.seed = [u8::try_from(node).unwrap_or(u8::MAX); 32];
        config.extra = format!("node {node}").into_bytes();
        config.payout = block_time.map(|_| SecretKey::classroom(100 + u32::try_from(node).unwrap_or(0)).public_key());
        change(&mut config);
        let machine = NodeMachine::new(Chain::in_memory(self.params.clone()), config, self.moment());
        let block_time = block_time.unwrap_or(Duration::from_secs(1));
        let (events, replies, closed) = (Vec::new(), BTreeMap::new(), Vec::new());
        let written = Vec::new();
        self.nodes.push(Node { machine, connection: None, job: None, block_time, events, replies, closed, written });
        node
    }

    pub(crate) fn connect(&mut self, node: usize) {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        self.owners.insert(connection, node);
        self.nodes[node].connection = Some(connection);
        let mut id = [0; 16];
        self.rng.fill_bytes(&mut id);
        self.relay.handle(self.moment(), RelayInput::Connected { connection, source: Source::Connection(connection) });
        let input = Input::Connected { connection, relay: 0, node_id: NodeId::new(id) };
        self.input(node, input);
        self.drain_relay();
    }

    /// Cuts a node off; what is under way is lost.
    pub(crate) fn disconnect(&mut self, node: usize) {
        let Some(connection) = self.nodes[node].connection.take() else { return };
        self.owners.remove(&connection);
        self.relay.handle(self.moment(), RelayInput::Disconnected { connection });
        self.input(node, Input::Disconnected { connection });
        self.drain_relay();
    }

    /// Asks a node and returns the answer, which must come at once.
    pub(crate) fn ask(&mut self, node: usize, request: Request) -> Response {
        let id = self.request(node, request);
        self.nodes[node].replies.remove(&id).expect("an answer at once")
    }

    /// Asks a node; the answer goes to its `replies`.
    pub(crate) fn request(&mut self, node: usize, request: Request) -> RequestId {
        self.requests += 1;
        let id = RequestId(self.requests);
        self.input(node, Input::Request { id, request });
        id
    }

    /// Lets bytes of a stranger's, whole frames, reach the relay on a connection of its own.
    pub(crate) fn stranger(&mut self) -> ConnectionId {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        self.relay.handle(self.moment(), RelayInput::Connected { connection, source: Source::Connection(connection) });
        connection
    }

    pub(crate) fn stranger_sends(&mut self, connection: ConnectionId, bytes: &[u8]) {
        self.relay.handle(self.moment(), RelayInput::Received { connection, bytes });
        self.drain_relay();
    }

    /// Runs until the condition holds, or fails after that much virtual time.
    pub(crate) fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&mut Self) -> bool) {
        let end = self.now + limit;
        while !done(self) {
            assert!(self.step(end), "not within {limit:?}: heights {:?}", self.heights());
        }
    }

    pub(crate) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.step(end) {}
        self.now = end;
    }

    pub(crate) fn heights(&self) -> Vec<u64> {
        self.nodes.iter().map(|node| node.machine.chain().height()).collect()
    }

    pub(crate) fn agree(&self) -> bool {
        let tip = |node: &Node| node.machine.chain().tip().hash;
        self.nodes.iter().all(|node| tip(node) == tip(&self.nodes[0]))
    }

    /// Does the next thing that is due before `end`; false when there is none.
    fn step(&mut self, end: Duration) -> bool {
        let queued = self.queue.keys().next().map(|(at, _)| *at);
        let woken = |machine: Option<Monotonic>| machine.map(Monotonic::since_origin);
        let relay = woken(self.relay.next_timeout());
        let nodes = self.nodes.iter().map(|node| woken(node.machine.next_timeout()));
        let (at, who) = std::iter::once((queued, None))
            .chain([(relay, Some(usize::MAX))])
            .chain(nodes.zip((0..).map(Some)))
            .filter_map(|(at, who)| Some((at?, who)))
            .min()
            .expect("a relay's or a node's timer always runs");
        if at > end {
            return false;
        }
        self.now = self.now.max(at);
        match who {
            None => self.happen(),
            Some(usize::MAX) => {
                self.relay.handle(self.moment(), RelayInput::Timeout);
                self.drain_relay();
            }
            Some(node) => self.input(node, Input::Timeout),
        }
        true
    }

    fn happen(&mut self) {
        let Some((_, happening)) = self.queue.pop_first() else { return };
        match happening {
            Happening::ToRelay { connection, bytes } => {
                self.relay.handle(self.moment(), RelayInput::Received { connection, bytes: &bytes });
                self.drain_relay();
            }
            Happening::ToNode { node, connection, bytes } => {
                if self.nodes[node].connection == Some(connection) {
                    self.input(node, Input::Received { connection, bytes: &bytes });
                }
            }
            Happening::Mined { node, job, nonce } => {
                if self.nodes[node].job == Some(job) {
                    self.nodes[node].job = None;
                    self.input(node, Input::Mined { job, nonce });
                }
            }
        }
    }

    fn input(&mut self, node: usize, input: Input<'_>) {
        let now = self.moment();
        self.nodes[node].machine.handle(now, input);
        loop {
            while let Some(output) = self.nodes[node].machine.poll_output() {
                self.trace.push(format!("{:?} {node} {output:?}", self.now));
                self.output(node, output);
            }
            let Some((connection, bytes)) = self.nodes[node].written.pop() else { return };
            self.nodes[node].machine.handle(now, Input::Written { connection, bytes });
        }
    }

    fn output(&mut self, node: usize, output: Output) {
        match output {
            Output::Send { connection, bytes } => {
                each_published(&bytes, |publish| {
                    self.published.extend(publish.payload.first_chunk().map(|tag| (node, Tag::new(*tag))));
                });
                self.queue(LATENCY, Happening::ToRelay { connection, bytes: bytes.to_vec() });
                self.nodes[node].written.push((connection, bytes.len() as u64));
            }
            Output::Close { connection, reason } => {
                self.nodes[node].closed.push(reason);
                self.nodes[node].connection = None;
                self.owners.remove(&connection);
                self.relay.handle(self.moment(), RelayInput::Disconnected { connection });
                self.drain_relay();
            }
            Output::Say { .. } | Output::End { .. } | Output::Judge { .. } | Output::Shun { .. } => {
                panic!("there is no mesh here")
            }
            Output::Reply { id, response } => {
                self.nodes[node].replies.insert(id, *response);
            }
            Output::Mine(job) => {
                let solved = toycoin_core::Block {
                    header: job.header,
                    coinbase: toycoin_core::Coinbase { height: 0, extra: vec![], outputs: vec![] },
                    transactions: vec![],
                }
                .mine_trivial();
                self.nodes[node].job = Some(job.id);
                let mean = self.nodes[node].block_time;
                // exponential: memoryless, so a renewed template may draw anew
                let uniform = (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
                let delay = mean.mul_f64(-(1.0 - uniform).ln());
                self.queue(delay, Happening::Mined { node, job: job.id, nonce: solved.header.nonce });
            }
            Output::StopMining => self.nodes[node].job = None,
            Output::Emit(event) => self.nodes[node].events.push(event),
            Output::Halt { error } => panic!("node {node} halted: {error}"),
        }
    }

    fn drain_relay(&mut self) {
        while let Some(output) = self.relay.poll_output() {
            match output {
                RelayOutput::Writable(connection) => loop {
                    let bytes = self.relay.next_write(connection, 1 << 16).concat();
                    if bytes.is_empty() {
                        break;
                    }
                    self.relay.handle(self.moment(), RelayInput::Written { connection, count: bytes.len() });
                    if let Some(node) = self.owners.get(&connection).copied() {
                        self.queue(LATENCY, Happening::ToNode { node, connection, bytes });
                    }
                },
                RelayOutput::Close { connection, .. } => {
                    if let Some(node) = self.owners.remove(&connection) {
                        self.nodes[node].connection = None;
                        self.input(node, Input::Disconnected { connection });
                    }
                }
            }
        }
    }

    fn queue(&mut self, after: Duration, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((self.now + after, self.sequence), happening);
    }

    fn moment(&self) -> Now {
        let since = u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX);
        Now { monotonic: Monotonic::new(self.now), unix_ms: START_MS + since }
    }
}

/// Calls `each` for what a node publishes with these frames; the relay would pass it on unread.
fn each_published(frames: &[u8], mut each: impl FnMut(Publish<'_>)) {
    each_message(frames, |message| {
        if let RelayMessage::Publish(publish) = message {
            each(publish);
        }
    });
}

/// Calls `each` for what a node says to its relay with these frames.
fn each_message(mut frames: &[u8], mut each: impl FnMut(RelayMessage<'_>)) {
    while let Some((length, rest)) = frames.split_first_chunk() {
        let (frame, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        let (tag, body) = frame.split_first_chunk().expect("a frame has a tag");
        let frame = Frame { tag: Tag::new(*tag), body };
        each(RelayMessage::decode(frame).expect("a node sends whole messages"));
        frames = rest;
    }
}
