//! Relay connections as a node sees them.

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
    /// Which relay, in the configuration's order.
    pub(super) relay: usize,
    pub(super) client: RelayClient,
    pub(super) ready: bool,
    /// What was sent there and is not written yet.
    pub(super) backlog: Backlog,
    /// What peers asked there and were not answered yet.
    pub(super) questions: Questions,
    /// What answers may still cost there, all peers together.
    pub(super) budget: TokenBucket,
    /// When there is budget for the next answer.
    pub(super) answer_at: Option<Monotonic>,
    /// Blocks that whoever listens there has seen.
    pub(super) seen: Seen,
    /// When the tip is to be told there, if nobody else has by then.
    pub(super) announce_at: Option<Monotonic>,
    /// What the relay dropped for us.
    pub(super) lag: Lag,
    /// When the status is to be told in any case.
    pub(super) status_at: Monotonic,
    /// Statuses with less work that may still be answered, all peers together.
    pub(super) status_answers: TokenBucket,
    pub(super) barrier: Barrier,
    pub(super) pipeline: Pipeline,
    /// Our own payments that are to be told there.
    pub(super) retelling: Retelling,
    opened: Monotonic,
    /// How long the relay took to take us in, which is about two round trips.
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

    /// Notes that the relay has taken us in.
    pub(super) fn welcomed(&mut self, now: Monotonic) {
        self.ready = true;
        self.welcomed_in = now.saturating_since(self.opened);
    }

    /// Returns how long a peer here that has delivered nothing may take to answer before others are asked too.
    pub(super) fn patience_with_newcomers(&self) -> Duration {
        (self.welcomed_in * 2).clamp(limits::NEWCOMER_PATIENCE, limits::NEWCOMER_PATIENCE_MOST)
    }
}

/// The last block hashes that were seen somewhere.
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
