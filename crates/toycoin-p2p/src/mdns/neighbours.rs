//! What the nodes of the local network say of themselves, and how much of it is believed.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
};

use tokio::time::Instant;
use toycoin_node::peering::{Netgroup, PeerAddress, PeerId, Scope};

use crate::limits::{MAX_MDNS_FOUND, MAX_MDNS_OF_ADDRESS, MDNS_MEMORY};

/// The addresses that were passed on, so that each is passed on once an hour.
#[derive(Debug)]
pub(super) struct Neighbours {
    own: PeerId,
    found: BTreeSet<PeerAddress>,
    /// When all of them are forgotten.
    until: Option<Instant>,
}

impl Neighbours {
    /// Returns those of the node with this peer id.
    pub(super) const fn new(own: PeerId) -> Self {
        Self { own, found: BTreeSet::new(), until: None }
    }

    /// Hears what `source` says, and returns what of it is worth knowing: addresses of `source` itself, which must be
    /// of a network of ours, up to bounds for each IP address and for all.
    pub(super) fn hear(
        &mut self,
        source: IpAddr,
        interfaces: impl Iterator<Item = Ipv4Addr>,
        named: Vec<PeerAddress>,
        now: Instant,
    ) -> Vec<PeerAddress> {
        let source = source.to_canonical();
        if self.until.is_none_or(|until| until <= now) {
            self.found.clear();
            self.until = Some(now + MDNS_MEMORY);
        }
        if !is_near(source, interfaces) {
            return Vec::new();
        }
        let mut new = Vec::new();
        for address in named {
            let of_source = self.found.iter().filter(|found| found.endpoint.ip == source).count();
            if of_source >= MAX_MDNS_OF_ADDRESS || self.found.len() >= MAX_MDNS_FOUND {
                break;
            }
            let is_own = address.peer.as_ref().is_none_or(|peer| *peer == self.own);
            if address.endpoint.ip == source && !is_own && self.found.insert(address.clone()) {
                new.push(address);
            }
        }
        new
    }
}

/// Returns whether a datagram can be from a local network. The sender's address may be forged, and then it can be that
/// of anybody.
fn is_near(source: IpAddr, mut interfaces: impl Iterator<Item = Ipv4Addr>) -> bool {
    match Scope::of(source) {
        Some(Scope::Loopback) => interfaces.any(|ip| ip.is_loopback()),
        Some(Scope::Private) => true,
        Some(Scope::Public) => interfaces.any(|ip| Netgroup::of(ip.into()) == Netgroup::of(source)),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use toycoin_node::{
        machine::{Machine, Now},
        peering::{Endpoint, Peering, PeeringConfig, PeeringInput},
    };

    use super::*;

    fn address(ip: [u8; 4], port: u16, id: u32) -> PeerAddress {
        let peer = PeerId::from_bytes(&id.to_be_bytes());
        PeerAddress { endpoint: Endpoint::new(ip.into(), port).unwrap(), peer }
    }

    fn own() -> PeerId {
        PeerId::from_bytes(&[9]).unwrap()
    }

    fn at_home() -> impl Iterator<Item = Ipv4Addr> {
        [[127, 0, 0, 1].into(), [192, 168, 1, 2].into()].into_iter()
    }

    fn hear(neighbours: &mut Neighbours, source: [u8; 4], named: &[PeerAddress], now: Instant) -> usize {
        neighbours.hear(source.into(), at_home(), named.to_vec(), now).len()
    }

    #[test]
    fn address_is_passed_on_once_an_hour() {
        let (mut neighbours, now) = (Neighbours::new(own()), Instant::now());
        let said = [address([192, 168, 1, 7], 25_001, 1)];
        assert_eq!(neighbours.hear([192, 168, 1, 7].into(), at_home(), said.to_vec(), now), said);
        assert_eq!(hear(&mut neighbours, [192, 168, 1, 7], &said, now + MDNS_MEMORY - Duration::from_secs(1)), 0);
        assert_eq!(hear(&mut neighbours, [192, 168, 1, 7], &said, now + MDNS_MEMORY), 1);
    }

    #[test]
    fn neighbour_speaks_for_its_own_address_alone() {
        let (mut neighbours, now) = (Neighbours::new(own()), Instant::now());
        let mut ours = address([192, 168, 1, 7], 25_001, 1);
        ours.peer = Some(own());
        let nobody = PeerAddress { peer: None, ..ours };
        assert_eq!(hear(&mut neighbours, [192, 168, 1, 8], &[address([192, 168, 1, 7], 25_001, 1)], now), 0);
        assert_eq!(hear(&mut neighbours, [192, 168, 1, 7], &[ours, nobody], now), 0);
        for (source, near) in [([127, 0, 0, 1], 1), ([10, 1, 1, 1], 1), ([8, 8, 8, 8], 0), ([0, 0, 0, 1], 0)] {
            assert_eq!(hear(&mut neighbours, source, &[address(source, 25_001, 1)], now), near, "{source:?}");
        }
        // a school whose computers have public addresses
        let public = [[8, 8, 1, 1].into()].into_iter();
        let said = vec![address([8, 8, 2, 2], 25_001, 1)];
        assert_eq!(neighbours.hear([8, 8, 2, 2].into(), public, said, now).len(), 1);
    }

    #[test]
    fn book_takes_little_of_10000_announcements() {
        let mut peering = Peering::new(PeeringConfig { outbound: 0, ..PeeringConfig::default() }, "", Now::default());
        let (mut neighbours, now) = (Neighbours::new(own()), Instant::now());
        let mut tell = |source: [u8; 4], port: u16, id: u32| {
            let said = vec![address(source, port, id)];
            let addresses = neighbours.hear(source.into(), at_home(), said, now);
            let addresses = addresses.into_iter().map(|address| (address, 0)).collect();
            peering.handle(Now::default(), PeeringInput::Heard { source: source.into(), addresses });
            peering.known()
        };
        // one neighbour with 10,000 ports, which are also 10,000 keys
        let known = (1..=10_000_u16).map(|port| tell([192, 168, 1, 66], port, u32::from(port))).last();
        assert_eq!(known, Some(MAX_MDNS_OF_ADDRESS));
        // another one is found all the same
        assert_eq!(tell([192, 168, 1, 7], 25_001, 1), MAX_MDNS_OF_ADDRESS + 1);
        // one that forges 10,000 addresses
        let forged = |number: u16| [10, 9, number.to_be_bytes()[0], number.to_be_bytes()[1]];
        let known = (1..=10_000_u16).map(|number| tell(forged(number), 25_001, u32::from(number))).last();
        assert!(known.is_some_and(|known| (MAX_MDNS_FOUND / 2..=MAX_MDNS_FOUND).contains(&known)), "{known:?}");
    }
}
