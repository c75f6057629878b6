//! The peers on the channel: each peer's claims, and its behaviour.
//!
//! A peer is a node id on one relay connection. The same id on another connection is another peer, because a relay can
//! lie about origins. So a relay's lies have no effect on other connections.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use toycoin_core::{BlockHash, Work};
use toycoin_wire::NodeId;

use crate::{
    limits,
    machine::Monotonic,
    protocol::{
        budget::{RecentUse, TokenBucket},
        clock_readings::ClockReadings,
        mutes::Mutes,
        peer_key::PeerKey,
        standing::Standing,
        transactions::Rank,
    },
    relay::ConnectionId,
};

/// The contents of a peer's last status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PeerStatus {
    pub(super) tip: BlockHash,
    pub(super) height: u64,
    pub(super) work: Work,
}

/// A peer.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// A unique number, for the mempool's bounds per peer.
    pub(super) number: u64,
    pub(super) heard: Monotonic,
    /// Whether it is connected on a mesh, which says when it is gone.
    pub(super) has_joined: bool,
    pub(super) status: Option<PeerStatus>,
    /// Clock readings from its statuses.
    pub(super) clock: ClockReadings,
    /// Work and last block of the best chain that its headers and blocks have shown.
    shown: (Work, BlockHash),
    /// Whether it sent an orphan block, so that it has headers for us whatever its status says.
    pub(super) has_news: bool,
    /// Number of requests for headers that it has not answered, late ones included.
    pub(super) owed_headers: u8,
    pub(super) standing: Standing,
    /// End of the time in which it is not asked for headers, because it did not answer or had none.
    pub(super) resting_until: Monotonic,
    score: u32,
    scored: Monotonic,
    muted_until: Option<Monotonic>,
    /// Its recent use of the connection's budget for answers.
    pub(super) recent_use: RecentUse,
    /// Token bucket for proofs, receipts and filters that this node sends to it.
    pub(super) light: TokenBucket,
    /// Token bucket for chunks of snapshots that this node sends to it.
    pub(super) chunks: TokenBucket,
    /// Token bucket for rejects that this node sends to it.
    pub(super) rejects: TokenBucket,
    /// Token bucket for the signatures in its transactions.
    pub(super) signatures: TokenBucket,
    /// Token bucket for the payments that it gossiped, that were dropped unjudged, and that are asked of others.
    pub(super) misses: TokenBucket,
    /// Whether a transaction of it entered the mempool and none since was invalid.
    has_paid: bool,
}

impl Peer {
    fn new(number: u64, muted_until: Option<Monotonic>, now: Monotonic) -> Self {
        Self {
            number,
            heard: now,
            has_joined: false,
            status: None,
            clock: ClockReadings::default(),
            shown: (Work::ZERO, BlockHash::ZERO),
            has_news: false,
            owed_headers: 0,
            standing: Standing::default(),
            resting_until: Monotonic::ORIGIN,
            score: 0,
            scored: now,
            muted_until,
            recent_use: RecentUse::none(now),
            light: TokenBucket::new(limits::LIGHT_BYTES, limits::LIGHT_BYTES_PER_SECOND, now),
            chunks: TokenBucket::new(limits::CHUNK_BYTES, limits::CHUNK_BYTES_PER_SECOND, now),
            rejects: TokenBucket::new(limits::REJECTS, limits::REJECTS_A_SECOND, now),
            signatures: TokenBucket::new(limits::PEER_SIGNATURES, limits::PEER_SIGNATURES_PER_SECOND, now),
            misses: TokenBucket::new(limits::MISSED_BURST, limits::MISSED_PER_SECOND, now),
            has_paid: false,
        }
    }

    /// Records that it has a chain with this much work, up to this block.
    pub(super) fn shows(&mut self, work: Work, last: BlockHash) {
        if work > self.shown.0 {
            self.shown = (work, last);
        }
    }

    /// Returns the last blocks of the chains that it should have: the one that it showed, and the one that it claims.
    pub(super) fn ends(&self) -> impl Iterator<Item = BlockHash> {
        [Some(self.shown.1), self.status.map(|status| status.tip)].into_iter().flatten()
    }

    /// Returns the most work of a chain whose blocks it should have.
    pub(super) fn most_work(&self) -> Work {
        self.shown.0.max(self.status.map_or(Work::ZERO, |status| status.work))
    }

