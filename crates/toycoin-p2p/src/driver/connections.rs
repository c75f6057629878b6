//! Connections: dials, who joins, who leaves, who is muted.

use std::time::Duration;

use libp2p::{
    Multiaddr, PeerId,
    gossipsub::FailedMessages,
    identify, ping,
    swarm::{
        ConnectionId, DialError, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use tokio::time::Instant;
use toycoin_node::peering::{self, Endpoint, PeerAddress, PeeringInput, Role};
use toycoin_wire::{
    limits::MAX_AGENT,
    node::{NodeMessage, Status},
    printable,
};

use super::{Driver, peers::Peer};
use crate::{
    ask::Violation,
    behaviour::BehaviourEvent,
    config::{endpoint, multiaddr},
    gate::Denied,
    gossip::MUTED_SCORE,
    handle::Shared,
    limits::{
        FEELER_TIMEOUT, GOSSIP_LOST_MEMORY, LEAVE_TIME, LISTEN_ADDRESSES_REST, MAX_GOSSIP_LOST, MAX_LISTEN_ADDRESSES,
        MAX_LOST_PINGS,
    },
    names::{from_libp2p, to_libp2p},
};

impl Driver {
    /// Dials an address. Peering hears how it went.
    pub(super) fn dial(&mut self, address: PeerAddress, role: Role) {
        let at = multiaddr(address.endpoint.to_socket_addr());
        let options = match address.peer.as_ref().map(to_libp2p) {
            // an id that is no key's is nobody's
            Some(None) => return self.tell_peering(PeeringInput::Failed { endpoint: address.endpoint }),
            // A port of our own for each dial: from the listener's, two dials that cross would be one connection.
            Some(Some(peer)) => DialOpts::peer_id(peer)
                .condition(PeerCondition::DisconnectedAndNotDialing)
                .addresses(vec![at])
                .allocate_new_port()
                .build(),
            None => DialOpts::unknown_peer_id().address(at).allocate_new_port().build(),
        };
        let connection = options.connection_id();
        tracing::debug!("dials {address}");
        self.dials.insert(connection, (address, role));
        if role == Role::Feeler {
            self.swarm.behaviour_mut().gate.feels(connection);
        }
        if let Err(error) = self.swarm.dial(options) {
            self.dial_failed(connection, &error);
        }
    }

    fn dial_failed(&mut self, connection: ConnectionId, error: &DialError) {
        let Some((address, role)) = self.dials.remove(&connection) else { return };
        let endpoint = address.endpoint;
        tracing::debug!("cannot connect to {address}: {error}");
        let own = self.swarm.local_peer_id();
        self.tell_peering(match error {
            DialError::LocalPeerId { .. } => PeeringInput::IsSelf { endpoint },
            DialError::WrongPeerId { obtained, .. } if obtained == own => PeeringInput::IsSelf { endpoint },
            // the swarm leaves out the addresses on which it listens itself
            DialError::NoAddresses => PeeringInput::IsSelf { endpoint },
            DialError::Denied { cause } => match cause.downcast_ref() {
                // whoever is connected already is there
                Some(Denied::Double(peer)) if self.has_joined(peer) => {
                    PeeringInput::Connected { peer: peer.clone(), endpoint, role }
                }
                _ => PeeringInput::Failed { endpoint },
            },
            _ => PeeringInput::Failed { endpoint },
        });
    }

    fn has_joined(&self, peer: &peering::PeerId) -> bool {
        to_libp2p(peer).and_then(|peer| self.peers.get(&peer)).is_some_and(Peer::takes_part)
    }

    /// Processes an event of the swarm that is not of one protocol.
    pub(super) fn on_connection(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint: remote, .. } => {
                let (at, role) = match self.dials.remove(&connection_id) {
                    Some((address, role)) => (Some(address.endpoint), role),
                    None => (endpoint(remote.get_remote_address()), Role::Inbound),
                };
                match (at, from_libp2p(&peer_id)) {
                    (Some(at), Some(id)) => {
                        // the gate lets a second connection in if it takes the first one's place
                        self.forget(&peer_id, "another connection takes its place");
                        // The first copy of a message takes its id, and later ones are not looked at. So nobody is
                        // heard who has not joined.
                        self.swarm.behaviour_mut().gossip.set_application_score(&peer_id, MUTED_SCORE);
                        self.peers.connected(peer_id, id, connection_id, at, role);
                    }
                    _ => {
                        self.swarm.close_connection(connection_id);
                    }
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, cause, .. } => {
                if self.leaving.get(&peer_id).is_some_and(|(leaving, _)| *leaving == connection_id) {
                    self.leaving.remove(&peer_id);
                }
                if self.peers.on(&peer_id, connection_id).is_some() {
                    let reason = cause.map_or_else(|| "closed".into(), |cause| cause.to_string());
                    self.forget(&peer_id, &reason);
                }
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                self.dial_failed(connection_id, &error);
            }
            SwarmEvent::IncomingConnectionError { error, send_back_addr, .. } => {
                self.shared.refused.count();
                tracing::debug!("a connection of {send_back_addr} is refused: {error}");
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                let own = from_libp2p(self.swarm.local_peer_id());
                endpoint(&address).into_iter().for_each(|endpoint| self.shared.listens(endpoint, own.clone()));
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                endpoint(&address).into_iter().for_each(|endpoint| self.shared.listens_no_more(endpoint));
            }
            SwarmEvent::ListenerError { error, .. } => {
                if let Some(omitted) = self.log.admit("a listener failed", self.clock.now().monotonic) {
                    tracing::warn!("cannot accept a connection: {error}{omitted}");
                }
            }
            SwarmEvent::ListenerClosed { addresses, reason: Err(error), .. } => {
                tracing::warn!("the listener on {addresses:?} has ended: {error}; nobody can connect there any more");
            }
            _ => {}
        }
    }

    pub(super) fn on_identify(&mut self, event: identify::Event) {
        let identify::Event::Received { connection_id, peer_id, info } = event else { return };
        let ask = self.names.ask();
        let Some(peer) = self.peers.on(&peer_id, connection_id) else { return };
        peer.agent = printable(&info.agent_version, MAX_AGENT);
        if !peer.joined {
            if !info.protocols.contains(&ask) {
                self.part(&peer_id, "it is no node of this network");
                return;
            }
            self.joined(&peer_id);
        }
        self.take_addresses(&peer_id, &info.listen_addrs);
    }

    /// Tells peering where a peer says that it listens.
    fn take_addresses(&mut self, peer_id: &PeerId, named: &[Multiaddr]) {
        let (now, hour) = (Instant::now(), self.clock.hour());
        let Some(peer) = self.peers.get_mut(peer_id) else { return };
        if peer.named_addresses.is_some_and(|at| now < at + LISTEN_ADDRESSES_REST) {
            return;
        }
        peer.named_addresses = Some(now);
        // One that dialled us may name any port of its own address, so that others can be told of it. One that we
        // dialled may name all its addresses.
        let (source, is_dialled) = (peer.ip(), peer.role != Role::Inbound);
        let addresses: Vec<_> = named
            .iter()
            .filter_map(endpoint)
            .filter(|named| is_dialled || named.ip == source)
            .take(MAX_LISTEN_ADDRESSES)
            .map(|endpoint| (PeerAddress { endpoint, peer: Some(peer.id.clone()) }, hour))
            .collect();
        if !addresses.is_empty() {
            self.tell_peering(PeeringInput::Heard { source, addresses });
        }
    }

    /// Both sides have joined.
    fn joined(&mut self, peer_id: &PeerId) {
        let Some(peer) = self.peers.get_mut(peer_id) else { return };
        peer.joined = true;
        peer.parts_at = None;
        let (id, endpoint, role, connection) = (peer.id.clone(), peer.endpoint, peer.role, peer.connection);
        let early = std::mem::take(&mut peer.early);
        self.swarm.behaviour_mut().gate.joined(connection);
        if role != Role::Feeler {
            // from now on its gossip is heard; a mute of one who may connect again is over
            self.swarm.behaviour_mut().gossip.set_application_score(peer_id, 0.0);
            tracing::debug!("{} has joined: {}", peer.address(), peer.agent);
            let address = peer.address().to_string();
            self.port.joined(peer.node, peer.direction(), address);
        }
        self.tell_peering(PeeringInput::Connected { peer: id, endpoint, role });
        if role == Role::Feeler {
            return self.feel(peer_id);
        }
        for early in early {
            self.on_question(peer_id, early.stream, early.channel, early.payload);
        }
    }

    /// A feeler has reached a node. It says our status, so that the other side learns of our tip, and we of its work.
    fn feel(&mut self, peer_id: &PeerId) {
        let time = self.clock.now().unix_ms;
        let status = self.status.clone().map(|status| NodeMessage::Status(Status { time, ..status }).encode());
        match (status, self.peers.get_mut(peer_id)) {
            (Some(Ok(status)), Some(peer)) => {
                peer.parts_at = Some(Instant::now() + FEELER_TIMEOUT);
                self.ask(peer_id, status.into());
            }
            // the node has said none so far
            _ => self.part(peer_id, "its address is good"),
        }
    }

    /// Returns whether a peer is a feeler's.
    pub(super) fn feels(&self, peer: &PeerId) -> bool {
        self.peers.get(peer).is_some_and(|peer| peer.role == Role::Feeler)
    }

    pub(super) fn on_ping(&mut self, event: &ping::Event) {
        let Some(peer) = self.peers.on(&event.peer, event.connection) else { return };
        match &event.result {
            Ok(took) => {
                peer.lost_pings = 0;
                let (peer, joined) = (peer.id.clone(), peer.joined);
                if joined {
                    self.tell_peering(PeeringInput::Pinged { peer, took: *took });
                }
            }
            // a peer without that protocol is found dead when it answers no question
            Err(ping::Failure::Unsupported) => {}
            Err(error) => {
                peer.lost_pings += 1;
                if peer.lost_pings >= MAX_LOST_PINGS {
                    self.part(&event.peer, &format!("it does not answer pings: {error}"));
                }
            }
        }
    }

    /// A peer reads so slowly that gossip for it was lost. Its connection is closed when that is much, since what waits
    /// for it takes memory. It loses nothing by that: a node that connects learns of the tip, and asks for what it lacks.
    pub(super) fn on_slow_reader(&mut self, peer_id: &PeerId, lost: &FailedMessages) {
        let now = Instant::now();
        let Some(peer) = self.peers.get_mut(peer_id) else { return };
        let before = peer.lost_gossip.filter(|(_, at)| now < *at + GOSSIP_LOST_MEMORY).map_or(0, |(lost, _)| lost);
        let lost = before.saturating_add(lost.priority).saturating_add(lost.non_priority);
        peer.lost_gossip = Some((lost, now));
        if lost >= MAX_GOSSIP_LOST {
            self.part(peer_id, "it reads gossip too slowly");
        }
    }

    /// Closes the connections of a peer, and forgets it.
    pub(super) fn part(&mut self, peer: &PeerId, reason: &str) {
        self.forget(peer, reason);
        // an error means that there are none
        let _ = self.swarm.disconnect_peer_id(*peer);
    }

    /// Forgets a peer whose connection has ended, or does not count any more.
    fn forget(&mut self, peer: &PeerId, reason: &str) {
        let Some(entry) = self.peers.remove(peer) else { return };
        tracing::debug!("{} is gone: {reason}", entry.address());
        let is_dialled = entry.role != Role::Inbound;
        if entry.joined {
            if entry.role != Role::Feeler {
                self.port.left(entry.node);
            }
            self.tell_peering(PeeringInput::Gone { peer: entry.id });
        } else if is_dialled {
            self.tell_peering(PeeringInput::Failed { endpoint: entry.endpoint });
        }
    }

    /// Has no connection with a peer for a time.
    pub(super) fn shun(&mut self, peer: &PeerId, time: Duration) {
        self.swarm.behaviour_mut().gossip.set_application_score(peer, MUTED_SCORE);
        if let Some(id) = from_libp2p(peer) {
            self.tell_peering(PeeringInput::Shunned { peer: id, time });
        }
        if self.leaving.contains_key(peer) {
            return;
        }
        // What we have asked it may be the reason (RJCT), which a connection that closes now would not carry. From here
        // on the peer is forgotten, and whatever it says is ignored.
        let connection = self.peers.get(peer).map(|peer| peer.connection);
        match connection.filter(|at| self.asked.values().any(|asked| asked.peer == *peer && asked.connection == *at)) {
            Some(connection) => {
                self.forget(peer, "it is muted");
                self.leaving.insert(*peer, (connection, Instant::now() + LEAVE_TIME));
            }
            None => self.part(peer, "it is muted"),
        }
    }

    /// Closes the connection of a muted peer.
    pub(super) fn close_leaving(&mut self, peer: &PeerId) {
        if let Some((connection, _)) = self.leaving.remove(peer) {
            self.swarm.close_connection(connection);
        }
    }

    /// Has no connection with a peer from now on, or allows it again.
    pub(super) fn block(&mut self, peer: &peering::PeerId, blocked: bool) {
        self.swarm.behaviour_mut().gate.block(peer, blocked);
        if let Some(peer) = to_libp2p(peer).filter(|_| blocked) {
            self.part(&peer, "it is blocked");
        }
    }

    /// Mutes a peer that broke the protocol of questions and answers, or gossiped what nobody does.
    pub(super) fn violated(&mut self, peer: &PeerId, violation: Violation) {
        // what a muted peer says before it is gone does not count
        if self.leaving.contains_key(peer) {
            return;
        }
        let time = self.mutes.mute(*peer, self.clock.now().monotonic);
        self.shared.violations.count();
        tracing::debug!("{peer} is muted for {time:?}: {violation}");
        self.shun(peer, time);
    }

    /// Tells peering where nodes of the local network say that they listen.
    pub(super) fn on_found(&mut self, found: Vec<PeerAddress>) {
        let hour = self.clock.hour();
        for address in found {
            let source = address.endpoint.ip;
            self.tell_peering(PeeringInput::Heard { source, addresses: vec![(address, hour)] });
        }
    }
}

impl Shared {
    /// Notes an address on which the node listens.
    pub(crate) fn listens(&self, endpoint: Endpoint, own: Option<peering::PeerId>) {
        let mut listening = self.listening.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if listening.iter().all(|address| address.endpoint != endpoint) {
            listening.push(PeerAddress { endpoint, peer: own });
        }
    }

    fn listens_no_more(&self, endpoint: Endpoint) {
        let mut listening = self.listening.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        listening.retain(|address| address.endpoint != endpoint);
    }
}
