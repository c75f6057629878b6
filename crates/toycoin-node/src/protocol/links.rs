//! A node's relay connections.

use std::time::Duration;

use crate::{
    client::RelayClient,
    limits,
    machine::Monotonic,
    protocol::{
        announce::Announcements, answers::Questions, backlog::Backlog, barrier::Barrier, bodies::Pipeline,
        budget::TokenBucket, lag::Lag, transactions::Retelling,
    },
};

/// A connection to a relay.
#[derive(Debug)]
pub(super) struct Link {
    /// The relay's index in the configuration.
    pub(super) relay: usize,
    pub(super) client: RelayClient,
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
    pub(super) retelling: Retelling,
    opened: Monotonic,
    /// Duration of the handshake, which is about two round trips.
    welcomed_in: Duration,
}

impl Link {
    pub(super) fn new(relay: usize, client: RelayClient, now: Monotonic) -> Self {
        Self {
            relay,
            client,
            ready: false,
            backlog: Backlog::default(),
            questions: Questions::default(),
            budget: TokenBucket::new(limits::ANSWER_TOKENS, limits::ANSWER_TOKENS_PER_SECOND, now),
            answer_at: None,
            announcements: Announcements::new(now),
            lag: Lag::default(),
            barrier: Barrier::default(),
            pipeline: Pipeline::default(),
            retelling: Retelling::new(now),
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
        (self.welcomed_in * 2).clamp(limits::NEWCOMER_PATIENCE, limits::NEWCOMER_PATIENCE_MOST)
    }
}
