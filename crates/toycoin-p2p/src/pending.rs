//! Inbound connections that have not joined so far: how many may come from one address and one group of addresses.
//!
//! They cost their sender nothing, not even a handshake, and all of them together have few places. So without these
//! bounds one address could keep everybody out.

use std::{collections::BTreeMap, net::IpAddr};

use libp2p::swarm::ConnectionId;
use thiserror::Error;
use toycoin_node::peering::Netgroups;

use crate::limits::{MAX_PENDING_OF_ADDRESS, MAX_PENDING_OF_GROUP};

/// The connections. Those of loopback and private addresses are free of bounds unless they count too, as in peering.
#[derive(Debug)]
pub(crate) struct Pending {
    groups: Netgroups,
    connections: BTreeMap<ConnectionId, IpAddr>,
}

/// The reason why a connection is one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Crowded {
    /// Too many of its address have not joined.
    #[error("too many connections from one address have not joined")]
    Address,
    /// Too many of its group of addresses have not joined.
    #[error("too many connections from one group of addresses have not joined")]
    Group,
}

impl Pending {
    pub(crate) const fn new(count_local: bool) -> Self {
        Self { groups: Netgroups { count_local }, connections: BTreeMap::new() }
    }

    /// Enters a connection from an IP address.
    ///
    /// # Errors
    /// [`Crowded`] if it is one too many; it is not entered then.
    pub(crate) fn enter(&mut self, connection: ConnectionId, ip: IpAddr) -> Result<(), Crowded> {
        let ip = ip.to_canonical();
        let Some(group) = self.groups.counted(ip) else { return Ok(()) };
        let of_group = || self.connections.values().filter(|other| self.groups.counted(**other) == Some(group));
        if of_group().filter(|other| **other == ip).count() >= MAX_PENDING_OF_ADDRESS {
            return Err(Crowded::Address);
        }
        if of_group().count() >= MAX_PENDING_OF_GROUP {
            return Err(Crowded::Group);
        }
        self.connections.insert(connection, ip);
        Ok(())
    }

    /// Forgets a connection, because it has joined or ended.
    pub(crate) fn leave(&mut self, connection: ConnectionId) {
        self.connections.remove(&connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(pending: &mut Pending, number: usize, ip: &str) -> Result<(), Crowded> {
        pending.enter(ConnectionId::new_unchecked(number), ip.parse().unwrap())
    }

    #[test]
    fn address_and_group_have_few_places() {
        let mut pending = Pending::new(false);
        for number in 0..MAX_PENDING_OF_ADDRESS {
            assert_eq!(enter(&mut pending, number, "20.1.1.1"), Ok(()));
        }
        assert_eq!(enter(&mut pending, 10, "::ffff:20.1.1.1"), Err(Crowded::Address));
        for number in MAX_PENDING_OF_ADDRESS..MAX_PENDING_OF_GROUP {
            assert_eq!(enter(&mut pending, number, &format!("20.1.2.{number}")), Ok(()));
        }
        assert_eq!(enter(&mut pending, 10, "20.1.3.1"), Err(Crowded::Group));
        assert_eq!(enter(&mut pending, 11, "20.2.3.1"), Ok(()));
        pending.leave(ConnectionId::new_unchecked(0));
        assert_eq!(enter(&mut pending, 12, "20.1.1.1"), Ok(()));
        pending.leave(ConnectionId::new_unchecked(10));
        assert_eq!(enter(&mut pending, 13, "20.1.1.1"), Err(Crowded::Address), "10 has not been entered");
    }

    #[test]
    fn local_addresses_count_only_if_asked_for() {
        for ip in ["127.0.0.1", "192.168.1.1", "10.0.0.1", "169.254.1.1", "100.64.0.1", "::1", "fd00::1"] {
            for (count_local, most) in [(false, 50), (true, MAX_PENDING_OF_ADDRESS)] {
                let mut pending = Pending::new(count_local);
                assert_eq!((0..50).filter(|number| enter(&mut pending, *number, ip).is_ok()).count(), most, "{ip}");
            }
        }
    }
}
