//! Whom to ask for headers on a connection, and when.

use std::collections::BTreeMap;

use toycoin_core::Work;

use crate::{
    limits,
    machine::Monotonic,
    protocol::{net::Net, peer_key::PeerKey, standing::Trust},
    relay::ConnectionId,
};

/// The search for a better chain on one connection.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// When to choose the next peer.
    pub(super) choose_at: Option<Monotonic>,
    /// Number of rounds in a row in which no peer delivered.
    misses: u32,
    /// End of the time in which only peers that have delivered before are asked.
    rests_until: Monotonic,
}

/// The peers that say that they have a better chain, by how far they are trusted.
pub(super) struct Ahead {
    peers: BTreeMap<Trust, Vec<PeerKey>>,
    /// When the first of those may be asked that have nothing to give now; `None` if there are none.
    pub(super) again_at: Option<Monotonic>,
}

impl Search {
    /// Returns whether it is time to choose a peer, and if so ends the wait.
    pub(super) fn is_due(&mut self, now: Monotonic) -> bool {
        self.choose_at.take_if(|at| *at <= now).is_some()
    }

    /// Returns how many unproven peers are asked in the present round.
    fn round(&self) -> usize {
        1 << self.misses.min(limits::ROUND_DOUBLINGS)
    }

    /// Takes the peers that are asked in a round while no proven peer is ahead: first those that delivered once, then
    /// newcomers, then those that let requests lapse. During a rest, only the first are asked.
    pub(super) fn next_round(&mut self, mut ahead: Ahead, net: &mut Net) -> Vec<PeerKey> {
        let mut round = Vec::new();
        draw(ahead.take(Trust::Shaken), self.round(), &mut round, net);
        if net.now.monotonic < self.rests_until {
            let is_waited_for = !ahead.peers.is_empty();
            self.choose_at = is_waited_for.then_some(self.rests_until);
            return round;
        }
        for trust in [Trust::Newcomer, Trust::Stalled] {
            draw(ahead.take(trust), self.round(), &mut round, net);
        }
        round
    }

    /// Records an answer that was useful.
    pub(super) const fn succeeded(&mut self) {
        (self.misses, self.rests_until) = (0, Monotonic::ORIGIN);
    }

    /// Records the end of a round in which no peer delivered. After a few, newcomers rest before the next round:
    /// longer if other peers are known to deliver.
    pub(super) fn missed(&mut self, knows_somebody: bool, now: Monotonic) {
        self.misses = self.misses.saturating_add(1);
        if self.misses > limits::FREE_ROUNDS {
            let most = if knows_somebody { limits::MAX_SEARCH_REST } else { limits::SEARCH_REST_ALONE };
            let doublings = (self.misses - limits::FREE_ROUNDS).min(10);
            self.rests_until = now + (limits::NEWCOMER_PATIENCE * (1 << doublings)).min(most);
        }
    }
}

impl Ahead {
    /// Returns the peers of a connection that claim more than the best header's work, or that have news, and may be
    /// asked now.
    pub(super) fn on(connection: ConnectionId, net: &Net, best: Work, is_asked: impl Fn(&PeerKey) -> bool) -> Self {
        let now = net.now.monotonic;
        let mut ahead = Self { peers: BTreeMap::new(), again_at: None };
        for (key, peer) in net.peers.iter_on(connection) {
            let claims_more = peer.status.is_some_and(|status| status.work > best) || peer.has_news;
            let rests = peer.is_muted(now) || peer.resting_until > now;
            if !claims_more || rests || is_asked(key) {
                continue;
            }
            if let Some(until) = peer.standing.is_busy_until(now) {
                ahead.again_at = Some(ahead.again_at.map_or(until, |at| at.min(until)));
            } else if !peer.standing.rests(now) {
                let trust = match peer.standing.trust() {
                    Trust::Blocks => Trust::Headers,
                    trust => trust,
                };
                ahead.peers.entry(trust).or_default().push(*key);
            }
        }
        ahead
    }

    /// Takes the peers that have delivered before; `None` if there are none.
    pub(super) fn take_proven(&mut self) -> Option<Vec<PeerKey>> {
        self.peers.remove(&Trust::Headers)
    }

    fn take(&mut self, trust: Trust) -> Vec<PeerKey> {
        self.peers.remove(&trust).unwrap_or_default()
    }
}

/// Moves peers, chosen at random, into a round until it has `size`.
fn draw(mut among: Vec<PeerKey>, size: usize, round: &mut Vec<PeerKey>, net: &mut Net) {
    while round.len() < size
        && let Some(peer) = net.choose(&among).copied()
    {
        among.retain(|other| *other != peer);
        round.push(peer);
    }
}
