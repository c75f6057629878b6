//! Who is on the channel: what each peer says it has, and how it behaves.
//!
//! A peer is a node id on one relay connection. The same id on another connection is another peer, since a relay can lie
//! about origins: what one relay says costs nobody anything on another.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use toycoin_core::{BlockHash, Work};
use toycoin_wire::NodeId;

use crate::{
    limits,
    machine::Monotonic,
    protocol::{budget::TokenBucket, clock::ClockReadings},
    relay::ConnectionId,
};

/// Names a peer: a node id on a relay connection.
pub(super) type PeerKey = (ConnectionId, NodeId);

/// What a peer said last of its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PeerStatus {
    pub(super) tip: BlockHash,
    pub(super) height: u64,
    pub(super) work: Work,
}

/// A peer.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// A number of its own, for the mempool's bounds.
    pub(super) number: u64,
    pub(super) heard: Monotonic,
    pub(super) status: Option<PeerStatus>,
    /// What its statuses said of the time.
    pub(super) clock: ClockReadings,
    /// The most work of a chain that its headers and blocks showed, and that chain's last block.
    shown: (Work, BlockHash),
    /// It sent a block whose parent we lack: it has headers for us, whatever its status says.
    pub(super) has_news: bool,
    /// It was asked for headers and has not answered, in time or not.
    pub(super) owes_headers: bool,
    /// Until when it is not asked for headers, since it did not answer or had nothing.
    pub(super) resting_until: Monotonic,
    score: u32,
    scored: Monotonic,
    muted_until: Option<Monotonic>,
    /// Bytes that it may still ask for.
    pub(super) served: TokenBucket,
    /// Rejects that it may still be sent.
    pub(super) rejects: TokenBucket,
}

/// What became of a peer that misbehaved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Tolerated,
    /// It is not listened to from now on, for this score.
    Muted(u32),
}

impl Peer {
    fn new(number: u64, now: Monotonic) -> Self {
        Self {
            number,
            heard: now,
            status: None,
            clock: ClockReadings::default(),
            shown: (Work::ZERO, BlockHash::ZERO),
            has_news: false,
            owes_headers: false,
            resting_until: Monotonic::ORIGIN,
            score: 0,
            scored: now,
            muted_until: None,
            served: TokenBucket::new(limits::SERVED_BYTES, limits::SERVED_BYTES_A_SECOND, now),
            rejects: TokenBucket::new(limits::REJECTS, limits::REJECTS_A_SECOND, now),
        }
    }

    /// Notes that it has a chain with this much work, up to this block.
    pub(super) fn shows(&mut self, work: Work, last: BlockHash) {
        if work > self.shown.0 {
            self.shown = (work, last);
        }
    }

    /// Returns the ends of the chains that it should have: what it showed, and what it says.
    pub(super) fn ends(&self) -> impl Iterator<Item = BlockHash> {
        [Some(self.shown.1), self.status.map(|status| status.tip)].into_iter().flatten()
    }

    /// Returns whether it should have the blocks of a chain with this much work.
    pub(super) fn has(&self, work: Work) -> bool {
        self.shown.0.max(self.status.map_or(Work::ZERO, |status| status.work)) >= work
    }

    /// Notes that it has headers for us: it is asked though it had nothing a moment ago.
    pub(super) fn note_news(&mut self) {
        self.has_news = true;
        self.resting_until = Monotonic::ORIGIN;
    }

    pub(super) fn is_muted(&self, now: Monotonic) -> bool {
        self.muted_until.is_some_and(|until| now < until)
    }

    /// Returns the score as it stands now: a point goes every few seconds.
    pub(super) fn score(&self, now: Monotonic) -> u32 {
        let gone = now.saturating_since(self.scored).as_secs() / limits::SCORE_DECAY.as_secs();
        self.score.saturating_sub(u32::try_from(gone).unwrap_or(u32::MAX))
    }

    pub(super) fn mute(&mut self, now: Monotonic) {
        self.muted_until = Some(now + limits::MUTE_TIME);
        self.score = 0;
    }

    /// Counts what an honest peer might send, but not often; at the score `most` it is muted.
    pub(super) fn add_score(&mut self, points: u32, most: u32, now: Monotonic) -> Verdict {
        self.score = self.score(now).saturating_add(points);
        self.scored = now;
        if self.score < most {
            return Verdict::Tolerated;
        }
        let score = self.score;
        self.mute(now);
        Verdict::Muted(score)
    }
}

/// All peers, by connection and id.
#[derive(Debug, Default)]
pub(super) struct Peers {
    peers: BTreeMap<PeerKey, Peer>,
    next_number: u64,
}

