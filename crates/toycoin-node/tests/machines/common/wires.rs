//! Relays, nodes and strangers under virtual time, on links that have a latency and carry so many bytes a second.
//!
//! Bytes arrive in pieces, as on TCP, and a relay's queue fills while its link is busy.
//!
//! `toycoin-sim` simulates whole runs, in which all nodes begin at genesis. These tests measure one catch-up: each node
//! begins with a chain that it is given, a joiner comes later, and strangers answer as they like. So the node's tests
//! also need no crate that stands on it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use toycoin_core::{BlockHash, ChainParams, Work, chain::Chain, store::MemoryStore};
use toycoin_node::{
    client::RelayClient,
    machine::{Machine, Monotonic, Now},
    protocol::{Event, Input, MiningJob, NodeConfig, NodeMachine, Output},
    relay::{ConnectionId, RelayConfig, RelayInput, RelayMachine, RelayOutput, Source},
};
use toycoin_wire::{
    Channel, FrameDecoder, NodeId, Reader,
    node::{NodeMessage, Payload, Status},
    relay::RelayMessage,
};

use super::{
    chains::PeerChain,
    stranger::{Answers, Stranger},
};

/// What a link is like, in each direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) latency: Duration,
    /// Bytes a second from the relay; 0 for as many as there are.
    pub(crate) down: u64,
    /// Bytes a second to the relay; 0 for as many as there are.
    pub(crate) up: u64,
}

impl Link {
    /// A link without a limit that takes this long from one end to the other.
    pub(crate) const fn far(latency_ms: u64) -> Self {
        Self { latency: Duration::from_millis(latency_ms), down: 0, up: 0 }
    }

    /// A link that carries so many bytes a second to the node and from it.
    pub(crate) const fn slow(bandwidth: u64) -> Self {
        Self { latency: Duration::from_millis(5), down: bandwidth, up: bandwidth }
    }
}

enum Part {
    Node(Box<NodeMachine<MemoryStore>>),
    Stranger(Box<Stranger>),
}

/// One direction of a link.
#[derive(Default)]
struct Pipe {
    busy_until: Duration,
    /// Bytes that wait to be written.
    waiting: VecDeque<u8>,
    is_woken: bool,
}

struct Wire {
    part: usize,
    relay: usize,
    link: Link,
    up: Pipe,
    down: Pipe,
    watch: FrameDecoder,
}

enum Happening {
    ToRelay { connection: ConnectionId, bytes: Vec<u8> },
    ToPart { connection: ConnectionId, bytes: Vec<u8> },
    Written { connection: ConnectionId, bytes: u64 },
    Pull { connection: ConnectionId },
    Push { connection: ConnectionId },
    Mined { part: usize, job: MiningJob },
}

/// What a node was delivered.
#[derive(Debug, Default, Clone)]
pub(crate) struct Delivered {
    pub(crate) body_bytes: u64,
    pub(crate) useful_body_bytes: u64,
    pub(crate) bodies: u64,
    pub(crate) header_pages: u64,
    pub(crate) lagged: u64,
    seen: BTreeSet<BlockHash>,
}

impl Delivered {
    /// Returns how many of a hundred bytes of bodies were of blocks that came for the first time.
    pub(crate) fn useful_percent(&self) -> u64 {
        100 * self.useful_body_bytes / self.body_bytes.max(1)
    }
}

/// Relays and who is on them.
pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) delivered: Vec<Delivered>,
    pub(crate) events: Vec<Vec<Event>>,
    pub(crate) mined: Vec<u64>,
    relays: Vec<RelayMachine>,
    parts: Vec<Part>,
    wires: BTreeMap<ConnectionId, Wire>,
    queue: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
    jobs: BTreeMap<usize, MiningJob>,
    start_ms: u64,
    params: ChainParams,
}

impl World {
    pub(crate) fn new(params: &ChainParams, relays: usize) -> Self {
        Self::with_relays(params, relays, &RelayConfig::default())
    }

