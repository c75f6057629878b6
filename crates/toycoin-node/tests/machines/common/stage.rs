//! One node on a stage: relays and peers say what the script has them say, and time passes when the script says so.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use toycoin_core::{
    ChainParams,
    chain::Chain,
    store::{ChainStore, MemoryStore},
};
use toycoin_node::{
    machine::{Machine, Monotonic, Now},
    protocol::{
        Event, Input, MiningJob, MuteReason, NodeConfig, NodeMachine, Output, PeerInfo, Request, RequestId, Response,
    },
    relay::ConnectionId,
};
use toycoin_wire::{
    ChannelRef, NodeId,
    node::{NodeMessage, Payload},
    relay::{Deliver, RelayMessage, Welcome},
};

use super::{
    chains::{PeerChain, honest_answers, status},
    mesh::MeshSide,
};

/// The channel on which all is said.
const CHANNEL: &str = "/topic/main";
/// The nonce by which a client knows that its subscriptions stand.
const BARRIER: u64 = 1;
/// How many timeouts may fall on one moment: a machine that asks for more turns on the spot.
const MOST_TIMEOUTS_AT_ONCE: usize = 20_000;

/// A peer of the script's: an id on a relay connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Peer {
    pub(crate) connection: ConnectionId,
    pub(crate) id: NodeId,
}

impl Peer {
    pub(crate) fn new(connection: ConnectionId, number: u32) -> Self {
        let mut id = [0xee; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        Self { connection, id: NodeId::new(id) }
    }
}

/// What the node published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) connection: ConnectionId,
    /// `None` for everybody.
    pub(crate) to: Option<NodeId>,
    pub(crate) message: NodeMessage,
}

/// The node and all that it did.
pub(crate) struct Stage<S = MemoryStore> {
    pub(crate) machine: NodeMachine<S>,
    pub(crate) now: Duration,
    /// Unix time in milliseconds at the beginning.
    pub(crate) start_ms: u64,
    pub(crate) events: Vec<Event>,
    pub(crate) closed: Vec<(ConnectionId, String)>,
    pub(crate) job: Option<MiningJob>,
    /// Every output with its time, as text, if it is to be kept.
    pub(crate) trace: Option<Vec<String>>,
    /// Whether what is sent stays unwritten until the script [writes](Self::write) it.
    pub(crate) holds_writes: bool,
    /// Whether relays answer a PING at once, as they do when nothing waits for the node.
    pub(crate) answers_pings: bool,
    /// PINGs that are not answered yet.
    pub(crate) pings: Vec<(ConnectionId, u64)>,
    replies: BTreeMap<RequestId, Response>,
    sent: Vec<Sent>,
    /// Bytes sent and not written.
    unwritten: BTreeMap<ConnectionId, u64>,
    links: BTreeSet<ConnectionId>,
    connections: u64,
    requests: u64,
    /// What a mesh is told.
    pub(crate) mesh: MeshSide,
}

