//! A node's connections: how each reaches its peers, and what waits on it.

use std::time::Duration;

use bytes::Bytes;
use toycoin_wire::{Channel, EncodeError, NodeId};

use crate::{
    client::{ClientError, RelayClient},
    limits,
    machine::{Monotonic, Now},
    protocol::{
        announcements::Announcements, answers::Questions, backlog::Backlog, barrier::Barrier, bodies::Pipeline,
        budget::TokenBucket, lag::Lag, transactions::Rebroadcast,
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
    pub(super) announcements: Announcements,
    /// Deliveries that the relay dropped for us.
    pub(super) lag: Lag,
    pub(super) barrier: Barrier,
    pub(super) pipeline: Pipeline,
    /// Our own payments that wait to be sent on this connection.
    pub(super) rebroadcast: Rebroadcast,
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
            announcements: Announcements::new(now),
            lag: Lag::default(),
            barrier: Barrier::default(),
            pipeline: Pipeline::default(),
            rebroadcast: Rebroadcast::new(now),
            opened: now,
            welcomed_in: Duration::ZERO,
        }
    }

    /// Records that the relay has completed the handshake.
    pub(super) fn welcomed(&mut self, now: Monotonic) {
        self.ready = true;
        self.welcomed_in = now.saturating_since(self.opened);
    }

    /// Returns how long a peer that has delivered nothing yet may take to answer before others are asked too.
    pub(super) fn patience_with_newcomers(&self) -> Duration {
        (self.welcomed_in * 2).clamp(limits::NEWCOMER_PATIENCE, limits::MAX_NEWCOMER_PATIENCE)
    }
}