impl Peers {
    /// Returns a peer that was just heard, whether it is new, and who had to make room for it.
    ///
    /// When the table is full, whoever was silent for longest makes room; the muted only after all others, since being
    /// forgotten would unmute them.
    pub(super) fn heard(&mut self, key: PeerKey, now: Monotonic) -> (&mut Peer, bool, Option<PeerKey>) {
        let new = !self.peers.contains_key(&key);
        let mut gone = None;
        if new && self.peers.len() >= limits::PEERS {
            let oldest = self.peers.iter().min_by_key(|(key, peer)| (peer.is_muted(now), peer.heard, **key));
            gone = oldest.map(|(key, _)| *key);
            if let Some(gone) = &gone {
                self.peers.remove(gone);
            }
        }
        let number = self.next_number;
        let peer = self.peers.entry(key).or_insert_with(|| Peer::new(number, now));
        self.next_number += u64::from(new);
        peer.heard = now;
        (peer, new, gone)
    }

    /// Returns whether a peer is known and muted.
    pub(super) fn is_muted(&self, key: &PeerKey, now: Monotonic) -> bool {
        self.peers.get(key).is_some_and(|peer| peer.is_muted(now))
    }

    pub(super) fn get(&self, key: &PeerKey) -> Option<&Peer> {
        self.peers.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &PeerKey) -> Option<&mut Peer> {
        self.peers.get_mut(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&PeerKey, &Peer)> {
        self.peers.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(super) fn highest_score(&self, now: Monotonic) -> u32 {
        self.peers.values().map(|peer| peer.score(now)).max().unwrap_or(0)
    }

    pub(super) fn on_connection(&self, connection: ConnectionId) -> usize {
        self.peers.keys().filter(|(at, _)| *at == connection).count()
    }

    /// Forgets the peers of a connection that is gone, and returns them.
    pub(super) fn remove_connection(&mut self, connection: ConnectionId) -> Vec<NodeId> {
        let gone: BTreeSet<_> = self.peers.keys().filter(|(at, _)| *at == connection).copied().collect();
        self.peers.retain(|key, _| !gone.contains(key));
        gone.into_iter().map(|(_, id)| id).collect()
    }

    /// Forgets peers that were silent for long, but for the muted, and returns them.
    pub(super) fn remove_silent(&mut self, now: Monotonic) -> Vec<PeerKey> {
        let silent = |peer: &Peer| now.saturating_since(peer.heard) >= limits::PEER_SILENCE && !peer.is_muted(now);
        let gone: Vec<_> = self.peers.iter().filter(|(_, peer)| silent(peer)).map(|(key, _)| *key).collect();
        self.peers.retain(|_, peer| !silent(peer));
        gone
    }
}

/// Returns a random duration up to `most`, from a generator's number.
pub(super) fn up_to(most: Duration, random: u64) -> Duration {
    let millis = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random % millis.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn key(i: u8) -> PeerKey {
        (ConnectionId(1), NodeId::new([i; 16]))
    }

    #[test]
    fn a_hundred_points_mute_for_a_time() {
        let mut peers = Peers::default();
        let start = Monotonic::ORIGIN;
        let (peer, new, _) = peers.heard(key(1), start);
        assert!(new);
        assert_eq!(peer.add_score(99, limits::MUTE_SCORE, start), Verdict::Tolerated);
        assert!(!peer.is_muted(start));
        assert_eq!(peer.add_score(1, limits::MUTE_SCORE, start), Verdict::Muted(100));
        assert!(peer.is_muted(start + SECOND));
        assert!(!peer.is_muted(start + limits::MUTE_TIME));
    }

    #[test]
    fn points_fade() {
        let mut peers = Peers::default();
        let start = Monotonic::ORIGIN;
        let (peer, ..) = peers.heard(key(1), start);
        peer.add_score(50, limits::MUTE_SCORE, start);
        assert_eq!(peer.score(start + limits::SCORE_DECAY * 20), 30);
        assert_eq!(peer.score(start + limits::SCORE_DECAY * 90), 0);
    }

    #[test]
    fn mutes_and_scores_never_cross_relays() {
        let mut peers = Peers::default();
        let start = Monotonic::ORIGIN;
        let (one, other) = (key(1), (ConnectionId(2), key(1).1));
        peers.heard(one, start).0.mute(start);
        peers.heard(other, start);
        assert!(peers.get(&one).unwrap().is_muted(start));
        assert!(!peers.get(&other).unwrap().is_muted(start));
    }

    #[test]
    fn the_table_is_bounded_and_keeps_the_muted() {
        let mut peers = Peers::default();
        let mut now = Monotonic::ORIGIN;
        peers.heard(key(255), now).0.mute(now);
        for i in 0..limits::PEERS as u64 {
            now = now + Duration::from_micros(1);
            let mut id = [0; 16];
            id[..8].copy_from_slice(&i.to_le_bytes());
            peers.heard((ConnectionId(1), NodeId::new(id)), now);
        }
        assert_eq!(peers.len(), limits::PEERS);
        assert!(peers.get(&key(255)).is_some_and(|peer| peer.is_muted(now)));
        assert!(peers.get(&key(0)).is_none(), "silent for longest");
    }
}