impl Stage {
    /// A node at genesis that does not mine.
    pub(crate) fn new(params: &ChainParams) -> Self {
        Self::with(Chain::in_memory(params.clone()), |_| {})
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> Stage<S> {
    /// A node with that chain.
    pub(crate) fn with(chain: Chain<S>, change: impl FnOnce(&mut NodeConfig)) -> Self {
        let start_ms = super::START_MS;
        let mut config = NodeConfig::new(chain.params());
        change(&mut config);
        let now = Now { monotonic: Monotonic::ORIGIN, unix_ms: start_ms };
        Self {
            machine: NodeMachine::new(chain, config, now),
            now: Duration::ZERO,
            start_ms,
            events: Vec::new(),
            closed: Vec::new(),
            job: None,
            trace: None,
            holds_writes: false,
            answers_pings: true,
            pings: Vec::new(),
            replies: BTreeMap::new(),
            sent: Vec::new(),
            unwritten: BTreeMap::new(),
            links: BTreeSet::new(),
            connections: 0,
            requests: 0,
            mesh: MeshSide::default(),
        }
    }

    /// A relay that takes the node in.
    pub(crate) fn connect(&mut self) -> ConnectionId {
        let connection = self.begin_connection();
        let welcome = Welcome { agent: "script", max_frame: 2 << 20, max_subscriptions: 16 };
        self.relay_says(connection, &RelayMessage::Welcome(welcome));
        self.relay_says(connection, &RelayMessage::Pong(BARRIER));
        connection
    }

    /// Names another connection.
    pub(crate) const fn name_connection(&mut self) -> ConnectionId {
        self.connections += 1;
        ConnectionId(self.connections)
    }

    /// A relay that has not said anything yet.
    pub(crate) fn begin_connection(&mut self) -> ConnectionId {
        let connection = self.name_connection();
        self.links.insert(connection);
        let node_id = Peer::new(connection, u32::MAX).id;
        self.input(Input::Connected { connection, relay: 0, node_id });
        connection
    }

    pub(crate) fn disconnect(&mut self, connection: ConnectionId) {
        self.links.remove(&connection);
        self.input(Input::Disconnected { connection });
    }

    pub(crate) fn relay_says(&mut self, connection: ConnectionId, message: &RelayMessage<'_>) {
        let bytes = message.to_frame().expect("within its cap");
        self.input(Input::Received { connection, bytes: &bytes });
    }

    pub(crate) fn tell(&mut self, peer: Peer, message: &NodeMessage) {
        self.tell_payload(peer, &message.encode().expect("within its cap"));
    }

    /// A peer asks something, and has its answers once the node had time for what costs more.
    pub(crate) fn ask_as(&mut self, peer: Peer, question: &NodeMessage) -> Vec<NodeMessage> {
        self.tell(peer, question);
        self.advance(Duration::from_secs(1));
        self.take_sent_to(peer)
    }

    pub(crate) fn tell_payload(&mut self, peer: Peer, payload: &[u8]) {
        let channel = ChannelRef::new(CHANNEL).expect("a good name");
        self.relay_says(peer.connection, &RelayMessage::Deliver(Deliver { channel, from: peer.id, payload }));
    }

    /// Peers say things while the node is so busy that no timeout has its turn between them.
    pub(crate) fn tell_at_once(&mut self, peer: Peer, messages: &[NodeMessage]) {
        let channel = ChannelRef::new(CHANNEL).expect("a good name");
        for message in messages {
            let payload = message.encode().expect("within its cap");
            let delivery = RelayMessage::Deliver(Deliver { channel, from: peer.id, payload: &payload });
            let bytes = delivery.to_frame().expect("within its cap");
            self.machine.handle(self.moment(), Input::Received { connection: peer.connection, bytes: &bytes });
            self.take_outputs();
        }
    }

    /// A peer says that it has that chain.
    pub(crate) fn tell_status(&mut self, peer: Peer, chain: &PeerChain) {
        let status = status(chain, self.unix_ms());
        self.tell(peer, &status);
    }

    /// Lets time pass, with every timeout that the node asks for.
    pub(crate) fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.machine.next_timeout().map(Monotonic::since_origin).filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.input(Input::Timeout);
        }
        self.now = end;
    }

    /// Lets time pass while peers with chains of their own answer as honest nodes do.
    pub(crate) fn serve(&mut self, peers: &[(Peer, &PeerChain)], time: Duration) {
        let end = self.now + time;
        while self.now < end {
            for (peer, chain) in peers {
                for question in self.take_sent_to(*peer) {
                    for answer in honest_answers(chain, &question) {
                        self.tell(*peer, &answer);
                    }
                }
            }
            self.advance(Duration::from_millis(10));
        }
    }

    /// Takes what was sent to one peer since it was last taken.
    pub(crate) fn take_sent_to(&mut self, peer: Peer) -> Vec<NodeMessage> {
        let is_to = |sent: &mut Sent| sent.connection == peer.connection && sent.to == Some(peer.id);
        self.sent.extract_if(.., is_to).map(|sent| sent.message).collect()
    }