    pub(crate) fn with_relays(params: &ChainParams, relays: usize, config: &RelayConfig) -> Self {
        Self {
            now: Duration::ZERO,
            delivered: Vec::new(),
            events: Vec::new(),
            mined: Vec::new(),
            relays: (0..relays).map(|_| RelayMachine::new(config.clone())).collect(),
            parts: Vec::new(),
            wires: BTreeMap::new(),
            queue: BTreeMap::new(),
            sequence: 0,
            jobs: BTreeMap::new(),
            // chains of the tests may be some hours long
            start_ms: super::START_MS + 10_000_000,
            params: params.clone(),
        }
    }

    /// Adds a node with that chain to relays, over links of its own.
    pub(crate) fn node(
        &mut self,
        chain: &PeerChain,
        on: &[(usize, Link)],
        change: impl FnOnce(&mut NodeConfig),
    ) -> usize {
        let part = self.parts.len();
        let mut config = NodeConfig::new(&self.params);
        config.seed = [u8::try_from(part).expect("few parts"); 32];
        change(&mut config);
        let chain = Chain::open(self.params.clone(), chain.store().clone()).expect("a store in memory");
        let machine = NodeMachine::new(chain, config, self.moment());
        self.parts.push(Part::Node(Box::new(machine)));
        self.joined();
        for (slot, (relay, link)) in on.iter().enumerate() {
            self.wire(part, slot, *relay, *link);
        }
        part
    }

    /// Adds a stranger to a relay, who claims work and answers as it likes.
    pub(crate) fn stranger(
        &mut self,
        relay: usize,
        link: Link,
        claim: &PeerChain,
        work: Work,
        answers: Answers,
    ) -> usize {
        let part = self.parts.len();
        let tip = claim.tip();
        let mut hash = tip.hash.to_bytes();
        hash[0] ^= u8::try_from(part).expect("few parts");
        let claim = Status {
            genesis: self.params.genesis_hash(),
            tip: BlockHash::from_bytes(hash),
            height: tip.height,
            work: work.to_be_bytes(),
            time: self.start_ms,
        };
        let connection = ConnectionId(0);
        let stranger =
            Stranger { client: None, connection, claim, answers, next_claim: None, outputs: VecDeque::new() };
        self.parts.push(Part::Stranger(Box::new(stranger)));
        self.joined();
        self.wire(part, 0, relay, link);
        part
    }

    pub(crate) fn chain(&self, part: usize) -> &PeerChain {
        match &self.parts[part] {
            Part::Node(machine) => machine.chain(),
            Part::Stranger(_) => panic!("a stranger has no chain"),
        }
    }

    pub(crate) fn machine(&self, part: usize) -> &NodeMachine<MemoryStore> {
        match &self.parts[part] {
            Part::Node(machine) => machine,
            Part::Stranger(_) => panic!("a stranger is no machine"),
        }
    }

