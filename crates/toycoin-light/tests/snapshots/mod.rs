//! A snapshot sync among servers that may lie, without sockets.

#![allow(dead_code, reason = "each test uses a part of it")]

mod forgery;
mod peer;
mod source;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use toycoin_core::snapshot::{CHUNK_COINS, COIN_BYTES};
use toycoin_light::{
    limits,
    machine::{
        Server,
        snapshot::{Input, Output, Snapshot, SnapshotConfig, SnapshotFailure, SnapshotMachine},
    },
};
use toycoin_wire::{
    NodeId, NodeMessage, Payload,
    machine::{Machine, Monotonic, Now},
};

pub(crate) use self::{
    forgery::Forgery,
    peer::{Manner, Peer},
    source::{Source, fork, honest},
};

/// The time of the tests, far behind every block.
pub(crate) const NOW_MS: u64 = 4_000_000_000_000;

pub(crate) const CONNECTION: u64 = 1;

pub(crate) fn server(name: u8) -> Server {
    Server { connection: CONNECTION, peer: NodeId::new([name; 16]) }
}

/// What the driver of a sync has written.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// The bytes that may be written.
    room: usize,
    chunks: BTreeMap<u32, Vec<u8>>,
}

impl Disk {
    /// Returns all that was written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.chunks.values().flatten().copied().collect()
    }
}

/// A sync and the servers that it may ask.
pub(crate) struct World {
    pub(crate) sync: SnapshotMachine,
    pub(crate) peers: BTreeMap<Server, Peer>,
    pub(crate) disk: Disk,
    pub(crate) done: Option<Snapshot>,
    pub(crate) failures: Vec<SnapshotFailure>,
    pub(crate) muted: BTreeSet<Server>,
    /// How often a snapshot was begun.
    pub(crate) begun: usize,
    /// Whether chunks stay on the way.
    pub(crate) holds_chunks: bool,
    /// What it was asked and has not answered: bytes that are on the way.
    on_the_way: VecDeque<(Server, Vec<u8>)>,
    held: Vec<(Server, Vec<u8>)>,
    /// The chunks that each server was asked for and has not sent.
    in_flight: BTreeMap<Server, usize>,
    pub(crate) most_in_flight: usize,
    pub(crate) now: Monotonic,
}

