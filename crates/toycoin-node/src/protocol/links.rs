//! A node's connections: how each reaches its peers, and what waits on it.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use toycoin_wire::{Channel, EncodeError, NodeId};

use crate::{
    client::{ClientError, RelayClient, publication},
    limits,
    machine::{Monotonic, Now},
    protocol::{
        Output, QuestionId,
        announcements::Seen,
        answers::Questions,
        backlog::{Backlog, Purpose},
        barrier::Barrier,
        budget::TokenBucket,
        lag::Lag,
        lanes::{Lane, LaneKey},
        peer_key::PeerKey,
    },
    relay::ConnectionId,
};

/// How a connection reaches its peers. What differs between kinds stands here and where bytes come in
/// (`receiving.rs`); sync, mempool and mining see peers on a connection, of whatever kind.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a node has a few")]
pub(super) enum Way {
    /// A relay copies each message to its other subscribers.
    Relay {
        /// The relay's index in the configuration.
        index: usize,
        client: RelayClient,
    },
    /// Peers that are connected to us directly. Payloads travel as they are.
    Mesh,
}

impl Way {
    /// Returns when the connection's own protocol needs a timeout.
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        match self {
            Self::Relay { client, .. } => client.next_timeout(),
            Self::Mesh => None,
        }
    }

    /// Lets the connection's own protocol do what became due.
    ///
    /// # Errors
    /// When the connection is lost.
    pub(super) fn handle_timeout(&mut self, now: Now) -> Result<(), ClientError> {
        match self {
            Self::Relay { client, .. } => client.handle_timeout(now),
            Self::Mesh => Ok(()),
        }
    }

    /// Returns the bytes of a PING, whose answer comes behind all that waits for us at the other end. On a mesh nothing
    /// waits for us there.
    pub(super) fn ping(&self, nonce: u64) -> Option<Bytes> {
        match self {
            Self::Relay { client, .. } => Some(client.ping(nonce)),
            Self::Mesh => None,
        }
    }

    /// Takes bytes of the connection's own protocol.
    pub(super) fn take_output(&mut self) -> Option<Bytes> {
        match self {
            Self::Relay { client, .. } => client.take_output(),
            Self::Mesh => None,
        }
    }
}

/// A message on its way out.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) purpose: Purpose,
    /// The peer that it is for; `None` for all.
    pub(super) to: Option<NodeId>,
    /// The question of a mesh peer that it answers.
    pub(super) answers: Option<QuestionId>,
    pub(super) payload: Bytes,
    /// The frame for relays, once the first one needs it. It is the same for all of them.
    frame: OnceCell<Bytes>,
}

impl Outgoing {
    pub(super) const fn new(purpose: Purpose, to: Option<NodeId>, answers: Option<QuestionId>, payload: Bytes) -> Self {
        Self { purpose, to, answers, payload, frame: OnceCell::new() }
    }

    /// Returns the frame that carries the message to a relay.
    fn frame(&self, channel: &Channel) -> Result<Bytes, EncodeError> {
        if let Some(frame) = self.frame.get() {
            return Ok(frame.clone());
        }
        let frame = publication(channel, self.to, &self.payload)?;
        Ok(self.frame.get_or_init(|| frame).clone())
    }
}

/// A connection, and what waits on it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) way: Way,
    pub(super) ready: bool,
    /// Messages that were sent and are not written yet.
    pub(super) backlog: Backlog,
    /// Peers' questions that are not answered yet.
    pub(super) questions: Questions,
    /// Token bucket for answers, over all peers of the connection.
    pub(super) budget: TokenBucket,
    /// Token bucket for proofs, receipts and filters, over all peers of a relay connection. On a mesh, which does not
    /// let one program have many peers, each peer's own is enough.
    pub(super) light: TokenBucket,
    /// The same for chunks of snapshots.
    pub(super) chunks: TokenBucket,
    /// Token bucket for looking for the payments of compact blocks, over all peers of the connection.
    pub(super) looks: TokenBucket,
    /// Token bucket for compact blocks whose parents are unknown. Their headers cost little, so they take nothing of the
    /// other blocks' bucket.
    pub(super) orphans: TokenBucket,
    /// When the bucket for answers has enough for the next one.
    pub(super) answer_at: Option<Monotonic>,
    /// The lanes to its peers, by the peer that each leads to.
    pub(super) lanes: BTreeMap<Option<NodeId>, Lane>,
    /// Deliveries that the relay dropped for us.
    pub(super) lag: Lag,
    pub(super) barrier: Barrier,
    /// The blocks that were gossiped here, on a mesh.
    pub(super) gossiped: Seen,
    opened: Monotonic,
    /// Duration of the handshake, which is about two round trips.
    welcomed_in: Duration,
}

impl Link {
    /// Returns the connection to a relay, which is not ready before the relay's welcome.
    pub(super) fn to_relay(index: usize, client: RelayClient, now: Monotonic) -> Self {
        Self::new(Way::Relay { index, client }, BTreeMap::from([(None, Lane::to_all(now))]), now)
    }

