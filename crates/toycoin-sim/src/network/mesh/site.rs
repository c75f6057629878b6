//! What a node of a mesh is to the mesh: its name, its address, its peers file and its connections.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::BTreeMap;

use toycoin_node::{
    peering::{Endpoint, PeerAddress, PeerId, Peering},
    relay::ConnectionId,
};
use toycoin_wire::NodeId;

use crate::{
    dice::Dice,
    network::{
        mesh::{LinkId, message_cache::MessageCache},
        queue::QueueKey,
    },
};

/// The port on which every node listens.
const PORT: u16 = 25_001;

/// A node of a mesh.
#[derive(Debug)]
pub(crate) struct MeshSite {
    /// The id that its key gives it; it survives restarts.
    pub(super) id: PeerId,
    /// The name by which machines call it.
    pub(super) name: NodeId,
    pub(super) endpoint: Endpoint,
    /// The address that it was given when it was installed; it uses it while its peers file is empty.
    pub(super) bootstrap: Option<PeerAddress>,
    /// The machine of peering, while the node is up.
    pub(super) peering: Option<Peering>,
    /// The peers file on its disk.
    pub(super) file: String,
    /// The machine's name for the mesh since the last start.
    pub(super) connection: ConnectionId,
    /// Its connections by peer, except those of feelers.
    pub(super) peers: BTreeMap<usize, LinkId>,
    pub(super) seen: MessageCache,
    pub(super) wake: Option<QueueKey>,
    /// Number of its starts; what was planned before the last one is void.
    pub(super) starts: u64,
}

impl MeshSite {
    /// Draws a node's id and address. About two nodes share a /16 group of addresses.
    pub(super) fn draw(dice: &mut Dice, nodes: usize) -> Self {
        let id = draw_peer_id(dice);
        let groups = (nodes / 2).max(4) as u64;
        let group = u8::try_from(dice.below(groups) % 256).unwrap_or(0);
        let ip = IpAddr::V4(Ipv4Addr::new(20, group, dice.bytes::<1>()[0], dice.bytes::<1>()[0]));
        Self {
            name: name_of(&id),
            id,
            endpoint: Endpoint { ip, port: PORT },
            bootstrap: None,
            peering: None,
            file: String::new(),
            connection: ConnectionId(0),
            peers: BTreeMap::new(),
            seen: MessageCache::default(),
            wake: None,
            starts: 0,
        }
    }

    /// Returns where it listens, with its id.
    pub(super) fn address(&self) -> PeerAddress {
        PeerAddress { endpoint: self.endpoint, peer: Some(self.id.clone()) }
    }
}

/// Draws a peer id in libp2p's form: the identity hash of an ed25519 key. No key belongs to it.
pub(crate) fn draw_peer_id(dice: &mut Dice) -> PeerId {
    let mut bytes = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
    bytes.extend(dice.bytes::<32>());
    PeerId::from_bytes(&bytes).expect("38 bytes")
}

/// Returns the name by which machines call a peer: the start of a hash of its peer id.
pub(super) fn name_of(id: &PeerId) -> NodeId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"toycoin peer name v1").update(id.as_bytes());
    NodeId::new(*hasher.finalize().as_bytes().first_chunk().expect("a hash of 32 bytes"))
}
