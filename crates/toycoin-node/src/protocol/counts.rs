//! How much a node holds of what strangers send: for tests of the bounds (feature `test-util`).

use toycoin_core::store::ChainStore;

use crate::protocol::{NodeMachine, backlog::Purpose};

/// What a node holds of what others can stretch; each has its bound in [`limits`](crate::limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Peers that are known.
    pub peers: usize,
    /// Peers whose mutes are remembered.
    pub mutes: usize,
    /// The highest score that a peer has; below [`MUTE_SCORE`](crate::limits::MUTE_SCORE), where it is muted and begins anew.
    pub highest_score: u32,
    /// Headers that are held back until their chain has more work than ours.
    pub held_headers: usize,
    /// Blocks that were asked for and have not come.
    pub blocks_in_flight: usize,
    /// Blocks whose parents are unknown.
    pub orphan_blocks: usize,
    /// Their size, in bytes by formula.
    pub orphan_block_bytes: u64,
    /// Blocks that are ahead of the clock.
    pub deferred_blocks: usize,
    /// Their size, in bytes by formula.
    pub deferred_block_bytes: u64,
    /// Blocks whose senders are remembered.
    pub senders: usize,
    /// Transactions that wait to be judged.
    pub arrivals: usize,
    /// Their size, in bytes.
    pub arrival_bytes: usize,
    /// Transactions that were dropped before they were judged, since they were too many or had waited for too long.
    pub dropped_arrivals: u64,
    /// Transactions in the orphan pool that one peer sent, at most.
    pub most_orphans_of_a_peer: usize,
    /// Payments that were submitted here and wait for their confirmation.
    pub own_payments: usize,
    /// Own payments that wait to be told on a connection, at most.
    pub most_retold: usize,
    /// Requests that wait for confirmations.
    pub waits: usize,
    /// Dropped transactions whose reasons are remembered.
    pub drops: usize,
    /// Blocks that are remembered as seen on a connection, at most.
    pub most_seen_blocks: usize,
    /// Bytes that wait to be written on a connection, at most.
    pub most_unwritten: u64,
    /// Bytes of answers among them, at most.
    pub most_unwritten_answers: u64,
    /// Peers that wait for answers on a connection, at most.
    pub most_questioners: usize,
    /// Answers that they wait for, at most.
    pub most_questions: usize,
    /// Bytes of bodies that are kept since peers may ask for them again.
    pub kept_body_bytes: u64,
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Returns how much of everything there is.
    pub fn counts(&self) -> Counts {
        let (orphan_blocks, orphan_block_bytes) = self.waiting.orphans();
        let (deferred_blocks, deferred_block_bytes) = self.waiting.deferred();
        Counts {
            peers: self.net.peers.len(),
            mutes: self.net.peers.mutes(),
            highest_score: self.net.peers.highest_score(self.net.now.monotonic),
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
            most_retold: self.net.links.values().map(|link| link.retelling.len()).max().unwrap_or(0),
            waits: self.waits.len(),
            drops: self.drops.len(),
            most_seen_blocks: self.net.links.values().map(|link| link.seen.len()).max().unwrap_or(0),
            most_unwritten: self.net.links.values().map(|link| link.backlog.total()).max().unwrap_or(0),
            most_unwritten_answers: {
                let answers = self.net.links.values().map(|link| link.backlog.waiting(Purpose::Answer));
                answers.max().unwrap_or(0)
            },
            most_questioners: self.net.links.values().map(|link| link.questions.peers()).max().unwrap_or(0),
            most_questions: self.net.links.values().map(|link| link.questions.len()).max().unwrap_or(0),
            kept_body_bytes: self.kept_bodies.bytes(),
        }
    }
}