    /// Returns a mesh without peers, which is ready.
    pub(super) fn mesh(now: Monotonic) -> Self {
        Self { ready: true, ..Self::new(Way::Mesh, BTreeMap::new(), now) }
    }

    fn new(way: Way, lanes: BTreeMap<Option<NodeId>, Lane>, now: Monotonic) -> Self {
        Self {
            way,
            ready: false,
            backlog: Backlog::default(),
            questions: Questions::default(),
            budget: TokenBucket::new(limits::ANSWER_TOKENS, limits::ANSWER_TOKENS_PER_SECOND, now),
            light: TokenBucket::new(limits::RELAY_LIGHT_BYTES, limits::RELAY_LIGHT_BYTES_PER_SECOND, now),
            chunks: TokenBucket::new(limits::RELAY_CHUNK_BYTES, limits::RELAY_CHUNK_BYTES_PER_SECOND, now),
            looks: TokenBucket::new(limits::COMPACT_LOOKS, limits::COMPACT_LOOKS_PER_SECOND, now),
            orphans: TokenBucket::new(limits::COMPACT_ORPHANS, limits::COMPACT_ORPHANS_PER_SECOND, now),
            answer_at: None,
            lanes,
            lag: Lag::default(),
            barrier: Barrier::default(),
            gossiped: Seen::default(),
            opened: now,
            welcomed_in: Duration::ZERO,
        }
    }

    /// Records that the relay has completed the handshake.
    pub(super) fn welcomed(&mut self, now: Monotonic) {
        self.ready = true;
        self.welcomed_in = now.saturating_since(self.opened);
    }

    pub(super) const fn is_mesh(&self) -> bool {
        matches!(self.way, Way::Mesh)
    }

    /// Returns when the connection has something to do next.
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        let lanes = self.lanes.values().filter_map(|lane| lane.next_timeout(self.ready)).min();
        let (lag, barrier) = (self.lag.next_timeout(), self.barrier.gives_up_at());
        [self.way.next_timeout(), lanes, lag, barrier, self.answer_at].into_iter().flatten().min()
    }

    /// Returns a time: all deliveries that waited at the relay then have arrived. `None` on a mesh, where nothing waits
    /// between its peers and us.
    pub(super) const fn passed(&self) -> Option<Monotonic> {
        match self.way {
            Way::Relay { .. } => Some(self.barrier.passed()),
            Way::Mesh => None,
        }
    }

    /// Returns whether a message of so many bytes has room. What a mesh has room for is its driver's concern.
    pub(super) fn has_room(&self, purpose: Purpose, length: u64) -> bool {
        self.is_mesh() || self.backlog.has_room(purpose, length)
    }

    /// Returns the output that carries a message to one peer, or to all; `None` if there is no room for it.
    ///
    /// # Errors
    /// When the message is too large.
    pub(super) fn carry(
        &mut self,
        connection: ConnectionId,
        channel: &Channel,
        message: &Outgoing,
        now: Monotonic,
    ) -> Result<Option<Output>, EncodeError> {
        let Outgoing { purpose, to, answers, ref payload, .. } = *message;
        let client = match &self.way {
            Way::Mesh => {
                let payload = payload.clone();
                return Ok(Some(Output::Say { connection, to, answers, payload }));
            }
            Way::Relay { client, .. } => client,
        };
        let bytes = message.frame(channel)?;
        client.check(&bytes)?;
        let length = bytes.len() as u64;
        if !self.backlog.has_room(purpose, length) {
            return Ok(None);
        }
        self.backlog.push(purpose, length, now);
        Ok(Some(Output::Send { connection, bytes }))
    }

    /// Moves the output of the connection's client to a node's. A relay that asks on and on without reading is answered
    /// only while there is room; the client's own queue is bounded.
    pub(super) fn flush(&mut self, connection: ConnectionId, now: Monotonic, outputs: &mut VecDeque<Output>) {
        while self.backlog.waiting(Purpose::Client) < limits::CLIENT_SHARE / 2
            && let Some(bytes) = self.way.take_output()
        {
            self.backlog.push(Purpose::Client, bytes.len() as u64, now);
            outputs.push_back(Output::Send { connection, bytes });
        }
    }

    /// Returns the peer that names the lane on which a peer is reached.
    const fn lane_to(&self, peer: NodeId) -> Option<NodeId> {
        match self.way {
            Way::Relay { .. } => None,
            Way::Mesh => Some(peer),
        }
    }

    /// Returns the lane on which a peer is reached.
    pub(super) fn lane_of(&mut self, peer: NodeId) -> Option<&mut Lane> {
        self.lanes.get_mut(&self.lane_to(peer))
    }

    /// Returns the name of the lane on which a peer of this connection is reached.
    pub(super) const fn lane_key(&self, (connection, peer): PeerKey) -> LaneKey {
        LaneKey { connection, to: self.lane_to(peer) }
    }

    /// Returns how long a peer that has delivered nothing yet may take to answer before others are asked too.
    pub(super) fn patience_with_newcomers(&self) -> Duration {
        (self.welcomed_in * 2).clamp(limits::NEWCOMER_PATIENCE, limits::MAX_NEWCOMER_PATIENCE)
    }
}
