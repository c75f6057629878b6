//! How connections of a mesh begin and end.

use std::time::Duration;

use toycoin_node::{
    peering::{PeerAddress, PeerId, PeeringInput, Role},
    protocol::{Direction, Input},
};
use toycoin_wire::NodeId;

use crate::network::{
    Fact, Happening, Network,
    mesh::{
        LinkId, MeshHappening,
        link::{End, MeshLink},
        state::pair,
    },
};

/// Time after which a dial to an address where nobody answers has failed.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Round trips until both sides of a new connection have joined: TCP, noise, and the choice of protocols.
const ROUND_TRIPS: u32 = 3;

/// Longest time until a node notices that a peer is silent: two pings of 15 s and 10 s.
const SILENCE: Duration = Duration::from_secs(25);

impl Network {
    /// Dials an address for a node's peering. When the result is known depends on who is there.
    pub(super) fn dial_peer(&mut self, node: usize, address: PeerAddress, role: Role) {
        let Some(starts) = self.nodes[node].mesh.as_ref().map(|site| site.starts) else { return };
        let target = self.mesh.listeners.get(&address.endpoint).copied();
        let takes = match target {
            Some(target) if !self.is_parted(node, target) => {
                let round_trip = self.path(node, target).latency.draw(&mut self.dice.links) * 2;
                // a computer that is up refuses at once if no node runs there
                if self.nodes[target].machine.is_some() { round_trip * ROUND_TRIPS } else { round_trip }
            }
            _ => DIAL_TIMEOUT,
        };
        self.trace.note(self.now, format_args!(r#""node":{node},"dials":"{address}","role":"{role:?}""#));
        let dialled = MeshHappening::Dialled { node, starts, address, role };
        self.queue.push(self.now + takes.min(DIAL_TIMEOUT), Happening::Mesh(Box::new(dialled)));
    }

    pub(super) fn dialled(&mut self, node: usize, starts: u64, address: &PeerAddress, role: Role) {
        let is_same = self.nodes[node].mesh.as_ref().is_some_and(|site| site.starts == starts);
        if !is_same || self.nodes[node].machine.is_none() {
            return;
        }
        let endpoint = address.endpoint;
        match self.mesh.listeners.get(&endpoint).copied() {
            Some(target) if target == node => self.peering_input(node, PeeringInput::IsSelf { endpoint }),
            Some(target) if self.is_connected(node, target, address) => {
                // of two connections the first one stays, and the dial only shows that the address is good
                let Some(peer) = self.peer_id(target) else { return };
                self.peering_input(node, PeeringInput::Connected { peer, endpoint, role });
            }
            Some(target) if self.may_join(node, target, address) => self.join(node, target, role),
            _ => self.peering_input(node, PeeringInput::Failed { endpoint }),
        }
    }

    /// Returns whether a dialled node is connected already, as far as both know.
    fn is_connected(&self, node: usize, target: usize, address: &PeerAddress) -> bool {
        let link = self.mesh.between(node, target).and_then(|link| self.mesh.links.get(&link));
        let is_expected = address.peer.is_none() || address.peer == self.peer_id(target);
        is_expected && link.is_some_and(|link| !link.broken && link.ends == [End::Open; 2])
    }

    /// Returns whether two nodes connect: they reach each other, are not connected yet, and neither refuses.
    fn may_join(&self, node: usize, target: usize, address: &PeerAddress) -> bool {
        let site = |node: usize| self.nodes[node].mesh.as_ref();
        let (Some(own), Some(other)) = (site(node), site(target)) else { return false };
        let (Some(peering), Some(remote)) = (&own.peering, &other.peering) else { return false };
        address.peer.as_ref().is_none_or(|expected| *expected == other.id)
            && !self.is_parted(node, target)
            && self.mesh.between(node, target).is_none()
            && peering.may_connect(&other.id).is_ok()
            && remote.may_accept(own.endpoint.ip).is_ok()
            && remote.may_connect(&own.id).is_ok()
    }

    fn join(&mut self, dialler: usize, dialled: usize, role: Role) {
        let link = LinkId(self.mesh.number());
        self.mesh.links.insert(link, MeshLink::new(dialler, dialled, role));
        self.mesh.pairs.insert(pair(dialler, dialled), link);
        self.trace.note(self.now, format_args!(r#""joins":{dialler},"with":{dialled},"role":"{role:?}""#));
        let sides =
            [(dialler, dialled, role, Direction::Outbound), (dialled, dialler, Role::Inbound, Direction::Inbound)];
        let took = self.path(dialler, dialled).latency.draw(&mut self.dice.links) * 2;
        let hour = u32::try_from(self.moment().unix_ms / 3_600_000).unwrap_or(u32::MAX);
        if role != Role::Feeler {
            for (node, peer, ..) in sides {
                if let Some(site) = self.nodes[node].mesh.as_mut() {
                    site.peers.insert(peer, link);
                }
            }
            self.see(|| Fact::Joined { dialler, dialled });
        }
        for (node, of, role, direction) in sides {
            let Some(site) = self.nodes[of].mesh.as_ref() else { continue };
            let (peer, name, address) = (site.id.clone(), site.name, site.address());
            let mut endpoint = address.endpoint;
            if role == Role::Inbound {
                endpoint.port = 50_000;
            }
            self.peering_input(node, PeeringInput::Connected { peer: peer.clone(), endpoint, role });
            // the peer says where it listens, as identify does
            if self.mesh.listeners.get(&address.endpoint) == Some(&of) {
                let heard = PeeringInput::Heard { source: endpoint.ip, addresses: vec![(address, hour)] };
                self.peering_input(node, heard);
            }
            self.peering_input(node, PeeringInput::Pinged { peer, took });
            self.tell_joined(link, node, name, direction);
        }
    }

    /// Informs a node's machine of a new peer, unless its peering closed the connection already.
    fn tell_joined(&mut self, link: LinkId, node: usize, peer: NodeId, direction: Direction) {
        let Some(state) = self.mesh.links.get(&link) else { return };
        if state.role == Role::Feeler || !state.is_open_at(node) {
            return;
        }
        let Some(connection) = self.nodes[node].mesh.as_ref().map(|site| site.connection) else { return };
        if let Some(state) = self.mesh.links.get_mut(&link) {
            let side = state.side_of(node);
            state.joined[side] = true;
        }
        self.node_input(node, Input::Joined { connection, peer, direction });
    }

    /// Closes a node's connection with a peer.
    pub(super) fn drop_peer(&mut self, node: usize, peer: &PeerId) {
        let link = self.node_with(peer).and_then(|peer| self.mesh.between(node, peer));
        if let Some(link) = link {
            self.close_link(link, node);
        }
    }

    /// Carries out that a node mutes a peer.
    pub(crate) fn shun(&mut self, node: usize, peer: NodeId, time: Duration) {
        let Some(other) = self.owners.get(&peer).copied() else { return };
        if let Some(link) = self.mesh.between(node, other) {
            self.close_link(link, node);
        }
        if let Some(peer) = self.peer_id(other) {
            self.peering_input(node, PeeringInput::Shunned { peer, time });
        }
    }

    /// Closes a connection from one side: at once there, and at the other side when the news arrives.
    fn close_link(&mut self, link: LinkId, node: usize) {
        let Some(state) = self.mesh.links.get_mut(&link) else { return };
        let (side, nodes) = (state.side_of(node), state.nodes);
        if state.ends[side] != End::Open {
            return;
        }
        state.ends[side] = End::Closing;
        self.queue.push(self.now, Happening::Mesh(Box::new(MeshHappening::Gone { link, side })));
        let path = self.path(nodes[0], nodes[1]);
        let Some(state) = self.mesh.links.get_mut(&link) else { return };
        let at = state.pipes[side].arrival(&path, self.now, 1, &mut self.dice.links);
        self.queue.push(at, Happening::Mesh(Box::new(MeshHappening::Gone { link, side: 1 - side })));
    }

    /// Breaks a connection. Nothing arrives from now on; each side notices at some time within `silence`.
    pub(super) fn break_link(&mut self, link: LinkId, silence: Duration) {
        let Some(state) = self.mesh.links.get_mut(&link) else { return };
        if std::mem::replace(&mut state.broken, true) {
            return;
        }
        for side in 0..2 {
            let at = self.now + self.dice.links.between(Duration::ZERO, silence);
            self.queue.push(at, Happening::Mesh(Box::new(MeshHappening::Gone { link, side })));
        }
    }

    /// Informs one side that a connection is over.
    pub(super) fn mesh_gone(&mut self, link: LinkId, side: usize) {
        let Some(state) = self.mesh.links.get_mut(&link) else { return };
        let (node, of) = (state.nodes[side], state.nodes[1 - side]);
        if state.ends[side] == End::Closed {
            return;
        }
        let had_joined = state.joined[side];
        self.end_side(link, side);
        self.trace.note(self.now, format_args!(r#""node":{node},"left":{of}"#));
        let (Some(peer), Some(name)) = (self.peer_id(of), self.name_of_peer(of)) else { return };
        self.peering_input(node, PeeringInput::Gone { peer });
        let connection = self.nodes[node].mesh.as_ref().map(|site| site.connection);
        if let Some(connection) = connection.filter(|_| had_joined) {
            self.see(|| Fact::Left { node, peer: of });
            self.node_input(node, Input::Left { connection, peer: name });
        }
    }

    /// Ends one side of a connection, and forgets the connection once both sides have ended.
    fn end_side(&mut self, link: LinkId, side: usize) {
        let Some(state) = self.mesh.links.get_mut(&link) else { return };
        state.ends[side] = End::Closed;
        let (node, of) = (state.nodes[side], state.nodes[1 - side]);
        let is_over = state.ends[1 - side] == End::Closed;
        if let Some(site) = self.nodes[node].mesh.as_mut()
            && site.peers.get(&of) == Some(&link)
        {
            site.peers.remove(&of);
        }
        self.excuse(node, of);
        if is_over {
            self.mesh.links.remove(&link);
            self.mesh.pairs.remove(&pair(node, of));
        }
    }

    /// Ends a node's part in the mesh, because it crashed. Its peers notice when the news arrives.
    pub(crate) fn stop_mesh(&mut self, node: usize) {
        let Some(site) = self.nodes[node].mesh.as_mut() else { return };
        site.peering = None;
        site.seen = Default::default();
        if let Some(place) = site.wake.take() {
            self.queue.remove(place);
        }
        let links = self.mesh.links.iter().filter(|(_, state)| state.nodes.contains(&node));
        let links: Vec<_> = links.map(|(link, state)| (*link, state.side_of(node))).collect();
        for (link, side) in links {
            self.close_link(link, node);
            self.end_side(link, side);
        }
        self.mesh.tickets.retain(|_, judging| judging.node != node);
        self.mesh.questions.retain(|_, question| question.answerer != node);
    }

    /// Breaks the connections of nodes that cannot reach each other any more.
    pub(crate) fn part_mesh(&mut self) {
        let links = self.mesh.links.iter().filter(|(_, state)| self.is_parted(state.nodes[0], state.nodes[1]));
        let links: Vec<_> = links.map(|(link, _)| *link).collect();
        for link in links {
            self.break_link(link, SILENCE);
        }
    }

    /// Returns whether a partition or an eclipse keeps two nodes apart. A TCP connection needs both directions, so one
    /// that is blocked is enough.
    fn is_parted(&self, one: usize, other: usize) -> bool {
        let is_blocked = |from, to| self.blocked.get(&(from, to)).is_some_and(|count| *count > 0);
        is_blocked(one, other) || is_blocked(other, one) || self.is_eclipsed(one, other)
    }
}