    /// Records that it has headers for us, so that it is asked although it had none a moment ago.
    pub(super) fn note_news(&mut self) {
        self.has_news = true;
        self.resting_until = Monotonic::ORIGIN;
    }

    /// Records that a transaction of it entered the mempool.
    pub(super) const fn note_payment(&mut self) {
        self.has_paid = true;
    }

    /// Returns the rank of its transactions among those of other peers.
    pub(super) const fn rank(&self) -> Rank {
        if self.has_paid { Rank::Proven } else { Rank::Newcomer }
    }

    pub(super) fn is_muted(&self, now: Monotonic) -> bool {
        self.muted_until.is_some_and(|until| now < until)
    }

    /// Returns its present score, which loses one point every few seconds.
    pub(super) fn score(&self, now: Monotonic) -> u32 {
        let gone = now.saturating_since(self.scored).as_secs() / limits::SCORE_DECAY.as_secs();
        self.score.saturating_sub(u32::try_from(gone).unwrap_or(u32::MAX))
    }

    fn add_score(&mut self, points: u32, now: Monotonic) -> u32 {
        self.score = self.score(now).saturating_add(points);
        self.scored = now;
        self.score
    }
}

/// All peers, by connection and id.
#[derive(Debug, Default)]
pub(super) struct Peers {
    peers: BTreeMap<PeerKey, Peer>,
    mutes: Mutes,
    next_number: u64,
    /// Highest score that any peer has had without being muted for it.
    #[cfg(feature = "test-util")]
    highest_score: u32,
}

impl Peers {
    /// Returns a peer that was just heard, whether it is new, and the peer that had to make room for it.
    ///
    /// When the table is full, the peer that was silent for longest makes room, first among those of relays, whose ids
    /// cost nothing. A forgotten peer stays muted.
    pub(super) fn heard(&mut self, key: PeerKey, now: Monotonic) -> (&mut Peer, bool, Option<PeerKey>) {
        let new = !self.peers.contains_key(&key);
        let mut gone = None;
        if new && self.peers.len() >= limits::PEERS {
            let oldest = self.peers.iter().min_by_key(|(key, peer)| (peer.has_joined, peer.heard, **key));
            gone = oldest.map(|(key, _)| *key);
            if let Some(gone) = &gone {
                self.remove(gone);
            }
        }
        let (number, muted_until) = (self.next_number, self.mutes.until(&key));
        let peer = self.peers.entry(key).or_insert_with(|| Peer::new(number, muted_until, now));
        self.next_number += u64::from(new);
        peer.heard = now;
        (peer, new, gone)
    }

    /// Returns whether a peer is muted, even if the peer itself is forgotten.
    pub(super) fn is_muted(&self, key: &PeerKey, now: Monotonic) -> bool {
        self.mutes.is_muted(key, now)
    }

    /// Returns the end of a peer's mute, if it is muted.
    pub(super) fn muted_until(&self, key: &PeerKey, now: Monotonic) -> Option<Monotonic> {
        self.mutes.until(key).filter(|until| now < *until)
    }

    /// Mutes a peer; returns false if it is muted already.
    pub(super) fn mute(&mut self, key: PeerKey, now: Monotonic) -> bool {
        if self.is_muted(&key, now) {
            return false;
        }
        let until = self.mutes.mute(key, now);
        if let Some(peer) = self.peers.get_mut(&key) {
            (peer.muted_until, peer.score, peer.has_paid) = (Some(until), 0, false);
        }
        true
    }

    /// Adds points to a peer's score, for what an honest peer might send occasionally. Mutes the peer once the score
    /// reaches `most`, and returns the score then.
    pub(super) fn add_score(&mut self, key: PeerKey, points: u32, most: u32, now: Monotonic) -> Option<u32> {
        let score = self.peers.get_mut(&key)?.add_score(points, now);
        let is_muted = score >= most && self.mute(key, now);
        #[cfg(feature = "test-util")]
        if !is_muted {
            self.highest_score = self.highest_score.max(score);
        }
        is_muted.then_some(score)
    }

    /// Returns the number of remembered mutes.
    #[cfg(feature = "test-util")]
    pub(super) fn mutes(&self) -> usize {
        self.mutes.len()
    }

