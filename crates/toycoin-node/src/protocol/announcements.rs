//! What was announced on a connection, and when the next announcement is due.

use std::collections::{BTreeSet, VecDeque};

use toycoin_core::BlockHash;

use crate::{limits, machine::Monotonic, protocol::budget::TokenBucket};

/// What was announced on a connection, and what will be.
#[derive(Debug)]
pub(super) struct Announcements {
    /// Blocks that the peers of the connection have seen.
    seen: Seen,
    /// When to announce the tip, if no peer has done so by then.
    tip_at: Option<Monotonic>,
    /// When the next regular status is due.
    status_at: Monotonic,
    /// Token bucket for answers to statuses with less work, over all peers of the connection.
    answers: TokenBucket,
}

impl Announcements {
    /// Returns the announcements of a lane whose first regular status is due at `status_at`.
    pub(super) fn new(status_at: Monotonic, now: Monotonic) -> Self {
        Self {
            seen: Seen::default(),
            tip_at: None,
            status_at,
            answers: TokenBucket::new(limits::STATUS_ANSWERS_AT_ONCE, limits::STATUS_ANSWERS_A_SECOND, now),
        }
    }

    /// Returns when the next status is due; `is_ready` says whether regular ones are sent yet.
    pub(super) fn next_timeout(&self, is_ready: bool) -> Option<Monotonic> {
        self.tip_at.into_iter().chain(is_ready.then_some(self.status_at)).min()
    }

    /// Records a block, or a status with it as tip, that a peer published.
    pub(super) fn saw(&mut self, hash: BlockHash) {
        self.seen.insert(hash);
    }

    /// Plans to announce the tip, unless the peers have seen it.
    pub(super) fn plan(&mut self, tip: &BlockHash, at: Monotonic) {
        if !self.seen.contains(tip) {
            self.tip_at.get_or_insert(at);
        }
    }

    /// Returns whether a status is due. `is_held_back` says whether the tip is our own block and not published yet; it
    /// is not announced before.
    pub(super) fn is_due(&mut self, tip: &BlockHash, is_held_back: bool, now: Monotonic) -> bool {
        let is_new = self.tip_at.take_if(|at| *at <= now).is_some() && !self.seen.contains(tip);
        (is_new && !is_held_back) || self.status_at <= now
    }

    /// Records that our status was sent, and plans the next regular one.
    pub(super) fn sent(&mut self, tip: BlockHash, next_at: Monotonic) {
        self.status_at = next_at;
        self.seen.insert(tip);
    }

    /// Plans to send the status again, for which there was no room.
    pub(super) const fn had_no_room(&mut self, again_at: Monotonic) {
        self.status_at = again_at;
    }

    /// Plans to announce the tip because there was no room for its block.
    pub(super) fn announce_at(&mut self, at: Monotonic) {
        self.tip_at.get_or_insert(at);
    }

    /// Returns whether a peer's status may be answered, and counts the answer.
    pub(super) fn may_answer(&mut self, now: Monotonic) -> bool {
        self.answers.take(1, now)
    }

    /// Takes back an answer that was counted and not given.
    pub(super) const fn did_not_answer(&mut self) {
        self.answers.give_back(1);
    }

    #[cfg(feature = "test-util")]
    pub(super) fn seen(&self) -> usize {
        self.seen.order.len()
    }
}

/// The most recent block hashes that were seen on a lane, or by gossip.
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

    pub(super) fn contains(&self, hash: &BlockHash) -> bool {
        self.hashes.contains(hash)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START: Monotonic = Monotonic::ORIGIN;

    fn hash(number: usize) -> BlockHash {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        BlockHash::from_bytes(bytes)
    }

    /// The announcements of a connection on which the next regular status is not due for long.
    fn quiet() -> Announcements {
        Announcements::new(START + limits::STATUS_INTERVAL, START)
    }

    #[test]
    fn a_tip_that_a_peer_announced_first_is_not_announced() {
        let (mut one, mut other) = (quiet(), quiet());
        let at = START + limits::ANNOUNCE_SPREAD;
        one.plan(&hash(1), at);
        other.plan(&hash(1), at);
        other.saw(hash(1));
        assert!(one.is_due(&hash(1), false, at) && !other.is_due(&hash(1), false, at));
        assert!(!one.is_due(&hash(1), false, at), "once");
    }

    #[test]
    fn an_own_block_is_not_announced_before_it_is_published() {
        let mut announcements = quiet();
        announcements.plan(&hash(1), START);
        assert!(!announcements.is_due(&hash(1), true, START));
    }

    #[test]
    fn a_regular_status_is_sent_once_the_connection_is_ready() {
        let mut announcements = Announcements::new(START + Duration::from_secs(1), START);
        assert_eq!(announcements.next_timeout(false), None);
        assert_eq!(announcements.next_timeout(true), Some(START + Duration::from_secs(1)));
        assert!(announcements.is_due(&hash(1), true, START + Duration::from_secs(1)));
    }

    #[test]
    fn the_oldest_seen_blocks_are_forgotten() {
        let mut seen = Seen::default();
        for number in 0..=limits::SEEN_BLOCKS {
            seen.insert(hash(number));
        }
        assert!(!seen.contains(&hash(0)) && seen.contains(&hash(1)));
        assert_eq!((seen.hashes.len(), seen.order.len()), (limits::SEEN_BLOCKS, limits::SEEN_BLOCKS));
    }
}
