//! Counts of what a node holds for strangers, for tests of the bounds (feature `test-util`).

use toycoin_core::store::ChainStore;

use crate::protocol::{NodeMachine, backlog::Purpose, links::Link};

/// Counts that other nodes can influence. Each has its bound in [`limits`](crate::limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Number of known peers.
    pub peers: usize,
    /// Number of peers whose mutes are remembered.
    pub mutes: usize,
    /// Highest misbehaviour score that a peer has had so far. It stays below
    /// [`MUTE_SCORE`](crate::limits::MUTE_SCORE), at which a peer is muted and its score begins anew.
    pub highest_score: u32,
    /// Number of headers that are held back until their chain has more work than ours.
    pub held_headers: usize,
    /// Number of blocks that were requested and have not arrived.
    pub blocks_in_flight: usize,
    /// Number of orphan blocks, whose parents are unknown.
    pub orphan_blocks: usize,
    /// Size of the orphan blocks by formula, in bytes.
    pub orphan_block_bytes: u64,
    /// Number of deferred blocks, whose timestamps are in the future.
    pub deferred_blocks: usize,
    /// Size of the deferred blocks by formula, in bytes.
    pub deferred_block_bytes: u64,
    /// Number of compact blocks that wait for payments or for the whole block.
    pub compact_blocks: usize,
    /// Number of blocks whose senders are remembered.
    pub senders: usize,
    /// Number of transactions that wait for validation.
    pub arrivals: usize,
    /// Size of the transactions that wait for validation, in bytes.
    pub arrival_bytes: usize,
    /// Number of transactions that were dropped before validation, because there were too many or they waited too long.
    pub dropped_arrivals: u64,
    /// Most transactions of one peer in the orphan pool.
    pub most_orphans_of_a_peer: usize,
    /// Number of payments that are remembered because their gossip was dropped before it was judged.
    pub missed: usize,
    /// Number of own payments that wait for their confirmation.
    pub own_payments: usize,
    /// Most own payments that wait to be sent on one connection.
    pub most_rebroadcast: usize,
    /// Number of requests that wait for confirmations.
    pub waits: usize,
    /// Number of dropped transactions whose reasons are remembered.
    pub drops: usize,
    /// Most blocks that are remembered as seen on one connection.
    pub most_seen_blocks: usize,
    /// Most bytes that wait to be written on one connection.
    pub most_unwritten: u64,
    /// Most bytes of answers that wait to be written on one connection.
    pub most_unwritten_answers: u64,
    /// Most peers that wait for answers on one connection.
    pub most_questioners: usize,
    /// Most answers that the peers of one connection wait for.
    pub most_questions: usize,
    /// Bytes of bodies that are kept because peers may request them again.
    pub kept_body_bytes: u64,
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Returns all counts.
    pub fn counts(&self) -> Counts {
        self.counts_with(self.net.links.values())
    }

    /// Returns all counts, for a caller who looks after every input: if the last one concerned one connection alone,
    /// the numbers of the other connections are left out, because they are what they were.
    pub fn counts_after_input(&self) -> Counts {
        match self.touched() {
            Some(connection) => self.counts_with(self.net.links.get(&connection)),
            None => self.counts(),
        }
    }

    /// Returns all counts, with those of some connections.
    fn counts_with<'a>(&'a self, links: impl IntoIterator<Item = &'a Link>) -> Counts {
        let (orphan_blocks, orphan_block_bytes) = self.waiting.orphans();
        let (deferred_blocks, deferred_block_bytes) = self.waiting.deferred();
        let mut counts = Counts {
            peers: self.net.peers.len(),
            mutes: self.net.peers.mutes(),
            highest_score: self.net.peers.highest_score(),
            held_headers: self.headers.held(),
            missed: self.net.missed.len(),
            blocks_in_flight: self.bodies.in_flight(),
            orphan_blocks,
            orphan_block_bytes,
            deferred_blocks,
            deferred_block_bytes,
            compact_blocks: self.compact.len(),
            senders: self.waiting.senders(),
            kept_body_bytes: self.answers.kept_bytes(),
            ..Counts::default()
        };
        for link in links {
            raise(&mut counts.most_unwritten, link.backlog.total());
            raise(&mut counts.most_unwritten_answers, link.backlog.waiting(Purpose::Answer));
            raise(&mut counts.most_questioners, link.questions.peers());
            raise(&mut counts.most_questions, link.questions.len());
            for lane in link.lanes.values() {
                raise(&mut counts.most_rebroadcast, lane.rebroadcast.len());
                raise(&mut counts.most_seen_blocks, lane.announcements.seen());
            }
        }
        self.transactions.count(&mut counts);
        counts
    }
}

/// Raises a number to another one that is higher.
fn raise<N: Ord>(most: &mut N, other: N) {
    if *most < other {
        *most = other;
    }
}
