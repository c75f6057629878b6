//! The slots: connections, and dials in flight, which count as if they were connections.

use core::net::IpAddr;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use toycoin_core::Work;

use super::{Endpoint, PeerId, Refusal, Role, netgroup::Netgroups};
use crate::{limits, machine::Monotonic};

/// Connections and dials in flight.
#[derive(Debug)]
pub(super) struct Slots {
    groups: Netgroups,
    connected: BTreeMap<PeerId, Connection>,
    dialling: BTreeMap<Endpoint, Dial>,
}

/// A connection.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) endpoint: Endpoint,
    pub(super) role: Role,
    pub(super) choice: Choice,
    pub(super) since: Monotonic,
    /// The lowest round trip time.
    pub(super) ping: Option<Duration>,
    /// When the peer brought a block last.
    pub(super) block: Option<Monotonic>,
    /// When the peer brought a transaction last.
    pub(super) transaction: Option<Monotonic>,
    /// Whether the peer was told addresses.
    pub(super) is_told: bool,
    /// Since when its tip is behind ours, and by how much work; `None` if it is not.
    pub(super) behind: Option<(Monotonic, Work)>,
}

/// A dial in flight.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    /// Who is expected to answer.
    pub(super) peer: Option<PeerId>,
    pub(super) role: Role,
    pub(super) choice: Choice,
    /// When it counts as failed.
    pub(super) until: Monotonic,
}

/// How a peer was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// From the addresses that were heard of, or it dialled us.
    New,
    /// From the addresses that this node was connected to.
    Tried,
    /// By the configuration.
    Pinned,
}

impl Slots {
    pub(super) const fn new(groups: Netgroups) -> Self {
        Self { groups, connected: BTreeMap::new(), dialling: BTreeMap::new() }
    }

    /// Returns all connections, in the order of the peer ids.
    pub(super) fn connected(&self) -> impl Iterator<Item = (&PeerId, &Connection)> {
        self.connected.iter()
    }

    pub(super) fn get_mut(&mut self, peer: &PeerId) -> Option<&mut Connection> {
        self.connected.get_mut(peer)
    }

    pub(super) fn is_connected(&self, peer: &PeerId) -> bool {
        self.connected.contains_key(peer)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.connected.is_empty()
    }

    pub(super) fn connect(&mut self, peer: PeerId, connection: Connection) {
        self.connected.insert(peer, connection);
    }

    pub(super) fn disconnect(&mut self, peer: &PeerId) -> Option<Connection> {
        self.connected.remove(peer)
    }

    /// Returns the remote addresses of all outbound connections.
    pub(super) fn outbound_endpoints(&self) -> BTreeSet<Endpoint> {
        self.outbound().map(|(_, connection)| connection.endpoint).collect()
    }

    /// Returns the outbound connections.
    pub(super) fn outbound(&self) -> impl Iterator<Item = (&PeerId, &Connection)> {
        self.connected.iter().filter(|(_, connection)| connection.role == Role::Outbound)
    }

    /// Returns the number of inbound connections.
    pub(super) fn inbound_len(&self) -> usize {
        self.connected.values().filter(|connection| connection.role == Role::Inbound).count()
    }

    /// Returns the number of outbound connections and of dials that may become one; those of one choice alone if one
    /// is given.
    pub(super) fn outbound_len(&self, choice: Option<Choice>) -> usize {
        self.outbound_slots().filter(|(_, of)| choice.is_none_or(|choice| choice == *of)).count()
    }

    /// Returns whether the netgroup of an IP address has a free slot for an outbound connection.
    pub(super) fn group_has_room(&self, ip: IpAddr) -> bool {
        self.groups.counted(ip).is_none_or(|group| {
            let taken = self.outbound_slots().filter(|(slot, _)| self.groups.counted(slot.ip) == Some(group));
            taken.count() < limits::OUTBOUND_PER_GROUP
        })
    }

    /// Checks an inbound connection from an IP address against the limits per address and per netgroup.
    ///
    /// # Errors
    ///
    /// [`Refusal::FullAddress`] or [`Refusal::FullGroup`].
    pub(super) fn check_inbound(&self, ip: IpAddr) -> Result<(), Refusal> {
        let ip = ip.to_canonical();
        let Some(group) = self.groups.counted(ip) else { return Ok(()) };
        let inbound = || self.connected.values().filter(|connection| connection.role == Role::Inbound);
        let from_group = || inbound().filter(|other| self.groups.counted(other.endpoint.ip) == Some(group));
        if from_group().filter(|other| other.endpoint.ip == ip).count() >= limits::INBOUND_PER_ADDRESS {
            Err(Refusal::FullAddress)
        } else if from_group().count() >= limits::INBOUND_PER_GROUP {
            Err(Refusal::FullGroup)
        } else {
            Ok(())
        }
    }

    /// Returns the dials in flight, in the order of the endpoints.
    pub(super) fn dialling(&self) -> impl Iterator<Item = (&Endpoint, &Dial)> {
        self.dialling.iter()
    }

    pub(super) fn dialling_len(&self) -> usize {
        self.dialling.len()
    }

    pub(super) fn has_feeler(&self) -> bool {
        self.dialling.values().any(|dial| dial.role == Role::Feeler)
    }

    pub(super) fn is_dialling(&self, endpoint: &Endpoint) -> bool {
        self.dialling.contains_key(endpoint)
    }