    pub(super) fn get(&self, key: &PeerKey) -> Option<&Peer> {
        self.peers.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &PeerKey) -> Option<&mut Peer> {
        self.peers.get_mut(key)
    }

    /// Returns the known peers with these numbers.
    pub(super) fn with_numbers(&self, numbers: &BTreeSet<u64>) -> BTreeMap<u64, (PeerKey, &Peer)> {
        let found = self.peers.iter().filter(|(_, peer)| numbers.contains(&peer.number));
        found.map(|(key, peer)| (peer.number, (*key, peer))).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&PeerKey, &Peer)> {
        self.peers.iter()
    }

    /// Returns the peers of a connection.
    pub(super) fn iter_on(&self, connection: ConnectionId) -> impl Iterator<Item = (&PeerKey, &Peer)> {
        let ids = (connection, NodeId::new([0; 16]))..=(connection, NodeId::new([0xff; 16]));
        self.peers.range(ids)
    }

    pub(super) fn len(&self) -> usize {
        self.peers.len()
    }

    /// Returns the highest score that any peer has had so far without being muted for it.
    #[cfg(feature = "test-util")]
    pub(super) const fn highest_score(&self) -> u32 {
        self.highest_score
    }

    /// Returns the number of other peers on a peer's connection that can tell it more than it knows, if our chain has this
    /// work: they claim more than it does, or as much as we have.
    pub(super) fn wiser_than(&self, asking: &PeerKey, ours: Work) -> usize {
        let Some(asked) = self.get(asking).and_then(|peer| peer.status) else { return 0 };
        let is_wiser = |status: PeerStatus| status.work > asked.work || status.work >= ours;
        let others = self.iter_on(asking.0).filter(|(key, _)| *key != asking);
        others.filter(|(_, peer)| peer.status.is_some_and(is_wiser)).count()
    }

    /// Removes the peers of a connection that is gone, and returns them.
    pub(super) fn remove_connection(&mut self, connection: ConnectionId) -> Vec<NodeId> {
        let gone: Vec<_> = self.iter_on(connection).map(|(key, _)| *key).collect();
        for key in &gone {
            self.remove(key);
        }
        self.mutes.remove_connection(connection);
        gone.into_iter().map(|(_, id)| id).collect()
    }

    /// Removes a peer that is gone; returns false if it was not known. It stays muted if it was.
    pub(super) fn remove(&mut self, key: &PeerKey) -> bool {
        self.peers.remove(key).is_some()
    }

    /// Removes peers that were silent for too long, and returns them.
    pub(super) fn remove_silent(&mut self, now: Monotonic) -> Vec<PeerKey> {
        let silent = |peer: &Peer| !peer.has_joined && now.saturating_since(peer.heard) >= limits::PEER_SILENCE;
        let gone: Vec<_> = self.peers.iter().filter(|(_, peer)| silent(peer)).map(|(key, _)| *key).collect();
        for key in &gone {
            self.remove(key);
        }
        gone
    }
}

