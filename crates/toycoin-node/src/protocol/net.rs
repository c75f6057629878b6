//! State that all parts of a node share: the connections, the peers, the clock, randomness, and the outputs.
//!
//! Sub-protocols borrow it beside the chain: `fn on_x(net: &mut Net, chain: &Chain<S>, ..)`.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use rand_chacha::{ChaCha8Rng, rand_core::Rng};
use toycoin_core::{BlockHash, RuleError};
use toycoin_wire::{
    NodeId,
    node::{NodeMessage, Reject},
};

use crate::{
    limits,
    log_limiter::LogLimiter,
    machine::{Monotonic, Now},
    protocol::{
        Event, Judgement, MuteReason, NodeConfig, Output, QuestionId, RequestId, Response, Ticket,
        backlog::Purpose,
        lanes::{Lane, LaneKey},
        links::{Link, Outgoing},
        missed::MissedGossip,
        peer_key::PeerKey,
        peers::Peers,
        tickets::Tickets,
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
    /// The tickets of gossiped messages that are not judged yet.
    pub(super) tickets: Tickets,
    /// Payments whose gossip was dropped before it was judged.
    pub(super) missed: MissedGossip,
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
            tickets: Tickets::default(),
            missed: MissedGossip::default(),
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
    /// there, and counted as unsent. What is for all is gossiped on a mesh.
    pub(super) fn publish(
        &mut self,
        purpose: Purpose,
        to: Option<NodeId>,
        message: &NodeMessage,
        wanted: impl Fn(ConnectionId) -> bool,
    ) -> Vec<ConnectionId> {
        let Some(payload) = self.encode(message) else { return Vec::new() };
        if to.is_some() {
            return self.carry(&Outgoing::new(purpose, to, None, payload), |connection, _| wanted(connection));
        }
        let outgoing = Outgoing::new(purpose, to, None, payload);
        let full = self.carry(&outgoing, |connection, link| wanted(connection) && !link.is_mesh());
        self.gossip(purpose, message, wanted);
        full
    }

    /// Answers a peer's question, if there is room for it.
    pub(super) fn answer(&mut self, (at, peer): PeerKey, question: Option<QuestionId>, message: &NodeMessage) {
        let Some(payload) = self.encode(message) else { return };
        let outgoing = Outgoing::new(Purpose::Answer, Some(peer), question, payload);
        self.carry(&outgoing, |connection, _| connection == at);
    }

    /// Gossips a transaction or a block on the meshes that `wanted` accepts. A block that is too large for that is told
    /// by its header, whose receivers ask for the block.
    pub(super) fn gossip(&mut self, purpose: Purpose, message: &NodeMessage, wanted: impl Fn(ConnectionId) -> bool) {
        let is_wanted = |connection: ConnectionId, link: &Link| link.is_mesh() && wanted(connection);
        if !self.links.iter().any(|(connection, link)| is_wanted(*connection, link)) {
            return;
        }
        let payload = match (self.encode(message), message) {
            (Some(payload), NodeMessage::Block(block)) if payload.len() > limits::GOSSIP_MESSAGE => {
                self.encode(&NodeMessage::Headers(vec![block.header]))
            }
            (Some(payload), NodeMessage::CompactBlock(block)) if payload.len() > limits::GOSSIP_MESSAGE => {
                self.encode(&NodeMessage::Headers(vec![block.header]))
            }
            (payload, _) => payload,
        };
        let Some(payload) = payload else { return };
        self.carry(&Outgoing::new(purpose, None, None, payload), is_wanted);
    }

    /// Records that a block was gossiped on the connections that `wanted` accepts.
    pub(super) fn was_gossiped(&mut self, hash: BlockHash, wanted: impl Fn(ConnectionId) -> bool) {
        for (_, link) in self.links.iter_mut().filter(|(connection, link)| link.is_mesh() && wanted(**connection)) {
            link.gossiped.insert(hash);
        }
    }

    /// Hands a message to the ready connections that `wanted` accepts, and returns those without room for it.
    fn carry(&mut self, outgoing: &Outgoing, wanted: impl Fn(ConnectionId, &Link) -> bool) -> Vec<ConnectionId> {
        let (mut full, mut unsendable) = (Vec::new(), None);
        let ready = self.links.iter_mut().filter(|(connection, link)| link.ready && wanted(**connection, link));
        for (connection, link) in ready {
            match link.carry(*connection, &self.config.channel, outgoing, self.now.monotonic) {
                Ok(Some(output)) => self.outputs.push_back(output),
                Ok(None) => full.push(*connection),
                Err(error) => unsendable = Some(error),
            }
        }
        if let Some(error) = unsendable {
            self.log_unsendable(&error);
        }
        self.unsent += full.len() as u64;
        full
    }

    fn encode(&mut self, message: &NodeMessage) -> Option<Bytes> {
        message.encode().map(Bytes::from).map_err(|error| self.log_unsendable(&error)).ok()
    }

    /// Logs that a message of our own does not fit a frame. A relay may announce that it accepts nothing large, and a
    /// stranger may then ask for something large.
    pub(super) fn log_unsendable(&mut self, error: &toycoin_wire::EncodeError) {
        if let Some(omitted) = self.log.admit("unsendable message", self.now.monotonic) {
            tracing::error!(%error, "a message of our own does not fit its frame{omitted}");
        }
    }

    /// Sends the output of a connection's client.
    pub(super) fn flush_link(&mut self, connection: ConnectionId) {
        if let Some(link) = self.links.get_mut(&connection) {
            link.flush(connection, self.now.monotonic, &mut self.outputs);
        }
    }

    /// Sends the output of all connections' clients.
    pub(super) fn flush_links(&mut self) {
        for (connection, link) in &mut self.links {
            link.flush(*connection, self.now.monotonic, &mut self.outputs);
        }
    }

    /// Sends a PING on a connection, unless one is outstanding. Its answer shows that all deliveries that waited at the
    /// relay have arrived.
    pub(super) fn ping(&mut self, connection: ConnectionId) {
        let now = self.now.monotonic;
        let Some(link) = self.links.get_mut(&connection).filter(|link| link.ready) else { return };
        if link.is_mesh() {
            return;
        }
        if let Some(number) = link.barrier.ask(now)
            && let Some(bytes) = link.way.ping(number)
        {
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
            self.was_muted(peer, reason);
        }
    }

    fn was_muted(&mut self, peer: PeerKey, reason: MuteReason) {
        self.muted.push(peer);
        self.emit(Event::PeerMuted { id: peer.1, reason });
        if let Some(until) = self.peers.muted_until(&peer, self.now.monotonic) {
            self.shun(peer, until);
        }
    }

    /// Has no connection with a peer of a mesh until its mute is over.
    pub(super) fn shun(&mut self, (connection, peer): PeerKey, until: Monotonic) {
        if self.links.get(&connection).is_some_and(Link::is_mesh) {
            let time = until.saturating_since(self.now.monotonic);
            self.outputs.push_back(Output::Shun { connection, peer, time });
        }
    }

    /// Ends the questions of mesh peers that get no further answer.
    pub(super) fn end_questions(&mut self) {
        for link in self.links.values_mut() {
            self.outputs.extend(link.questions.take_ended().map(|question| Output::End { question }));
        }
    }

    /// Takes bytes of proofs, receipts and filters from a peer's bucket, and on a relay from the connection's as well.
    /// Chunks of snapshots have buckets of their own.
    /// Returns false, and takes nothing, if there are too few.
    pub(super) fn take_light(&mut self, peer: PeerKey, is_chunk: bool, bytes: u64) -> bool {
        let now = self.now.monotonic;
        let (Some(link), Some(known)) = (self.links.get_mut(&peer.0), self.peers.get_mut(&peer)) else { return false };
        let is_mesh = link.is_mesh();
        let (own, shared) = match is_chunk {
            true => (&mut known.chunks, &mut link.chunks),
            false => (&mut known.light, &mut link.light),
        };
        if !own.take(bytes, now) {
            return false;
        }
        if !is_mesh && !shared.take(bytes, now) {
            own.give_back(bytes);
            return false;
        }
        true
    }

    /// Gives back bytes that were taken and not sent.
    pub(super) fn give_back_light(&mut self, peer: PeerKey, is_chunk: bool, bytes: u64) {
        if let Some(known) = self.peers.get_mut(&peer) {
            if is_chunk { known.chunks.give_back(bytes) } else { known.light.give_back(bytes) }
        }
        if let Some(link) = self.links.get_mut(&peer.0).filter(|link| !link.is_mesh()) {
            if is_chunk { link.chunks.give_back(bytes) } else { link.light.give_back(bytes) }
        }
    }

    /// Judges a gossiped message, unless its ticket was judged before.
    pub(super) fn judge(&mut self, ticket: Ticket, judgement: Judgement) {
        if self.tickets.close(ticket) {
            self.outputs.push_back(Output::Judge { ticket, judgement });
        }
    }

    /// Judges a message that perhaps was gossiped.
    pub(super) fn judge_any(&mut self, ticket: Option<Ticket>, judgement: Judgement) {
        if let Some(ticket) = ticket {
            self.judge(ticket, judgement);
        }
    }

    /// Ignores what some peers gossiped.
    pub(super) fn ignore_tickets_of(&mut self, which: impl Fn(&PeerKey) -> bool) {
        for ticket in self.tickets.of(which) {
            self.judge(ticket, Judgement::Ignore);
        }
    }

    /// Ignores what was gossiped too long ago.
    pub(super) fn ignore_late_tickets(&mut self) {
        for ticket in self.tickets.over(self.now.monotonic) {
            self.judge(ticket, Judgement::Ignore);
        }
    }

    /// Adds points to a peer's misbehaviour score, for what an honest peer might send occasionally.
    pub(super) fn score(&mut self, peer: PeerKey, points: u32) {
        if let Some(score) = self.peers.add_score(peer, points, self.config.mute_score, self.now.monotonic) {
            self.was_muted(peer, MuteReason::Score(score));
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

    /// Records that a peer has nothing to give now. Others are asked, and the peer again after a backoff.
    pub(super) fn not_now(&mut self, peer: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.standing.not_now(self.now.monotonic);
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
