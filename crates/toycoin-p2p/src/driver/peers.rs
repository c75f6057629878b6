//! The peers of a carrier, from their connection on.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
};

use bytes::Bytes;
use libp2p::{
    PeerId,
    request_response::{InboundRequestId, ResponseChannel},
    swarm::ConnectionId,
};
use tokio::time::Instant;
use toycoin_node::{
    peering::{self, Endpoint, PeerAddress, Role},
    protocol::Direction,
};
use toycoin_wire::NodeId;

use super::asking::Asking;
use crate::{
    limits::{JOIN_TIMEOUT, MAX_GONE},
    names::node_id,
};

/// All peers that are connected.
#[derive(Debug, Default)]
pub(super) struct Peers {
    peers: BTreeMap<PeerId, Peer>,
    names: BTreeMap<NodeId, PeerId>,
    /// The last ones that are gone, the oldest first. The machine may still judge what they have said.
    gone: VecDeque<(NodeId, PeerId)>,
}

/// A peer that is connected.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) id: peering::PeerId,
    pub(super) node: NodeId,
    pub(super) connection: ConnectionId,
    /// The remote address. Its port is not where the peer listens if it dialled us.
    pub(super) endpoint: Endpoint,
    pub(super) role: Role,
    /// The name of its program, safe to show.
    pub(super) agent: String,
    pub(super) joined: bool,
    /// When it must have joined, or answered if it is a feeler's.
    pub(super) parts_at: Option<Instant>,
    /// When it last named where it listens.
    pub(super) named_addresses: Option<Instant>,
    /// Pings in a row without an answer.
    pub(super) lost_pings: u32,
    /// Gossip that was lost because it reads too slowly, and when the last of it was.
    pub(super) lost_gossip: Option<(usize, Instant)>,
    pub(super) asking: Asking,
    /// Questions that came before it has joined on this side.
    pub(super) early: Vec<Early>,
}

/// A question that came too early.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) stream: InboundRequestId,
    pub(super) channel: ResponseChannel<Vec<Bytes>>,
    pub(super) payload: Bytes,
}

impl Peers {
    /// Enters a peer that is connected, and has not joined.
    pub(super) fn connected(
        &mut self,
        peer: PeerId,
        id: peering::PeerId,
        connection: ConnectionId,
        endpoint: Endpoint,
        role: Role,
    ) {
        let node = node_id(&id);
        let parts_at = Some(Instant::now() + JOIN_TIMEOUT);
        let entry = Peer {
            id,
            node,
            connection,
            endpoint,
            role,
            agent: String::new(),
            joined: false,
            parts_at,
            named_addresses: None,
            lost_pings: 0,
            lost_gossip: None,
            asking: Asking::default(),
            early: Vec::new(),
        };
        self.names.insert(node, peer);
        self.peers.insert(peer, entry);
    }

    pub(super) fn remove(&mut self, peer: &PeerId) -> Option<Peer> {
        let entry = self.peers.remove(peer)?;
        self.names.remove(&entry.node);
        if self.gone.len() >= MAX_GONE {
            self.gone.pop_front();
        }
        self.gone.push_back((entry.node, *peer));
        Some(entry)
    }

    pub(super) fn get(&self, peer: &PeerId) -> Option<&Peer> {
        self.peers.get(peer)
    }

    pub(super) fn get_mut(&mut self, peer: &PeerId) -> Option<&mut Peer> {
        self.peers.get_mut(peer)
    }

    /// Returns the peer whose present connection this is.
    pub(super) fn on(&mut self, peer: &PeerId, connection: ConnectionId) -> Option<&mut Peer> {
        self.peers.get_mut(peer).filter(|entry| entry.connection == connection)
    }

    /// Returns the peer that the machine calls so.
    pub(super) fn named(&self, node: NodeId) -> Option<PeerId> {
        self.names.get(&node).copied()
    }

    /// Returns the peer that the machine calls so, even if it is gone.
    pub(super) fn once_named(&self, node: NodeId) -> Option<PeerId> {
        let gone = || self.gone.iter().find(|(name, _)| *name == node).map(|(_, peer)| *peer);
        self.named(node).or_else(gone)
    }

    /// Returns those that take part.
    pub(super) fn joined(&self) -> impl Iterator<Item = (&PeerId, &Peer)> {
        self.peers.iter().filter(|(_, peer)| peer.takes_part())
    }

    /// Returns when the first of those must part that have not joined, or are a feeler's.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.peers.values().filter_map(|peer| peer.parts_at).min()
    }

    /// Returns a peer that must part now.
    pub(super) fn overdue(&self, now: Instant) -> Option<PeerId> {
        self.peers.iter().find(|(_, peer)| peer.parts_at.is_some_and(|at| at <= now)).map(|(peer, _)| *peer)
    }
}

impl Peer {
    /// Returns whether it has joined, and stays: the node hears of it, and hears it.
    pub(super) fn takes_part(&self) -> bool {
        self.joined && self.role != Role::Feeler
    }

    pub(super) const fn direction(&self) -> Direction {
        match self.role {
            Role::Inbound => Direction::Inbound,
            Role::Outbound | Role::Feeler => Direction::Outbound,
        }
    }

    pub(super) fn address(&self) -> PeerAddress {
        PeerAddress { endpoint: self.endpoint, peer: Some(self.id.clone()) }
    }

    pub(super) const fn ip(&self) -> IpAddr {
        self.endpoint.ip
    }
}
