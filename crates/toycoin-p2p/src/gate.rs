//! Who may be connected: the part of the swarm that accepts and refuses connections.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    net::IpAddr,
    task::{Context, Poll},
    time::Duration,
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint as Side, transport::PortUse},
    swarm::{
        CloseConnection, ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler,
        THandlerInEvent, THandlerOutEvent, ToSwarm,
        behaviour::{ConnectionEstablished, DialFailure, ListenFailure},
        dummy,
    },
};
use thiserror::Error;
use tokio::time::Instant;
use toycoin_node::peering::{self, Peering, Refusal};

use crate::{
    config::endpoint,
    names::from_libp2p,
    pending::{Crowded, Pending},
};

/// The gate. It asks peering, whose machine it holds, and keeps one connection per peer.
#[derive(Debug)]
pub(crate) struct Gate {
    own: peering::PeerId,
    /// `None` until the listeners stand; nobody is let in before.
    peering: Option<Peering>,
    /// Peers whom this node's program wants no connection with.
    blocked: BTreeSet<peering::PeerId>,
    /// Age from which on a connection cannot cross another one.
    max_crossing: Duration,
    connections: HashMap<PeerId, Connection>,
    /// Dials of feelers that are under way.
    feelers: BTreeSet<ConnectionId>,
    /// Inbound connections that have not joined.
    pending: Pending,
    /// Of two connections with a peer, those that must go.
    closing: VecDeque<(PeerId, ConnectionId)>,
}

#[derive(Debug, Clone, Copy)]
struct Connection {
    id: ConnectionId,
    outbound: bool,
    /// When it was established on this side.
    since: Instant,
}

/// The reason why the gate refuses a connection.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Denied {
    /// The node has not started.
    #[error("this node has not started")]
    Starting,
    /// The remote address is no TCP address.
    #[error("the address is no TCP address")]
    NoTcp,
    /// The peer's id is longer than an id may be.
    #[error("the peer id is too long")]
    NoName,
    /// This node's program wants none.
    #[error("the peer is blocked")]
    Blocked,
    /// Another connection with the peer stays.
    #[error("there is a connection with {0} already")]
    Double(peering::PeerId),
    /// Too many that have not joined come from there.
    #[error(transparent)]
    Crowded(#[from] Crowded),
    /// Peering refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Gate {
    /// Returns a closed gate. `count_local_groups` is that of peering's configuration. A connection that is `max_crossing`
    /// old gives way to no other one.
    pub(crate) fn new(own: peering::PeerId, count_local_groups: bool, max_crossing: Duration) -> Self {
        Self {
            own,
            peering: None,
            blocked: BTreeSet::new(),
            max_crossing,
            connections: HashMap::new(),
            feelers: BTreeSet::new(),
            pending: Pending::new(count_local_groups),
            closing: VecDeque::new(),
        }
    }

    /// Opens the gate.
    pub(crate) fn open(&mut self, peering: Peering) {
        self.peering = Some(peering);
    }

    /// Returns the machine of peering; `None` until the gate is open.
    pub(crate) const fn peering(&mut self) -> Option<&mut Peering> {
        self.peering.as_mut()
    }

    /// The peer of a connection has joined.
    pub(crate) fn joined(&mut self, connection: ConnectionId) {
        self.pending.leave(connection);
    }

    /// A dial that begins now is a feeler's. Its connection ends soon, so it takes the place of no other one.
    pub(crate) fn feels(&mut self, dial: ConnectionId) {
        self.feelers.insert(dial);
    }

    /// Lets a peer in no more, or again.
    pub(crate) fn block(&mut self, peer: &peering::PeerId, blocked: bool) {
        if blocked {
            self.blocked.insert(peer.clone());
        } else {
            self.blocked.remove(peer);
        }
    }

    fn accept(&mut self, connection: ConnectionId, ip: IpAddr) -> Result<(), Denied> {
        self.peering.as_ref().ok_or(Denied::Starting)?.may_accept(ip)?;
        Ok(self.pending.enter(connection, ip)?)
    }

    fn may_connect(&self, peer: &PeerId) -> Result<peering::PeerId, Denied> {
        let name = from_libp2p(peer).ok_or(Denied::NoName)?;
        self.peering.as_ref().ok_or(Denied::Starting)?.may_connect(&name)?;
        if self.blocked.contains(&name) { Err(Denied::Blocked) } else { Ok(name) }
    }

    /// Decides about a connection whose peer is known, at this moment.
    fn admit(&self, new: Connection, peer: &PeerId) -> Result<dummy::ConnectionHandler, ConnectionDenied> {
        let name = self.may_connect(peer).map_err(ConnectionDenied::new)?;
        let gives_way = |old: &Connection| {
            let is_young = new.since.saturating_duration_since(old.since) < self.max_crossing;
            is_young && !self.feelers.contains(&new.id) && replaces(&self.own, &name, old.outbound, new.outbound)
        };
        match self.connections.get(peer) {
            Some(old) if !gives_way(old) => Err(ConnectionDenied::new(Denied::Double(name))),
            _ => Ok(dummy::ConnectionHandler),
        }
    }
}

