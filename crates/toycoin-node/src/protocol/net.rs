//! State that all parts of a node share: the connections, the peers, the clock, randomness, and the outputs.
//!
//! Sub-protocols borrow it beside the chain: `fn on_x(net: &mut Net, chain: &Chain<S>, ..)`.

use std::collections::{BTreeMap, VecDeque};

use rand_chacha::{ChaCha8Rng, rand_core::Rng};
use toycoin_core::RuleError;
use toycoin_wire::{
    NodeId,
    node::{NodeMessage, Reject},
};

use crate::{
    limits,
    log_limiter::LogLimiter,
    machine::Now,
    protocol::{
        Event, MuteReason, NodeConfig, Output, RequestId, Response,
        backlog::Purpose,
        lanes::{Lane, LaneKey},
        links::Link,
        peer_key::PeerKey,
        peers::Peers,
    },
    relay::ConnectionId,
};

/// The node's side of the network, which every part of the machine needs to send something.
#[derive(Debug)]
pub(super) struct Net {
    pub(super) config: NodeConfig,
    pub(super) links: BTreeMap<ConnectionId, Link>,
    pub(super) peers: Peers,
    /// Outputs for the driver, the oldest first.
    pub(super) outputs: VecDeque<Output>,
    pub(super) rng: ChaCha8Rng,
    /// Time of the present input.
    pub(super) now: Now,
    /// Limits the rate of log lines that strangers can cause.
    pub(super) log: LogLimiter,
    /// Number of answers that were not given, because peers asked for too much.
    pub(super) overloads: u64,
    /// Number of messages that were not sent, because too many bytes waited to be written.
    pub(super) unsent: u64,
    /// Whether the store has failed.
    pub(super) halted: bool,
    /// Peers that were muted, until all parts of the machine have forgotten them.
    muted: Vec<PeerKey>,
}