    /// Runs until the condition holds, and returns how long it took; `None` if it does not within a time.
    pub(crate) fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&mut Self) -> bool) -> Option<Duration> {
        let (begun, end) = (self.now, self.now + limit);
        while !done(self) {
            if !self.step(end) {
                self.now = end;
                return None;
            }
        }
        Some(self.now - begun)
    }

    pub(crate) fn run_for(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    fn joined(&mut self) {
        self.delivered.push(Delivered::default());
        self.events.push(Vec::new());
        self.mined.push(0);
    }

    fn wire(&mut self, part: usize, slot: usize, relay: usize, link: Link) {
        let connection = ConnectionId(self.wires.len() as u64 + 1);
        let mut id = [0xab; 16];
        id[..8].copy_from_slice(&connection.0.to_be_bytes());
        let node_id = NodeId::new(id);
        let watch = FrameDecoder::new(Reader::Client);
        let wire = Wire { part, relay, link, up: Pipe::default(), down: Pipe::default(), watch };
        self.wires.insert(connection, wire);
        let now = self.moment();
        self.relays[relay].handle(now, RelayInput::Connected { connection, source: Source::Connection(connection) });
        match &mut self.parts[part] {
            Part::Node(_) => self.input(part, Input::Connected { connection, relay: slot, node_id }),
            Part::Stranger(stranger) => {
                let channels = vec!["/topic/main".parse::<Channel>().expect("a good name")];
                let mut client = RelayClient::new(now, node_id, "stranger", channels).expect("a short name");
                stranger.connection = connection;
                stranger.outputs.extend(client.take_output().map(|bytes| Output::Send { connection, bytes }));
                stranger.client = Some(client);
                self.take_outputs(part);
            }
        }
        self.drain_relay(relay);
    }

    fn step(&mut self, end: Duration) -> bool {
        let mut first = self.queue.keys().next().map(|(at, _)| (*at, None));
        let mut look = |at: Option<Duration>, who| {
            if let Some(at) = at
                && first.is_none_or(|(before, _)| at < before)
            {
                first = Some((at, Some(who)));
            }
        };
        for (number, relay) in self.relays.iter().enumerate() {
            look(relay.next_timeout().map(Monotonic::since_origin), Err(number));
        }
        for (number, part) in self.parts.iter().enumerate() {
            let at = match part {
                Part::Node(machine) => machine.next_timeout().map(Monotonic::since_origin),
                Part::Stranger(stranger) => {
                    let client = stranger.client.as_ref().and_then(RelayClient::next_timeout);
                    client.map(Monotonic::since_origin).into_iter().chain(stranger.next_claim).min()
                }
            };
            look(at, Ok(number));
        }
        let Some((at, who)) = first.filter(|(at, _)| *at <= end) else { return false };
        self.now = self.now.max(at);
        match who {
            None => self.happen(),
            Some(Err(relay)) => {
                let now = self.moment();
                self.relays[relay].handle(now, RelayInput::Timeout);
                self.drain_relay(relay);
            }
            Some(Ok(part)) => self.input(part, Input::Timeout),
        }
        true
    }

    fn happen(&mut self) {
        let Some((_, happening)) = self.queue.pop_first() else { return };
        match happening {
            Happening::ToRelay { connection, bytes } => {
                let relay = self.wires[&connection].relay;
                let now = self.moment();
                self.relays[relay].handle(now, RelayInput::Received { connection, bytes: &bytes });
                self.drain_relay(relay);
            }
            Happening::ToPart { connection, bytes } => {
                let part = self.wires[&connection].part;
                self.note_delivered(connection, &bytes);
                self.input(part, Input::Received { connection, bytes: &bytes });
            }
            Happening::Written { connection, bytes } => {
                let part = self.wires[&connection].part;
                self.input(part, Input::Written { connection, bytes });
            }
            Happening::Pull { connection } => {
                self.wire_of(connection).down.is_woken = false;
                self.pull(connection);
            }
            Happening::Push { connection } => {
                self.wire_of(connection).up.is_woken = false;
                self.push(connection);
            }
            Happening::Mined { part, job } => {
                if self.jobs.get(&part).is_some_and(|at_work| at_work.id == job.id) {
                    self.jobs.remove(&part);
                    self.mined[part] += 1;
                    self.input(part, Input::Mined { job: job.id, nonce: job.header.nonce });
                }
            }
        }
    }

    fn wire_of(&mut self, connection: ConnectionId) -> &mut Wire {
        self.wires.get_mut(&connection).expect("wires stay")
    }

    fn input(&mut self, part: usize, input: Input<'_>) {
        let now = self.moment();
        let elapsed = self.now;
        match &mut self.parts[part] {
            Part::Node(machine) => machine.handle(now, input),
            Part::Stranger(stranger) => stranger.handle(now, elapsed, &input),
        }
        self.take_outputs(part);
    }

    fn take_outputs(&mut self, part: usize) {
        loop {
            let output = match &mut self.parts[part] {
                Part::Node(machine) => machine.poll_output(),
                Part::Stranger(stranger) => stranger.outputs.pop_front(),
            };
            let Some(output) = output else { return };
            match output {
                Output::Send { connection, bytes } => {
                    self.wire_of(connection).up.waiting.extend(bytes.iter());
                    self.push(connection);
                }
                Output::Mine(mut job) => {
                    while !job.header.bits.to_target().expect("a template's bits").is_met_by(&job.header.hash()) {
                        job.header.nonce += 1;
                    }
                    self.jobs.insert(part, job);
                    // found at once: regtest's least time between two blocks is what holds a miner back
                    self.queue(Duration::from_millis(1), Happening::Mined { part, job });
                }
                Output::StopMining => {
                    self.jobs.remove(&part);
                }
                Output::Emit(event) => self.events[part].push(event),
                Output::Say { .. } | Output::End { .. } | Output::Judge { .. } | Output::Shun { .. } => {
                    panic!("there is no mesh here")
                }
                Output::Close { reason, .. } => panic!("{part} leaves a relay: {reason}"),
                Output::Halt { error } => panic!("{part} halts: {error}"),
                Output::Reply { .. } => {}
            }
        }
    }

    /// Writes what waits at a node, a piece at a time.
    fn push(&mut self, connection: ConnectionId) {
        loop {
            let now = self.now;
            let wire = self.wire_of(connection);
            let (pipe, link) = (&mut wire.up, wire.link);
            if pipe.busy_until > now {
                let wait = pipe.busy_until - now;
                if !std::mem::replace(&mut pipe.is_woken, true) {
                    self.queue(wait, Happening::Push { connection });
                }
                return;
            }
            let count = piece(link.up).min(pipe.waiting.len());
            if count == 0 {
                return;
            }
            let bytes: Vec<u8> = pipe.waiting.drain(..count).collect();
            let takes = time_of(count, link.up);
            pipe.busy_until = now + takes;
            self.queue(takes, Happening::Written { connection, bytes: count as u64 });
            self.queue(takes + link.latency, Happening::ToRelay { connection, bytes });
        }
    }

    /// Takes what a relay has for a connection, a piece at a time.
    fn pull(&mut self, connection: ConnectionId) {
        let now = self.now;
        loop {
            let moment = self.moment();
            let wire = self.wire_of(connection);
            if wire.down.busy_until > now {
                let wait = wire.down.busy_until - now;
                if !std::mem::replace(&mut wire.down.is_woken, true) {
                    self.queue(wait, Happening::Pull { connection });
                }
                return;
            }
            let (relay, link) = (wire.relay, wire.link);
            let limit = piece(link.down);
            let mut bytes = self.relays[relay].next_write(connection, limit).concat();
            bytes.truncate(limit.max(64));
            if bytes.is_empty() {
                return;
            }
            self.relays[relay].handle(moment, RelayInput::Written { connection, count: bytes.len() });
            let takes = time_of(bytes.len(), link.down);
            self.wire_of(connection).down.busy_until = now + takes;
            self.queue(takes + link.latency, Happening::ToPart { connection, bytes });
        }
    }

    fn drain_relay(&mut self, relay: usize) {
        while let Some(output) = self.relays[relay].poll_output() {
            match output {
                RelayOutput::Writable(connection) => self.pull(connection),
                RelayOutput::Close { reason, .. } => panic!("a relay closes a connection: {reason}"),
            }
        }
    }

    fn note_delivered(&mut self, connection: ConnectionId, mut bytes: &[u8]) {
        let wire = self.wires.get_mut(&connection).expect("wires stay");
        let delivered = &mut self.delivered[wire.part];
        while let Some(frame) = wire.watch.next_frame(&mut bytes).expect("a relay's frames") {
            let deliver = match RelayMessage::decode(frame) {
                Ok(RelayMessage::Deliver(deliver)) => deliver,
                Ok(RelayMessage::Lagged(count)) => {
                    delivered.lagged += count;
                    continue;
                }
                _ => continue,
            };
            match NodeMessage::decode(deliver.payload) {
                Ok(Payload::Message(NodeMessage::Block(block))) => {
                    let length = deliver.payload.len() as u64;
                    delivered.bodies += 1;
                    delivered.body_bytes += length;
                    if delivered.seen.insert(block.hash()) {
                        delivered.useful_body_bytes += length;
                    }
                }
                Ok(Payload::Message(NodeMessage::Headers(_))) => delivered.header_pages += 1,
                _ => {}
            }
        }
    }

    fn queue(&mut self, after: Duration, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((self.now + after, self.sequence), happening);
    }

    fn moment(&self) -> Now {
        let since = u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX);
        Now { monotonic: Monotonic::new(self.now), unix_ms: self.start_ms + since }
    }
}

/// The bytes that a link takes at a time.
fn piece(bandwidth: u64) -> usize {
    if bandwidth == 0 { 64 << 10 } else { usize::try_from(bandwidth / 50).expect("small").clamp(200, 16 << 10) }
}

fn time_of(bytes: usize, bandwidth: u64) -> Duration {
    Duration::from_nanos((bytes as u64 * 1_000_000_000).checked_div(bandwidth).unwrap_or(0))
}