/// Returns a random duration up to `most`, computed from a random number.
pub(super) fn up_to(most: Duration, random: u64) -> Duration {
    let millis = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random % millis.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(i: u8) -> PeerKey {
        (ConnectionId(1), NodeId::new([i; 16]))
    }

    #[test]
    fn a_hundred_points_mute_for_a_time() {
        let (mut peers, start) = (Peers::default(), Monotonic::ORIGIN);
        assert!(peers.heard(key(1), start).1);
        assert_eq!(peers.add_score(key(1), 99, limits::MUTE_SCORE, start), None);
        assert!(!peers.is_muted(&key(1), start));
        assert_eq!(peers.add_score(key(1), 1, limits::MUTE_SCORE, start), Some(100));
        let last = start + limits::MUTE_FIRST.saturating_sub(Duration::from_millis(1));
        let known = peers.get(&key(1)).unwrap();
        assert!(peers.is_muted(&key(1), last) && known.is_muted(last));
        let end = start + limits::MUTE_FIRST;
        assert!(!peers.is_muted(&key(1), end) && !known.is_muted(end));
        assert_eq!(known.score(start), 0, "and begins anew");
    }

    #[test]
    fn knows_the_peers_of_each_connection() {
        let (mut peers, start) = (Peers::default(), Monotonic::ORIGIN);
        let (one, other) = (ConnectionId(1), ConnectionId(2));
        for i in [1, 2, 2, 3] {
            peers.heard((one, NodeId::new([i; 16])), start);
        }
        peers.heard((other, NodeId::new([1; 16])), start + limits::PEER_SILENCE);
        let count = |peers: &Peers, connection| peers.iter_on(connection).count();
        assert_eq!((count(&peers, one), count(&peers, other)), (3, 1));
        assert!(peers.remove(&key(2)) && !peers.remove(&key(2)));
        assert_eq!(count(&peers, one), 2);
        assert_eq!(peers.remove_silent(start + limits::PEER_SILENCE), [key(1), key(3)]);
        assert_eq!((count(&peers, one), count(&peers, other)), (0, 1));
        assert_eq!(peers.remove_connection(other).len(), 1);
        assert_eq!(count(&peers, other), 0);
    }

    #[test]
    fn clients_that_left_count_as_no_source_of_news() {
        let (mut peers, start) = (Peers::default(), Monotonic::ORIGIN);
        let one = ConnectionId(1);
        let work = |last| {
            let mut bytes = [0; 32];
            bytes[31] = last;
            Work::from_be_bytes(bytes)
        };
        // our work is 9: two peers are level, one is just behind, three joined at genesis and left, one said nothing
        for (i, claim) in
            [(1, Some(9)), (2, Some(9)), (3, Some(8)), (4, Some(1)), (5, Some(1)), (6, Some(1)), (7, None)]
        {
            let key = (one, NodeId::new([i; 16]));
            let status = |last| PeerStatus { tip: BlockHash::from_bytes([0; 32]), height: 0, work: work(last) };
            peers.heard(key, start).0.status = claim.map(status);
        }
        peers.heard((ConnectionId(2), NodeId::new([8; 16])), start);
        let wiser = |i| peers.wiser_than(&(one, NodeId::new([i; 16])), work(9));
        assert_eq!((wiser(4), wiser(3), wiser(1)), (3, 2, 1));
        assert_eq!((wiser(7), wiser(9)), (0, 0), "nothing to compare with");
    }

    #[test]
    fn points_fade() {
        let (mut peers, start) = (Peers::default(), Monotonic::ORIGIN);
        peers.heard(key(1), start);
        peers.add_score(key(1), 50, limits::MUTE_SCORE, start);
        let peer = peers.get(&key(1)).unwrap();
        assert_eq!(peer.score(start + limits::SCORE_DECAY * 20), 30);
        assert_eq!(peer.score(start + limits::SCORE_DECAY * 90), 0);
    }

    #[test]
    fn mutes_and_scores_never_cross_relays() {
        let (mut peers, start) = (Peers::default(), Monotonic::ORIGIN);
        let (one, other) = (key(1), (ConnectionId(2), key(1).1));
        peers.heard(one, start);
        peers.heard(other, start);
        assert!(peers.mute(one, start) && !peers.mute(one, start));
        assert!(peers.get(&one).unwrap().is_muted(start));
        assert!(!peers.get(&other).unwrap().is_muted(start));
    }

    #[test]
    fn the_table_is_bounded_and_who_is_forgotten_stays_muted() {
        let (mut peers, mut now) = (Peers::default(), Monotonic::ORIGIN);
        peers.heard(key(255), now);
        peers.mute(key(255), now);
        for i in 0..limits::PEERS as u64 {
            now = now + Duration::from_micros(1);
            let mut id = [0; 16];
            id[..8].copy_from_slice(&i.to_le_bytes());
            peers.heard((ConnectionId(1), NodeId::new(id)), now);
        }
        assert_eq!(peers.len(), limits::PEERS);
        assert!(peers.get(&key(255)).is_none(), "silent for longest");
        assert!(peers.is_muted(&key(255), now));
        assert!(peers.heard(key(255), now).0.is_muted(now));
    }

    #[test]
    fn who_is_forgotten_for_its_silence_is_muted_longer_next_time() {
        let (mut peers, start) = (Peers::default(), Monotonic::ORIGIN);
        peers.heard(key(1), start);
        peers.mute(key(1), start);
        let later = start + limits::PEER_SILENCE;
        assert_eq!(peers.remove_silent(later), [key(1)]);
        peers.heard(key(1), later);
        peers.mute(key(1), later);
        assert!(peers.is_muted(&key(1), later + limits::MUTE_FIRST));
    }
}