impl Net {
    pub(super) fn new(config: NodeConfig, rng: ChaCha8Rng, now: Now) -> Self {
        Self {
            config,
            links: BTreeMap::new(),
            peers: Peers::default(),
            outputs: VecDeque::new(),
            rng,
            now,
            log: LogLimiter::new(),
            overloads: 0,
            unsent: 0,
            halted: false,
            muted: Vec::new(),
        }
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Emit(event));
    }

    /// Answers an embedder's request.
    pub(super) fn reply(&mut self, id: RequestId, response: Response) {
        self.outputs.push_back(Output::Reply { id, response: Box::new(response) });
    }

    /// Publishes a message on the ready connections that `wanted` accepts, and returns those that have no room for it.
    pub(super) fn broadcast(
        &mut self,
        message: &NodeMessage,
        wanted: impl Fn(ConnectionId) -> bool,
    ) -> Vec<ConnectionId> {
        self.publish(Purpose::of(None, message), None, message, wanted)
    }

    /// Sends a message to one peer, if there is room for it. A message that the peer caused is charged to the budget
    /// for answers.
    pub(super) fn send_to(&mut self, peer: PeerKey, message: &NodeMessage) {
        let purpose = Purpose::of(Some(peer.1), message);
        if purpose == Purpose::Answer
            && let Some(link) = self.links.get_mut(&peer.0)
            && !link.budget.take(limits::LOOKUP_TOKENS, self.now.monotonic)
        {
            self.overloads += 1;
            return;
        }
        self.publish(purpose, Some(peer.1), message, |connection| connection == peer.0);
    }

    /// Publishes a message wherever its purpose has room. A connection without room stays open: the message is not sent
    /// there, and counted as unsent.
    pub(super) fn publish(
        &mut self,
        purpose: Purpose,
        to: Option<NodeId>,
        message: &NodeMessage,
        wanted: impl Fn(ConnectionId) -> bool,
    ) -> Vec<ConnectionId> {
        let mut full = Vec::new();
        let payload = match message.encode() {
            Ok(payload) => payload,
            Err(error) => {
                self.log_unsendable(&error);
                return full;
            }
        };
        let mut unsendable = None;
        let ready = self.links.iter_mut().filter(|(connection, link)| link.ready && wanted(**connection));
        for (connection, link) in ready {
            match link.way.carry(&self.config.channel, to, &payload) {
                Ok(bytes) if link.backlog.has_room(purpose, bytes.len() as u64) => {
                    link.backlog.push(purpose, bytes.len() as u64, self.now.monotonic);
                    self.outputs.push_back(Output::Send { connection: *connection, bytes });
                }
                Ok(_) => full.push(*connection),
                Err(error) => unsendable = Some(error),
            }
        }
        if let Some(error) = unsendable {
            self.log_unsendable(&error);
        }
        self.unsent += full.len() as u64;
        full
    }

    /// Logs that a message of our own does not fit a frame. A relay may announce that it accepts nothing large, and a
    /// stranger may then ask for something large.
    pub(super) fn log_unsendable(&mut self, error: &toycoin_wire::EncodeError) {
        if let Some(omitted) = self.log.admit("unsendable message", self.now.monotonic) {
            tracing::error!(%error, "a message of our own does not fit its frame{omitted}");
        }
    }

    /// Sends the output of a connection's client. A relay that asks on and on without reading is answered only while
    /// there is room; the client's own queue is bounded.
    pub(super) fn flush_link(&mut self, connection: ConnectionId) {
        let Some(link) = self.links.get_mut(&connection) else { return };
        while link.backlog.waiting(Purpose::Client) < limits::CLIENT_SHARE / 2
            && let Some(bytes) = link.way.take_output()
        {
            link.backlog.push(Purpose::Client, bytes.len() as u64, self.now.monotonic);
            self.outputs.push_back(Output::Send { connection, bytes });
        }
    }

    /// Sends a PING on a connection, unless one is outstanding. Its answer shows that all deliveries that waited at the
    /// relay have arrived.
    pub(super) fn ping(&mut self, connection: ConnectionId) {
        let now = self.now.monotonic;
        let Some(link) = self.links.get_mut(&connection).filter(|link| link.ready) else { return };
        if let Some(number) = link.barrier.ask(now) {
            let bytes = link.way.ping(number);
            link.backlog.push(Purpose::Client, bytes.len() as u64, now);
            self.outputs.push_back(Output::Send { connection, bytes });
        }
    }

    /// Returns the lane on which a peer is reached.
    pub(super) fn lane_of(&mut self, peer: &PeerKey) -> Option<&mut Lane> {
        self.links.get_mut(&peer.0)?.lane_of(peer.1)
    }

    /// Returns the lane with a name.
    pub(super) fn lane(&mut self, key: LaneKey) -> Option<&mut Lane> {
        self.links.get_mut(&key.connection)?.lanes.get_mut(&key.to)
    }

    /// Returns all lanes of the ready connections, each with its name.
    pub(super) fn lanes(&mut self) -> impl Iterator<Item = (LaneKey, &mut Lane)> {
        let ready = self.links.iter_mut().filter(|(_, link)| link.ready);
        ready.flat_map(|(connection, link)| {
            let connection = *connection;
            link.lanes.iter_mut().map(move |(to, lane)| (LaneKey { connection, to: *to }, lane))
        })
    }

    pub(super) fn is_ready(&self, connection: ConnectionId) -> bool {
        self.links.get(&connection).is_some_and(|link| link.ready)
    }

    /// Mutes a peer that sent what no honest peer sends.
    pub(super) fn mute(&mut self, peer: PeerKey, reason: MuteReason) {
        // judged late, the message may have come on a connection that is gone
        if self.links.contains_key(&peer.0) && self.peers.mute(peer, self.now.monotonic) {
            self.muted.push(peer);
            self.emit(Event::PeerMuted { id: peer.1, reason });
        }
    }

    /// Adds points to a peer's misbehaviour score, for what an honest peer might send occasionally.
    pub(super) fn score(&mut self, peer: PeerKey, points: u32) {
        if let Some(score) = self.peers.add_score(peer, points, self.config.mute_score, self.now.monotonic) {
            self.muted.push(peer);
            self.emit(Event::PeerMuted { id: peer.1, reason: MuteReason::Score(score) });
        }
    }

    /// Takes the peers that were muted since the last call.
    pub(super) fn take_muted(&mut self) -> Vec<PeerKey> {
        std::mem::take(&mut self.muted)
    }

    /// Records that a peer let a request lapse. That is no misbehaviour, but other peers come first from now on.
    pub(super) fn stalled(&mut self, peer: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.standing.stalled(self.now.monotonic);
        }
    }

    /// Sends a peer the rule that it broke. This helps teaching and debugging, and has a rate limit of a few per
    /// second.
    pub(super) fn reject(&mut self, peer: PeerKey, hash: [u8; 32], error: &RuleError) {
        let now = self.now.monotonic;
        if !self.peers.get_mut(&peer).is_some_and(|peer| peer.rejects.take(1, now)) {
            return;
        }
        let mut text = error.to_string();
        while text.len() > limits::REJECT_TEXT {
            text.pop();
        }
        self.send_to(peer, &NodeMessage::Reject(Reject { hash, rule: error.rule().number(), text }));
    }

    /// Halts the machine because the store failed. Further inputs are ignored, and no uncommitted change was announced.
    pub(super) fn halt(&mut self, error: &str) {
        if !self.halted {
            self.halted = true;
            self.outputs.push_back(Output::StopMining);
            self.outputs.push_back(Output::Halt { error: error.to_owned() });
        }
    }

    pub(super) fn random(&mut self) -> u64 {
        self.rng.next_u64()
    }

    pub(super) fn choose<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(among.len()).ok().filter(|count| *count > 0)?;
        among.get(usize::try_from(self.random() % count).ok()?)
    }
}
