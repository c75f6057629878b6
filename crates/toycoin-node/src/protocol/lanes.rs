//! Lanes: what waits on the way to those whom one message reaches.
//!
//! On a relay one message reaches all peers, so a relay connection has one lane. On a mesh each peer is reached by
//! itself and has a lane of its own, so that a slow peer holds up no other.

use toycoin_wire::NodeId;

use crate::{
    machine::Monotonic,
    protocol::{announcements::Announcements, bodies::Pipeline, mesh::Direction, transactions::Rebroadcast},
    relay::ConnectionId,
};

/// The name of a lane: its connection, and on a mesh the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LaneKey {
    pub(super) connection: ConnectionId,
    /// The peer that the lane leads to; `None` for all peers of a relay.
    pub(super) to: Option<NodeId>,
}

/// What was announced on a lane, and what waits on it.
#[derive(Debug)]
pub(super) struct Lane {
    /// Who dialled, on a mesh.
    pub(super) direction: Option<Direction>,
    pub(super) announcements: Announcements,
    /// The window of requested blocks.
    pub(super) pipeline: Pipeline,
    /// Payments that wait to be told: our own, and on a mesh what a newcomer lacks perhaps.
    pub(super) rebroadcast: Rebroadcast,
    /// Whether the peer of a mesh was told what waits in our mempool.
    pub(super) is_told: bool,
}

impl Lane {
    /// Returns the lane to all peers of a relay, whose first status is due at once.
    pub(super) fn to_all(now: Monotonic) -> Self {
        Self {
            direction: None,
            announcements: Announcements::new(now, now),
            pipeline: Pipeline::default(),
            rebroadcast: Rebroadcast::to_all(now),
            is_told: false,
        }
    }

    /// Returns the lane to a peer of a mesh. Whoever dialled says its status first; the other one's is due at
    /// `status_at`.
    pub(super) fn to_peer(direction: Direction, status_at: Monotonic, now: Monotonic) -> Self {
        let first = match direction {
            Direction::Outbound => now,
            Direction::Inbound => status_at,
        };
        Self {
            direction: Some(direction),
            announcements: Announcements::new(first, now),
            pipeline: Pipeline::default(),
            rebroadcast: Rebroadcast::to_peer(now),
            is_told: false,
        }
    }

    /// Returns when something is due on the lane.
    pub(super) fn next_timeout(&self, is_ready: bool) -> Option<Monotonic> {
        let parts = [self.announcements.next_timeout(is_ready), self.rebroadcast.next_timeout()];
        parts.into_iter().flatten().min()
    }
}
