//! A node's relay connections.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use toycoin_core::BlockHash;

use crate::{
    client::RelayClient,
    limits,
    machine::Monotonic,
    protocol::{
        backlog::Backlog, barrier::Barrier, budget::TokenBucket, lag::Lag, pipeline::Pipeline, questions::Questions,
        retelling::Retelling,
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
    /// Blocks that the peers of the connection have seen.
    pub(super) seen: Seen,
    /// When to announce the tip, if no peer has done so by then.
    pub(super) announce_at: Option<Monotonic>,
    /// Deliveries that the relay dropped for us.
    pub(super) lag: Lag,
    /// When the next regular status is due.
    pub(super) status_at: Monotonic,
    /// Token bucket for answers to statuses with less work, over all peers of the connection.
    pub(super) status_answers: TokenBucket,
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
            seen: Seen::default(),
            announce_at: None,
            lag: Lag::default(),
            status_at: now,
            status_answers: TokenBucket::new(limits::STATUS_ANSWERS_AT_ONCE, limits::STATUS_ANSWERS_A_SECOND, now),
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

/// The most recent block hashes that were seen on a connection.
#[derive(Debug, Default)]
pub(super) struct Seen {
    hashes: BTreeSet<BlockHash>,
    order: VecDeque<BlockHash>,
}

impl Seen {
    pub(super) fn insert(&mut self, hash: BlockHash) {
        if !self.hashes.insert(hash) {
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > limits::SEEN_BLOCKS
            && let Some(oldest) = self.order.pop_front()
        {
            self.hashes.remove(&oldest);
        }
    }

    #[cfg(feature = "test-util")]
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn contains(&self, hash: &BlockHash) -> bool {
        self.hashes.contains(hash)
    }
}
