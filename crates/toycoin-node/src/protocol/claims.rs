//! What peers claim of their chains, held against what was verified here.

use toycoin_core::store::ChainStore;

use crate::protocol::{NodeMachine, peers::Peer};

/// What peers that are not muted claim in their statuses, held against the headers that were verified here.
///
/// A claim is a number that a stranger chose. It is good for choosing whom to ask, and for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Claims {
    /// Peers that said a status of this network.
    pub heard: usize,
    /// Those among them whose tip is a verified header, with the height and work that they claim.
    pub verified: usize,
    /// Those among them that claim more work than the best verified header has.
    pub ahead: usize,
}

/// What a peer claims in its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerClaim {
    /// The height that it claims, whatever that is.
    pub height: u64,
    /// Whether its tip is a verified header here, with the height and work that it claims.
    pub is_verified: bool,
    /// Whether it claims more work than the best verified header has.
    pub is_ahead: bool,
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Holds what a peer claims against the headers that were verified here.
    pub(super) fn claim_of(&self, peer: &Peer) -> Option<PeerClaim> {
        let claim = peer.status?;
        let headers = self.chain.headers();
        let is_verified = headers
            .get(&claim.tip)
            .is_some_and(|entry| entry.header.height == claim.height && entry.work == claim.work);
        let is_ahead = claim.work > headers.best().work;
        Some(PeerClaim { height: claim.height, is_verified, is_ahead })
    }

    /// Counts what peers claim.
    pub(super) fn claims(&self) -> Claims {
        let now = self.net.now.monotonic;
        let mut claims = Claims::default();
        for claim in
            self.net.peers.iter().filter(|(_, peer)| !peer.is_muted(now)).filter_map(|(_, peer)| self.claim_of(peer))
        {
            claims.heard += 1;
            claims.verified += usize::from(claim.is_verified);
            claims.ahead += usize::from(claim.is_ahead);
        }
        claims
    }
}