    /// Takes everything that was sent since it was last taken.
    pub(crate) fn take_sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }

    pub(crate) fn is_connected(&self, connection: ConnectionId) -> bool {
        self.links.contains(&connection)
    }

    /// Writes so many of the bytes that wait on a connection, or as many as there are, and returns how many.
    pub(crate) fn write(&mut self, connection: ConnectionId, most: u64) -> u64 {
        let waiting = self.unwritten.entry(connection).or_default();
        let bytes = most.min(*waiting);
        *waiting -= bytes;
        self.input(Input::Written { connection, bytes });
        bytes
    }

    /// Returns how many bytes wait to be written on a connection.
    pub(crate) fn unwritten(&self, connection: ConnectionId) -> u64 {
        self.unwritten.get(&connection).copied().unwrap_or(0)
    }

    /// Returns on how many connections the node is.
    pub(crate) fn connected(&self) -> usize {
        self.links.len()
    }

    /// Finds the block that the node searches.
    pub(crate) fn mine(&mut self, MiningJob { id, mut header }: MiningJob) {
        let target = header.bits.to_target().expect("bits of a template");
        while !target.is_met_by(&header.hash()) {
            header.nonce += 1;
        }
        self.input(Input::Mined { job: id, nonce: header.nonce });
    }

    /// Asks the node, whenever the answer comes.
    pub(crate) fn request(&mut self, request: Request) -> RequestId {
        self.requests += 1;
        let id = RequestId(self.requests);
        self.input(Input::Request { id, request });
        id
    }

    /// Asks the node and returns the answer, which must come at once.
    pub(crate) fn ask(&mut self, request: Request) -> Response {
        let id = self.request(request);
        self.replies.remove(&id).expect("an answer at once")
    }

    /// Takes the answer to a request, if it has come.
    pub(crate) fn take_reply(&mut self, id: RequestId) -> Option<Response> {
        self.replies.remove(&id)
    }

    pub(crate) fn peer(&mut self, peer: Peer) -> Option<PeerInfo> {
        let Response::Peers(peers) = self.ask(Request::Peers) else { panic!("peers") };
        peers.into_iter().find(|info| (info.connection, info.id) == (peer.connection, peer.id))
    }

    pub(crate) fn is_muted(&mut self, peer: Peer) -> bool {
        self.peer(peer).is_some_and(|info| info.muted)
    }

    pub(crate) fn score(&mut self, peer: Peer) -> u32 {
        self.peer(peer).map_or(0, |info| info.score)
    }

    /// Why a peer was muted last.
    pub(crate) fn muted_for(&self, peer: Peer) -> Option<&MuteReason> {
        self.events.iter().rev().find_map(|event| match event {
            Event::PeerMuted { id, reason } if *id == peer.id => Some(reason),
            _ => None,
        })
    }

    pub(crate) fn has_tip_of(&self, chain: &PeerChain) -> bool {
        self.machine.chain().tip() == chain.tip()
    }

    pub(crate) fn unix_ms(&self) -> u64 {
        self.start_ms + u64::try_from(self.now.as_millis()).expect("no test lasts that long")
    }

    pub(crate) fn moment(&self) -> Now {
        Now { monotonic: Monotonic::new(self.now), unix_ms: self.unix_ms() }
    }

    /// Hands in an input, and whatever falls due at once.
    pub(crate) fn input(&mut self, input: Input<'_>) {
        self.machine.handle(self.moment(), input);
        self.take_outputs();
        for _ in 0..MOST_TIMEOUTS_AT_ONCE {
            if self.answers_pings && !self.pings.is_empty() {
                self.answer_pings();
                continue;
            }
            if self.machine.next_timeout().is_none_or(|at| at.since_origin() > self.now) {
                return;
            }
            self.machine.handle(self.moment(), Input::Timeout);
            self.take_outputs();
        }
        panic!("the machine turns on the spot at {:?}", self.now);
    }

    /// Relays answer the PINGs that they were sent.
    pub(crate) fn answer_pings(&mut self) {
        for (connection, nonce) in std::mem::take(&mut self.pings) {
            if self.links.contains(&connection) {
                let bytes = RelayMessage::Pong(nonce).to_frame().expect("within its cap");
                self.machine.handle(self.moment(), Input::Received { connection, bytes: &bytes });
                self.take_outputs();
            }
        }
    }

    pub(crate) fn take_outputs(&mut self) {
        self.take_what_there_is();
        while !self.holds_writes
            && let Some((connection, bytes)) = self.unwritten.pop_first()
        {
            self.machine.handle(self.moment(), Input::Written { connection, bytes });
            self.take_what_there_is();
        }
    }

    fn take_what_there_is(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            if let Some(trace) = &mut self.trace {
                trace.push(format!("{:?} {output:?}", self.now));
            }
            match output {
                Output::Send { connection, bytes } => {
                    assert!(self.links.contains(&connection), "nothing is sent on a connection that is closed");
                    *self.unwritten.entry(connection).or_default() += bytes.len() as u64;
                    super::each_message(&bytes, |message| match message {
                        RelayMessage::Publish(publish) => {
                            let Ok(Payload::Message(message)) = NodeMessage::decode(publish.payload) else {
                                panic!("a node sends what nodes understand")
                            };
                            self.sent.push(Sent { connection, to: publish.to, message });
                        }
                        RelayMessage::Ping(nonce) if nonce != BARRIER => self.pings.push((connection, nonce)),
                        _ => {}
                    });
                }
                Output::Close { connection, reason } => {
                    self.links.remove(&connection);
                    self.closed.push((connection, reason));
                }
                Output::Reply { id, response } => {
                    self.replies.insert(id, *response);
                }
                Output::Mine(job) => self.job = Some(job),
                Output::StopMining => self.job = None,
                Output::Emit(event) => self.events.push(event),
                output @ (Output::Say { .. } | Output::End { .. } | Output::Judge { .. } | Output::Shun { .. }) => {
                    self.sent.extend(self.mesh.take(output));
                }
                Output::Halt { error } => panic!("the node halted: {error}"),
            }
        }
    }
}