    /// Returns whether a peer is connected, or being dialled.
    pub(super) fn has_peer(&self, peer: &PeerId) -> bool {
        self.is_connected(peer) || self.dialling.values().any(|dial| dial.peer.as_ref() == Some(peer))
    }

    pub(super) fn dial(&mut self, endpoint: Endpoint, dial: Dial) {
        self.dialling.insert(endpoint, dial);
    }

    pub(super) fn end_dial(&mut self, endpoint: &Endpoint) -> Option<Dial> {
        self.dialling.remove(endpoint)
    }

    /// Returns when the first dial in flight counts as failed.
    pub(super) fn first_dial_end(&self) -> Option<Monotonic> {
        self.dialling.values().map(|dial| dial.until).min()
    }

    fn outbound_slots(&self) -> impl Iterator<Item = (Endpoint, Choice)> {
        let connected = self.outbound().map(|(_, connection)| (connection.endpoint, connection.choice));
        let dialling = self.dialling.iter().filter(|(_, dial)| dial.role == Role::Outbound);
        connected.chain(dialling.map(|(endpoint, dial)| (*endpoint, dial.choice)))
    }
}

impl Connection {
    /// Returns a connection that begins now.
    pub(super) const fn new(endpoint: Endpoint, role: Role, choice: Choice, now: Monotonic) -> Self {
        Self {
            endpoint,
            role,
            choice,
            since: now,
            ping: None,
            block: None,
            transaction: None,
            is_told: false,
            behind: None,
        }
    }

    /// Notes how much work the peer shows, beside our own.
    pub(super) fn show(&mut self, work: Work, ours: Work, now: Monotonic) {
        let since = self.behind.map_or(now, |(since, _)| since);
        self.behind = (work < ours).then(|| (since, ours.saturating_sub(work)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(count_local: bool) -> Slots {
        Slots::new(Netgroups { count_local })
    }

    fn connect(slots: &mut Slots, number: u8, ip: [u8; 4], role: Role) {
        let endpoint = Endpoint::new(ip.into(), 1_000 + u16::from(number)).unwrap();
        let connection = Connection::new(endpoint, role, Choice::New, Monotonic::ORIGIN);
        slots.connect(PeerId::from_bytes(&[number]).unwrap(), connection);
    }

    #[test]
    fn dials_in_flight_count_into_slots_and_groups() {
        let mut slots = slots(false);
        let endpoint = Endpoint::new([20, 1, 1, 1].into(), 1).unwrap();
        connect(&mut slots, 1, [20, 1, 9, 9], Role::Outbound);
        connect(&mut slots, 2, [20, 1, 9, 9], Role::Inbound);
        assert!(slots.group_has_room(endpoint.ip));
        let dial = Dial { peer: None, role: Role::Outbound, choice: Choice::Tried, until: Monotonic::ORIGIN };
        slots.dial(endpoint, dial);
        assert!(!slots.group_has_room(endpoint.ip) && slots.group_has_room([20, 2, 1, 1].into()));
        assert_eq!((slots.outbound_len(None), slots.outbound_len(Some(Choice::Tried)), slots.inbound_len()), (2, 1, 1));
        assert!(slots.end_dial(&endpoint).is_some() && slots.group_has_room(endpoint.ip));
    }

    #[test]
    fn inbound_limits_hold_per_address_and_group() {
        let mut slots = slots(false);
        for number in 0..8 {
            connect(&mut slots, number, [20, 1, 1, 1], Role::Inbound);
        }
        assert_eq!(slots.check_inbound([20, 1, 1, 1].into()), Err(Refusal::FullAddress));
        assert_eq!(slots.check_inbound("::ffff:20.1.1.1".parse().unwrap()), Err(Refusal::FullAddress));
        for number in 8..32 {
            assert_eq!(slots.check_inbound([20, 1, 2, number].into()), Ok(()));
            connect(&mut slots, number, [20, 1, 2, number], Role::Inbound);
        }
        assert_eq!(slots.check_inbound([20, 1, 3, 3].into()), Err(Refusal::FullGroup));
        assert_eq!(slots.check_inbound([20, 2, 3, 3].into()), Ok(()));
    }

    #[test]
    fn local_addresses_are_free_unless_counted() {
        for count_local in [false, true] {
            let mut slots = slots(count_local);
            for number in 0..100 {
                connect(&mut slots, number, [127, 1, 0, 1], if number < 50 { Role::Inbound } else { Role::Outbound });
            }
            assert_eq!(slots.group_has_room([127, 1, 0, 1].into()), !count_local);
            assert_eq!(slots.check_inbound([127, 1, 0, 1].into()).is_ok(), !count_local);
            assert!(slots.check_inbound([127, 2, 0, 1].into()).is_ok() && slots.group_has_room([127, 2, 0, 1].into()));
        }
    }

    #[test]
    fn a_tip_is_behind_until_it_has_caught_up() {
        let work = |number: u8| {
            let mut bytes = [0; 32];
            bytes[31] = number;
            Work::from_be_bytes(bytes)
        };
        let at = |seconds| Monotonic::new(Duration::from_secs(seconds));
        let endpoint = Endpoint::new([20, 1, 1, 1].into(), 1).unwrap();
        let mut connection = Connection::new(endpoint, Role::Outbound, Choice::New, at(0));
        connection.show(work(5), work(7), at(1));
        connection.show(work(6), work(9), at(2));
        assert_eq!(connection.behind, Some((at(1), work(3))));
        connection.show(work(9), work(9), at(3));
        assert_eq!(connection.behind, None);
    }
}