/// Returns whether a new connection takes the place of one that it crosses. Of the two, that one stays which the side with
/// the lower peer id dialled. Both sides decide alike.
///
/// The two cross only if both dials were under way at once, so the older connection is younger than a dial may last. A
/// dial that reaches the peer later did not know whom it would reach. A stranger may have named an address and passes the
/// bytes on. Such a dial must not cost a connection that works.
///
/// Both sides have nearly the same age for the older connection: they differ by the time that messages take. If that age
/// is just at the limit, one side may keep the old connection and the other one the new one. Then both connections end,
/// and the peers dial again as after any connection that is lost. The same happens if the new one is a feeler's, of which
/// the other side does not know. A stranger can bring that about only in the first seconds of a connection.
fn replaces(own: &peering::PeerId, peer: &peering::PeerId, old_outbound: bool, new_outbound: bool) -> bool {
    old_outbound != new_outbound && new_outbound == (own < peer)
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = std::convert::Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let ip = endpoint(remote).map(|endpoint| endpoint.ip).ok_or(Denied::NoTcp);
        ip.and_then(|ip| self.accept(connection, ip)).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admit(Connection { id: connection, outbound: false, since: Instant::now() }, &peer)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        _: &[Multiaddr],
        _: Side,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        if let Some(peer) = peer {
            self.may_connect(&peer).map_err(ConnectionDenied::new)?;
        }
        Ok(Vec::new())
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Side,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admit(Connection { id: connection, outbound: true, since: Instant::now() }, &peer)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished { peer_id, connection_id, endpoint, .. }) => {
                self.feelers.remove(&connection_id);
                let outbound = endpoint.is_dialer();
                let connection = Connection { id: connection_id, outbound, since: Instant::now() };
                if let Some(old) = self.connections.insert(peer_id, connection) {
                    self.closing.push_back((peer_id, old.id));
                }
            }
            FromSwarm::ConnectionClosed(ConnectionClosed { peer_id, connection_id, .. }) => {
                self.pending.leave(connection_id);
                if self.connections.get(&peer_id).is_some_and(|connection| connection.id == connection_id) {
                    self.connections.remove(&peer_id);
                }
            }
            FromSwarm::DialFailure(DialFailure { connection_id, .. }) => {
                self.feelers.remove(&connection_id);
            }
            // its handshake has failed, or somebody refuses it
            FromSwarm::ListenFailure(ListenFailure { connection_id, .. }) => self.pending.leave(connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        match self.closing.pop_front() {
            Some((peer_id, connection)) => {
                Poll::Ready(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(connection) })
            }
            // whoever fills the queue is called by the swarm, which polls afterwards
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use toycoin_node::{machine::Now, peering::PeeringConfig};

    use super::*;
    use crate::{identity, limits::MAX_CROSSING, names::from_libp2p};

    /// Returns the gate of a node whose peer has a higher id, and that peer.
    fn open_gate() -> (Gate, PeerId) {
        let [one, other] = [(); 2].map(|()| identity::draw().unwrap().public().to_peer_id());
        let (one_name, other_name) = (from_libp2p(&one).unwrap(), from_libp2p(&other).unwrap());
        let (own, peer) = if one_name < other_name { (one_name, other) } else { (other_name, one) };
        let mut gate = Gate::new(own, false, MAX_CROSSING);
        gate.open(Peering::new(PeeringConfig::default(), "", Now::default()));
        (gate, peer)
    }

    fn connection(id: usize, outbound: bool, since: Instant) -> Connection {
        Connection { id: ConnectionId::new_unchecked(id), outbound, since }
    }

    #[test]
    fn only_a_young_connection_gives_way() {
        let (mut gate, peer) = open_gate();
        let begun = Instant::now();
        gate.connections.insert(peer, connection(1, false, begun));
        let admits = |age| gate.admit(connection(2, true, begun + age), &peer).is_ok();
        assert!(admits(Duration::ZERO) && admits(MAX_CROSSING - Duration::from_millis(1)));
        assert!(!admits(MAX_CROSSING) && !admits(MAX_CROSSING * 100));
        gate.connections.clear();
        assert!(gate.admit(connection(2, true, begun + MAX_CROSSING), &peer).is_ok(), "nothing is connected");
    }

    #[test]
    fn connection_of_a_feeler_replaces_none() {
        let (mut gate, peer) = open_gate();
        let begun = Instant::now();
        gate.connections.insert(peer, connection(1, false, begun));
        gate.feels(ConnectionId::new_unchecked(2));
        assert!(gate.admit(connection(2, true, begun), &peer).is_err());
        assert!(gate.admit(connection(3, true, begun), &peer).is_ok());
        gate.connections.clear();
        assert!(gate.admit(connection(2, true, begun), &peer).is_ok(), "nothing is connected");
    }

    #[test]
    fn both_sides_keep_the_same_of_two_connections() {
        let low = peering::PeerId::from_bytes(&[1]).unwrap();
        let high = peering::PeerId::from_bytes(&[2]).unwrap();
        // the low one dialled first, and has the connection that stays
        assert!(!replaces(&low, &high, true, false));
        assert!(!replaces(&high, &low, false, true));
        // the high one dialled first: the new connection takes its place
        assert!(replaces(&low, &high, false, true));
        assert!(replaces(&high, &low, true, false));
        // the same side dialled twice
        for outbound in [true, false] {
            assert!(!replaces(&low, &high, outbound, outbound));
            assert!(!replaces(&high, &low, outbound, outbound));
        }
    }
}
