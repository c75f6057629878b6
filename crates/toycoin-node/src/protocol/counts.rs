//! How much a node holds of what strangers send: for tests of the bounds.

use toycoin_core::store::ChainStore;

use crate::protocol::{NodeMachine, backlog::Purpose};

/// What a node holds of what others can stretch; each has its bound in [`limits`](crate::limits).
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub peers: usize,
    /// Peers whose mutes are remembered.
    pub mutes: usize,
    /// The highest score that a peer has; below [`MUTE_SCORE`](crate::limits::MUTE_SCORE), where it is muted and begins anew.
    pub highest_score: u32,
    pub held_headers: usize,
    pub blocks_in_flight: usize,
    pub orphan_blocks: usize,
    pub orphan_block_bytes: u64,
    pub deferred_blocks: usize,
    pub deferred_block_bytes: u64,
    pub senders: usize,
    /// Transactions that wait to be judged.
    pub arrivals: usize,
    pub arrival_bytes: usize,
    /// Transactions that were dropped before they were judged, since they were too many or had waited for too long.
    pub dropped_arrivals: u64,
    pub most_orphans_of_a_peer: usize,
    pub own_payments: usize,
    /// Own payments that wait to be told on a connection, at most.
    pub most_retold: usize,
    pub waits: usize,
    /// Dropped transactions whose reasons are remembered.
    pub drops: usize,
    pub most_seen_blocks: usize,
    /// Bytes that wait to be written on a connection, at most.
    pub most_unwritten: u64,
    /// Bytes of answers among them, at most.
    pub most_unwritten_answers: u64,
    /// Peers that wait for answers on a connection, at most.
    pub most_questioners: usize,
    /// Answers that they wait for, at most.
    pub most_questions: usize,
    pub kept_body_bytes: u64,
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Returns how much of everything there is.
    #[doc(hidden)]
    pub fn counts(&self) -> Counts {
        let (orphan_blocks, orphan_block_bytes) = self.waiting.orphans();
        let (deferred_blocks, deferred_block_bytes) = self.waiting.deferred();
        Counts {
            peers: self.peers.len(),
            mutes: self.peers.mutes(),
            highest_score: self.peers.highest_score(self.now.monotonic),
            held_headers: self.headers.held(),
            blocks_in_flight: self.bodies.in_flight(),
            orphan_blocks,
            orphan_block_bytes,
            deferred_blocks,
            deferred_block_bytes,
            senders: self.waiting.senders(),
            arrivals: self.arrivals.len(),
            arrival_bytes: self.arrivals.bytes(),
            dropped_arrivals: self.arrivals.dropped(),
            most_orphans_of_a_peer: self.mempool.most_orphans_of_a_peer(),
            own_payments: self.own_payments.len(),
            most_retold: self.links.values().map(|link| link.retelling.len()).max().unwrap_or(0),
            waits: self.waits.len(),
            drops: self.drops.len(),
            most_seen_blocks: self.links.values().map(|link| link.seen.len()).max().unwrap_or(0),
            most_unwritten: self.links.values().map(|link| link.backlog.total()).max().unwrap_or(0),
            most_unwritten_answers: {
                let answers = self.links.values().map(|link| link.backlog.waiting(Purpose::Answer));
                answers.max().unwrap_or(0)
            },
            most_questioners: self.links.values().map(|link| link.questions.peers()).max().unwrap_or(0),
            most_questions: self.links.values().map(|link| link.questions.len()).max().unwrap_or(0),
            kept_body_bytes: self.kept_bodies.bytes(),
        }
    }
}
