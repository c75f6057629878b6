//! The node under attack: its machine of peering, and with whom it is connected.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::BTreeMap;

use toycoin_node::{
    machine::Now,
    peering::{Endpoint, PeerAddress, Peering, PeeringConfig, Role},
};

use crate::{dice::Dice, eclipse::Eclipse, network::draw_peer_id};

/// The node under attack.
#[derive(Debug)]
pub(super) struct Victim {
    config: PeeringConfig,
    pub(super) peering: Peering,
    /// Who is connected, by their numbers in the crowd.
    pub(super) connected: BTreeMap<usize, Role>,
    /// Number of its starts; what was planned before the last one is void.
    pub(super) starts: u64,
}

impl Victim {
    /// Starts a victim that was given one honest address.
    pub(super) fn start(attack: &Eclipse, known: PeerAddress, dice: &mut Dice, now: Now) -> Self {
        let listen = Endpoint { ip: IpAddr::V4(Ipv4Addr::new(9, 9, 9, 9)), port: 25_001 };
        let config = PeeringConfig {
            seed: dice.bytes(),
            own: Some(draw_peer_id(dice)),
            listen: vec![listen],
            outbound: attack.outbound,
            anchors: attack.anchors,
            ..PeeringConfig::default()
        };
        // only a first start needs a name; kept as a peer for ever, it would be an honest connection for nothing
        let first = PeeringConfig { peers: vec![known], ..config.clone() };
        let peering = Peering::new(first, "", now);
        Self { config, peering, connected: BTreeMap::new(), starts: 1 }
    }

    /// Restarts from the peers file, without any connection.
    pub(super) fn restart(&mut self, dice: &mut Dice, now: Now) {
        let file = self.peering.file();
        self.config.seed = dice.bytes();
        self.peering = Peering::new(self.config.clone(), &file, now);
        self.connected.clear();
        self.starts += 1;
    }

    /// Returns the numbers of honest peers and of the attacker's with a role.
    pub(super) fn count(&self, role: Role, is_honest: impl Fn(usize) -> bool) -> (usize, usize) {
        let peers = self.connected.iter().filter(|(_, is)| **is == role).map(|(peer, _)| *peer);
        let (honest, attackers): (Vec<_>, Vec<_>) = peers.partition(|peer| is_honest(*peer));
        (honest.len(), attackers.len())
    }
}
