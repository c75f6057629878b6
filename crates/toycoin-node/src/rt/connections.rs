//! The open connections of a node: what the machine calls each, and where it runs.

use std::collections::BTreeMap;

use crate::relay::ConnectionId;

/// Where a connection runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The relay's index, in the order in which the relays were added.
    pub(super) relay: usize,
    /// The number that the relay's transport gave the connection.
    pub(super) number: u64,
}

/// The names of the open connections. The machine sees names alone, and no name is given twice.
#[derive(Debug, Default)]
pub(super) struct Connections {
    names: BTreeMap<Place, ConnectionId>,
    places: BTreeMap<ConnectionId, Place>,
    opened: u64,
}

impl Connections {
    /// Returns a name that was not given before, for a connection that is no relay's.
    pub(super) const fn name_another(&mut self) -> ConnectionId {
        self.opened += 1;
        ConnectionId(self.opened)
    }

    /// Names a new connection.
    pub(super) fn open(&mut self, place: Place) -> ConnectionId {
        let name = self.name_another();
        self.names.insert(place, name);
        self.places.insert(name, place);
        name
    }

    /// Returns the name of a connection; `None` if it is not open.
    pub(super) fn name(&self, place: Place) -> Option<ConnectionId> {
        self.names.get(&place).copied()
    }

    /// Returns where a connection runs; `None` if it is not open.
    pub(super) fn place(&self, name: ConnectionId) -> Option<Place> {
        self.places.get(&name).copied()
    }

    /// Forgets a connection and returns its name; `None` if it was not open.
    pub(super) fn close(&mut self, place: Place) -> Option<ConnectionId> {
        let name = self.names.remove(&place)?;
        self.places.remove(&name);
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_connection_has_no_name() {
        let mut connections = Connections::default();
        let [first, second] = [0, 1].map(|number| Place { relay: 3, number });
        let name = connections.open(first);
        assert_eq!((connections.name(first), connections.place(name)), (Some(name), Some(first)));
        assert_eq!(connections.close(first), Some(name));
        assert_eq!((connections.name(first), connections.place(name)), (None, None));
        assert_eq!(connections.close(first), None);
        assert_ne!(connections.open(second), name);
    }
}
