//! Pinned peers: those that the configuration names. They are dialled for ever.

use super::{Endpoint, PeerAddress, PeerId, attempts::Attempts};
use crate::machine::Monotonic;

/// The pinned peers.
#[derive(Debug)]
pub(super) struct PinnedPeers(Vec<Pinned>);

/// A pinned peer.
#[derive(Debug)]
pub(super) struct Pinned {
    pub(super) address: PeerAddress,
    /// Who answered there last, if the configuration names no id.
    answered: Option<PeerId>,
    pub(super) attempts: Attempts,
}

impl PinnedPeers {
    /// Returns the peers with these addresses, all due at once.
    pub(super) fn new(addresses: &[PeerAddress], now: Monotonic) -> Self {
        let pinned = |address: &PeerAddress| Pinned {
            address: address.clone(),
            answered: None,
            attempts: Attempts::new(0, now),
        };
        Self(addresses.iter().map(pinned).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Pinned> {
        self.0.iter()
    }

    /// Returns whether an address is pinned.
    pub(super) fn contains(&self, endpoint: &Endpoint) -> bool {
        self.0.iter().any(|pinned| pinned.address.endpoint == *endpoint)
    }

    /// Returns whether a peer is known to be a pinned one.
    pub(super) fn trusts(&self, peer: &PeerId) -> bool {
        self.0.iter().any(|pinned| pinned.peer() == Some(peer))
    }

    /// Returns whether an address is pinned and anybody may answer there.
    pub(super) fn trusts_anybody_at(&self, endpoint: &Endpoint) -> bool {
        self.0.iter().any(|pinned| pinned.address.endpoint == *endpoint && pinned.address.peer.is_none())
    }

    /// Notes who answered at an address.
    pub(super) fn answer(&mut self, endpoint: &Endpoint, peer: &PeerId) {
        self.at(endpoint).for_each(|pinned| pinned.answered = Some(peer.clone()));
    }

    /// Notes that a connection has ended that lasted.
    pub(super) fn end(&mut self, endpoint: &Endpoint, now: Monotonic) {
        self.at(endpoint).for_each(|pinned| pinned.attempts.succeed(now));
    }

    /// Counts a failed dial.
    pub(super) fn fail(&mut self, endpoint: &Endpoint, now: Monotonic) {
        for pinned in self.at(endpoint) {
            pinned.attempts.fail(now);
            // another node may live there by now
            pinned.answered = None;
        }
    }

    /// Forgets an address, which is this node's own.
    pub(super) fn remove(&mut self, endpoint: &Endpoint) {
        self.0.retain(|pinned| pinned.address.endpoint != *endpoint);
    }

    fn at(&mut self, endpoint: &Endpoint) -> impl Iterator<Item = &mut Pinned> {
        self.0.iter_mut().filter(|pinned| pinned.address.endpoint == *endpoint)
    }
}

impl Pinned {
    /// Returns the id that the configuration names, or else of who answered last.
    pub(super) fn peer(&self) -> Option<&PeerId> {
        self.address.peer.as_ref().or(self.answered.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_answers_is_trusted_until_it_fails() {
        let (endpoint, other) =
            ("/ip4/1.2.3.4/tcp/1".parse::<Endpoint>().unwrap(), "/ip4/1.2.3.4/tcp/2".parse::<Endpoint>().unwrap());
        let [named, stranger] = [1, 2].map(|byte| PeerId::from_bytes(&[byte]).unwrap());
        let addresses =
            [PeerAddress { endpoint, peer: None }, PeerAddress { endpoint: other, peer: Some(named.clone()) }];
        let mut pinned = PinnedPeers::new(&addresses, Monotonic::ORIGIN);
        assert!(pinned.trusts(&named) && !pinned.trusts(&stranger));
        assert!(pinned.trusts_anybody_at(&endpoint) && !pinned.trusts_anybody_at(&other));
        pinned.answer(&endpoint, &stranger);
        assert!(pinned.trusts(&stranger));
        for _ in 0..100 {
            pinned.fail(&endpoint, Monotonic::ORIGIN);
        }
        assert!(!pinned.trusts(&stranger));
        assert!(pinned.contains(&endpoint), "however often it fails");
        pinned.remove(&endpoint);
        assert!(!pinned.contains(&endpoint) && pinned.contains(&other));
    }
}
