//! Peers' claims about their chains, compared with the verified headers.

use toycoin_core::chain::HeaderTree;

use crate::protocol::{net::Net, peers::Peer};

/// The claims in the statuses of all peers that are not muted, compared with the verified headers.
///
/// A claim is a number that a stranger chose. It only serves to choose which peer to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Claims {
    /// Number of peers that sent a status of this network.
    pub heard: usize,
    /// Number of those whose tip is a verified header with the claimed height and work.
    pub verified: usize,
    /// Number of those that claim more work than the best verified header has.
    pub ahead: usize,
}

/// The claim in a peer's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerClaim {
    /// The claimed height.
    pub height: u64,
    /// Whether its tip is a verified header with the claimed height and work.
    pub is_verified: bool,
    /// Whether it claims more work than the best verified header has.
    pub is_ahead: bool,
}

impl PeerClaim {
    /// Compares a peer's claim with the verified headers. `None` if it claims nothing.
    pub(super) fn of(peer: &Peer, headers: &HeaderTree) -> Option<Self> {
        let claim = peer.status?;
        let is_verified = headers
            .get(&claim.tip)
            .is_some_and(|entry| entry.header.height == claim.height && entry.work == claim.work);
        let is_ahead = claim.work > headers.best().work;
        Some(Self { height: claim.height, is_verified, is_ahead })
    }
}

impl Claims {
    /// Counts the peers' claims.
    pub(super) fn of(net: &Net, headers: &HeaderTree) -> Self {
        let now = net.now.monotonic;
        let mut claims = Self::default();
        let peers = net.peers.iter().filter(|(_, peer)| !peer.is_muted(now));
        for claim in peers.filter_map(|(_, peer)| PeerClaim::of(peer, headers)) {
            claims.heard += 1;
            claims.verified += usize::from(claim.is_verified);
            claims.ahead += usize::from(claim.is_ahead);
        }
        claims
    }
}
