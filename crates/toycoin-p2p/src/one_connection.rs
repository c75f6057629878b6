//! Gossipsub, which sees at most one connection per peer.
//!
//! When two dials cross, both connections stand for a moment, until the [gate](crate::gate) closes one. Gossipsub has one
//! queue per peer, from which both connections write. It tells its subscriptions once, on the first connection. So the
//! subscriptions may be written to the connection that is about to end, and the peer never hears of them: both sides have
//! joined, and never gossip. Here, the old connection is gone for gossipsub before there is a new one.

use std::{
    collections::HashMap,
    ops::{Deref, DerefMut},
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{ConnectedPoint, Endpoint, transport::PortUse},
    swarm::{
        ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm, behaviour::ConnectionEstablished,
    },
};

/// A behaviour that sees the newest connection with each peer, and no other.
pub(crate) struct OneConnection<B> {
    inner: B,
    connections: HashMap<PeerId, (ConnectionId, ConnectedPoint)>,
}

impl<B: NetworkBehaviour> OneConnection<B> {
    pub(crate) fn new(inner: B) -> Self {
        Self { inner, connections: HashMap::new() }
    }

    fn is_current(&self, peer: &PeerId, connection: ConnectionId) -> bool {
        self.connections.get(peer).is_some_and(|(current, _)| *current == connection)
    }

    /// Tells the behaviour that the connection with a peer is closed, if there is one.
    fn close(&mut self, peer: PeerId) {
        let Some((connection_id, endpoint)) = self.connections.remove(&peer) else { return };
        self.inner.on_swarm_event(FromSwarm::ConnectionClosed(ConnectionClosed {
            peer_id: peer,
            connection_id,
            endpoint: &endpoint,
            cause: None,
            remaining_established: 0,
        }));
    }
}

impl<B> Deref for OneConnection<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.inner
    }
}

impl<B> DerefMut for OneConnection<B> {
    fn deref_mut(&mut self) -> &mut B {
        &mut self.inner
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for OneConnection<B> {
    type ConnectionHandler = B::ConnectionHandler;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner.handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.close(peer);
        self.inner.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        side: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner.handle_pending_outbound_connection(connection, peer, addresses, side)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        side: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.close(peer);
        self.inner.handle_established_outbound_connection(connection, peer, address, side, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(event) => {
                self.connections.insert(event.peer_id, (event.connection_id, event.endpoint.clone()));
                let first = ConnectionEstablished { other_established: 0, ..event };
                self.inner.on_swarm_event(FromSwarm::ConnectionEstablished(first));
            }
            FromSwarm::ConnectionClosed(event) => {
                // another one has taken its place, or it is the last
                if self.is_current(&event.peer_id, event.connection_id) {
                    self.close(event.peer_id);
                }
            }
            event => self.inner.on_swarm_event(event),
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        if self.is_current(&peer, connection) {
            self.inner.on_connection_handler_event(peer, connection, event);
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.inner.poll(context)
    }
}
