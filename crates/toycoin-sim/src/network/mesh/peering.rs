//! The machine of peering of each node: its start and end, its inputs and its outputs.

use core::net::Ipv6Addr;

use toycoin_node::{
    machine::Machine,
    peering::{Endpoint, PeerAddress, PeerId, Peering, PeeringConfig, PeeringInput, PeeringOutput},
    protocol::Input,
    relay::ConnectionId,
};
use toycoin_wire::{
    NodeId,
    node::{NodeAddress, NodeMessage, Payload},
};

use crate::{
    network::{
        Happening, Network,
        mesh::{LinkId, MeshHappening, Parcel},
    },
    planted::Planted,
};

impl Network {
    /// Starts a node's peering from its peers file, and informs its machine that the mesh stands.
    pub(crate) fn start_mesh(&mut self, node: usize) {
        let (Some(degree), now) = (self.mesh.degree, self.moment_of(node)) else { return };
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        let seed = self.dice.links.bytes();
        let loses_file = self.nodes[node].planted == Some(Planted::LosesPeersFile);
        let is_light = self.nodes[node].is_light();
        let Some(site) = self.nodes[node].mesh.as_mut() else { return };
        if loses_file && site.starts > 0 {
            site.file.clear();
            site.bootstrap = None;
        }
        site.starts += 1;
        site.connection = connection;
        let config = PeeringConfig {
            seed,
            own: Some(site.id.clone()),
            listen: if is_light { Vec::new() } else { vec![site.endpoint] },
            // a node that has a peers file needs nothing else
            peers: site.bootstrap.iter().filter(|_| site.file.is_empty()).cloned().collect(),
            outbound: degree,
            ..PeeringConfig::default()
        };
        site.peering = Some(Peering::new(config, &site.file, now));
        self.node_input(node, Input::MeshUp { connection });
        self.drain_peering(node);
    }

    /// Returns the peers file on a node's disk, as its peering wrote it last; `None` on relays, or if there is no such
    /// node. It is empty until the first time, 10 minutes after the start.
    pub fn peers_file(&self, node: usize) -> Option<&str> {
        Some(&self.nodes.get(node)?.mesh.as_ref()?.file)
    }

    /// Gives a node's peering an input, and carries out its outputs.
    pub(super) fn peering_input(&mut self, node: usize, input: PeeringInput) {
        let now = self.moment_of(node);
        let Some(peering) = self.nodes[node].mesh.as_mut().and_then(|site| site.peering.as_mut()) else { return };
        peering.handle(now, input);
        self.drain_peering(node);
    }

    pub(super) fn wake_peering(&mut self, node: usize) {
        if let Some(site) = self.nodes[node].mesh.as_mut() {
            site.wake = None;
            self.peering_input(node, PeeringInput::Timeout);
        }
    }

    fn drain_peering(&mut self, node: usize) {
        while let Some(site) = self.nodes[node].mesh.as_mut()
            && let Some(peering) = site.peering.as_mut()
            && let Some(output) = peering.poll_output()
        {
            match output {
                PeeringOutput::Dial { address, role } => self.dial_peer(node, address, role),
                PeeringOutput::Drop { peer, reason } => {
                    self.trace.note(self.now, format_args!(r#""node":{node},"drops":"{peer}","why":"{reason}""#));
                    self.drop_peer(node, &peer);
                }
                PeeringOutput::AskAddresses { peer } => {
                    let link = self.node_with(&peer).and_then(|peer| self.mesh.between(node, peer));
                    if let Some(link) = link {
                        self.carry(link, node, Parcel::AskAddresses);
                    }
                }
                PeeringOutput::Save => site.file = peering.file(),
            }
        }
        self.plan_peering(node);
    }

    fn plan_peering(&mut self, node: usize) {
        let Some(site) = self.nodes[node].mesh.as_mut() else { return };
        let wanted = site.peering.as_ref().and_then(Machine::next_timeout).map(|at| at.since_origin().max(self.now));
        if site.wake.map(|(at, _)| at) == wanted {
            return;
        }
        if let Some(place) = site.wake.take() {
            self.queue.remove(place);
        }
        site.wake = wanted.map(|at| self.queue.push(at, Happening::Mesh(Box::new(MeshHappening::Wake { node }))));
    }

    /// Answers a request for addresses, once a connection.
    pub(super) fn give_addresses(&mut self, link: LinkId, node: usize) {
        let Some(state) = self.mesh.links.get_mut(&link) else { return };
        let asker = state.nodes[0];
        if asker == node || std::mem::replace(&mut state.gave_addresses, true) {
            return;
        }
        let Some(id) = self.peer_id(asker) else { return };
        let Some(peering) = self.nodes[node].mesh.as_mut().and_then(|site| site.peering.as_mut()) else { return };
        let addresses = peering.addresses_for(&id);
        match NodeMessage::Addresses(addresses).encode() {
            Ok(payload) => self.carry(link, node, Parcel::Addresses(payload.into())),
            Err(error) => self.violate("bounds", Some(node), format!("its addresses do not fit: {error}")),
        }
    }

    pub(super) fn hear_addresses(&mut self, node: usize, from: usize, payload: &[u8]) {
        let Ok(Payload::Message(NodeMessage::Addresses(addresses))) = NodeMessage::decode(payload) else { return };
        let Some(source) = self.nodes[from].mesh.as_ref().map(|site| site.endpoint.ip) else { return };
        let addresses = addresses.iter().filter_map(|address| Some((peer_address(address)?, address.seen))).collect();
        self.peering_input(node, PeeringInput::Heard { source, addresses });
    }

    /// Returns the peer id of a node.
    pub(super) fn peer_id(&self, node: usize) -> Option<PeerId> {
        Some(self.nodes[node].mesh.as_ref()?.id.clone())
    }

    /// Returns the name by which machines call a node.
    pub(super) fn name_of_peer(&self, node: usize) -> Option<NodeId> {
        Some(self.nodes[node].mesh.as_ref()?.name)
    }

    /// Returns the node with a peer id.
    pub(super) fn node_with(&self, id: &PeerId) -> Option<usize> {
        self.owners.get(&super::site::name_of(id)).copied()
    }
}

/// Returns the address in an `ADDR`; `None` if it is none.
pub(crate) fn peer_address(address: &NodeAddress) -> Option<PeerAddress> {
    let endpoint = Endpoint::new(Ipv6Addr::from(address.ip).into(), address.port)?;
    Some(PeerAddress { endpoint, peer: Some(PeerId::from_bytes(&address.peer)?) })
}
