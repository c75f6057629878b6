//! A node's connections: how each reaches its peers, and what waits on it.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use toycoin_wire::{Channel, EncodeError, NodeId};

use crate::{
    client::{ClientError, RelayClient},
    limits,
    machine::{Monotonic, Now},
    protocol::{
        answers::Questions,
        backlog::Backlog,
        barrier::Barrier,
        budget::TokenBucket,
        lag::Lag,
        lanes::{Lane, LaneKey},
        peer_key::PeerKey,
    },
};

/// How a connection reaches its peers. What differs between kinds stands here and where bytes come in
/// (`receiving.rs`); sync, mempool and mining see peers on a connection, of whatever kind.
#[derive(Debug)]
pub(super) enum Way {
    /// A relay copies each message to its other subscribers.
    Relay {
        /// The relay's index in the configuration.
        index: usize,
        client: RelayClient,
    },
}

impl Way {
    /// Returns when the connection's own protocol needs a timeout.
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        match self {
            Self::Relay { client, .. } => client.next_timeout(),
        }
    }

    /// Lets the connection's own protocol do what became due.
    ///
    /// # Errors
    /// When the connection is lost.
    pub(super) fn handle_timeout(&mut self, now: Now) -> Result<(), ClientError> {
        match self {
            Self::Relay { client, .. } => client.handle_timeout(now),
        }
    }

    /// Returns the bytes that carry a payload to one peer, or to all.
    ///
    /// # Errors
    /// When the payload is too large.
    pub(super) fn carry(&self, channel: &Channel, to: Option<NodeId>, payload: &[u8]) -> Result<Bytes, EncodeError> {
        match self {
            Self::Relay { client, .. } => client.publish(channel, to, payload),
        }
    }

    /// Returns the bytes of a PING, whose answer comes behind all that waits for us at the other end.
    pub(super) fn ping(&self, nonce: u64) -> Bytes {
        match self {
            Self::Relay { client, .. } => client.ping(nonce),
        }
    }

    /// Takes bytes of the connection's own protocol.
    pub(super) fn take_output(&mut self) -> Option<Bytes> {
        match self {
            Self::Relay { client, .. } => client.take_output(),
        }
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
    /// When the bucket has enough for the next answer.
    pub(super) answer_at: Option<Monotonic>,
    /// The lanes to its peers, by the peer that each leads to.
    pub(super) lanes: BTreeMap<Option<NodeId>, Lane>,
    /// Deliveries that the relay dropped for us.
    pub(super) lag: Lag,
    pub(super) barrier: Barrier,
    opened: Monotonic,
    /// Duration of the handshake, which is about two round trips.
    welcomed_in: Duration,
}

impl Link {
    pub(super) fn new(way: Way, now: Monotonic) -> Self {
        Self {
            way,
            ready: false,
            backlog: Backlog::default(),
            questions: Questions::default(),
            budget: TokenBucket::new(limits::ANSWER_TOKENS, limits::ANSWER_TOKENS_PER_SECOND, now),
            answer_at: None,
            lanes: BTreeMap::from([(None, Lane::to_all(now))]),
            lag: Lag::default(),
            barrier: Barrier::default(),
            opened: now,
            welcomed_in: Duration::ZERO,
        }
    }

    /// Records that the relay has completed the handshake.
    pub(super) fn welcomed(&mut self, now: Monotonic) {
        self.ready = true;
        self.welcomed_in = now.saturating_since(self.opened);
    }

    /// Returns the peer that names the lane on which a peer is reached.
    const fn lane_to(&self, _peer: NodeId) -> Option<NodeId> {
        match self.way {
            Way::Relay { .. } => None,
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