impl World {
    pub(crate) fn new(seed: u64, peers: Vec<Peer>) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self::with(SnapshotConfig::new(honest().params.clone(), bytes), peers)
    }

    pub(crate) fn with(config: SnapshotConfig, peers: Vec<Peer>) -> Self {
        let mut world = Self {
            sync: SnapshotMachine::new(config),
            peers: (1..).zip(peers).map(|(name, peer)| (server(name), peer)).collect(),
            disk: Disk::default(),
            done: None,
            failures: Vec::new(),
            muted: BTreeSet::new(),
            begun: 0,
            holds_chunks: false,
            on_the_way: VecDeque::new(),
            held: Vec::new(),
            in_flight: BTreeMap::new(),
            most_in_flight: 0,
            now: Monotonic::ORIGIN,
        };
        world.tell(Input::Opened { connection: CONNECTION });
        world
    }

    pub(crate) fn tell(&mut self, input: Input<'_>) {
        let now = Now { monotonic: self.now, unix_ms: NOW_MS };
        self.sync.handle(now, input);
        let mut chunks = 0;
        while let Some(output) = self.sync.poll_output() {
            chunks += usize::from(matches!(output, Output::WriteChunk { .. }));
            self.carry_out(output);
        }
        assert!(chunks <= 1, "{chunks} chunks were held until one input");
    }

    pub(crate) fn hear(&mut self, server: Server, message: &NodeMessage) {
        let payload = message.encode().unwrap();
        self.tell(Input::Heard { server, payload: &payload });
    }

    /// Each server publishes its status.
    pub(crate) fn publish(&mut self) {
        let statuses: Vec<_> = self.peers.iter().map(|(server, peer)| (*server, peer.status())).collect();
        for (server, status) in statuses {
            self.hear(server, &status);
        }
    }

    /// Delivers what is on the way, and lets the time pass.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.done.is_none() {
            if let Some((server, payload)) = self.on_the_way.pop_front() {
                if self.holds_chunks && payload.starts_with(b"CHNK") {
                    self.held.push((server, payload));
                } else {
                    self.deliver(server, &payload);
                }
                continue;
            }
            match self.sync.next_timeout().filter(|at| *at <= end) {
                Some(at) => self.now = self.now.max(at),
                None => break,
            }
            self.tell(Input::Timeout);
        }
        self.now = self.now.max(end);
    }

    /// Lets the servers publish their status every 30 s until the sync is done, for at most two hours.
    pub(crate) fn settle(&mut self) {
        for _ in 0..240 {
            if self.done.is_none() {
                self.publish();
                self.run(Duration::from_secs(30));
            }
        }
    }

    /// Delivers the chunks that stayed on the way.
    pub(crate) fn release_chunks(&mut self) {
        self.holds_chunks = false;
        for (server, payload) in std::mem::take(&mut self.held) {
            self.deliver(server, &payload);
        }
    }

    /// Loses the chunks that stayed on the way, and lets the next ones come.
    pub(crate) fn lose_chunks(&mut self) {
        self.holds_chunks = false;
        self.held.clear();
        self.in_flight.clear();
        self.most_in_flight = 0;
    }

    fn deliver(&mut self, server: Server, payload: &[u8]) {
        if payload.starts_with(b"CHNK") {
            let asked = self.in_flight.entry(server).or_default();
            *asked = asked.saturating_sub(1);
        }
        self.tell(Input::Heard { server, payload });
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Ask { server, payload } => {
                let Ok(Payload::Message(message)) = NodeMessage::decode(&payload) else {
                    panic!("the sync says what nobody reads")
                };
                let Some(peer) = self.peers.get_mut(&server) else { return };
                let is_chunk = matches!(message, NodeMessage::GetChunk(_));
                let answers = peer.answer(message);
                if is_chunk && answers.iter().any(|answer| answer.starts_with(b"CHNK")) {
                    let asked = self.in_flight.entry(server).or_default();
                    *asked += 1;
                    self.most_in_flight = self.most_in_flight.max(*asked);
                    assert!(*asked <= limits::CHUNKS_IN_FLIGHT, "{asked} chunks were requested of one server");
                }
                self.on_the_way.extend(answers.into_iter().map(|answer| (server, answer)));
            }
            Output::Tell { .. } => {}
            Output::Mute { server, .. } => {
                self.muted.insert(server);
            }
            Output::Begin { coins, .. } => {
                self.begun += 1;
                self.disk = Disk { room: usize::try_from(coins).unwrap() * COIN_BYTES, chunks: BTreeMap::new() };
            }
            Output::WriteChunk { place, coins } => {
                let end = place as usize * CHUNK_COINS * COIN_BYTES + coins.len() * COIN_BYTES;
                assert!(end <= self.disk.room, "chunk {place} does not fit the coins that were announced");
                let bytes: Vec<_> = coins.iter().flat_map(|coin| coin.0).collect();
                assert!(self.disk.chunks.insert(place, bytes).is_none(), "chunk {place} came twice");
            }
            Output::Failed(failure) => {
                self.failures.push(failure);
                self.disk = Disk::default();
            }
            Output::Done(snapshot) => self.done = Some(*snapshot),
        }
    }

    /// Asserts that the sync ended with the snapshot of a source.
    pub(crate) fn assert_done(&self, source: &Source, context: &str) {
        let Some(done) = &self.done else { panic!("{context}: not done; failures {:?}", self.failures) };
        assert_eq!(done.header, source.manifest.header, "{context}");
        assert_eq!(done.state, source.state, "{context}");
        assert_eq!(self.disk.bytes(), source.bytes(), "{context}");
    }
}
