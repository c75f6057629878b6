//! The connections of all nodes by their numbers, which are given in order.

use std::collections::VecDeque;

use toycoin_node::relay::ConnectionId;

use crate::network::wire::Wire;

/// All connections. Nearly every event looks for one, so each has a place of its own.
///
/// A connection that is gone takes 8 bytes until all older ones are gone too.
#[derive(Debug, Default)]
pub(crate) struct WireTable {
    /// Number of the first place.
    first: u64,
    places: VecDeque<Option<Box<Wire>>>,
}

impl WireTable {
    pub(crate) fn get(&self, connection: &ConnectionId) -> Option<&Wire> {
        self.places.get(self.place(connection)?)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, connection: &ConnectionId) -> Option<&mut Wire> {
        let place = self.place(connection)?;
        self.places.get_mut(place)?.as_deref_mut()
    }

    /// Inserts a connection whose number is above those of all others so far.
    ///
    /// # Panics
    /// If it is not.
    pub(crate) fn insert(&mut self, connection: ConnectionId, wire: Wire) {
        if self.places.is_empty() {
            self.first = connection.0;
        }
        let place = self.place(&connection).filter(|place| *place >= self.places.len());
        self.places.resize_with(place.expect("connections are numbered in order"), || None);
        self.places.push_back(Some(Box::new(wire)));
    }

    pub(crate) fn remove(&mut self, connection: &ConnectionId) -> Option<Wire> {
        let place = self.place(connection)?;
        let wire = self.places.get_mut(place)?.take();
        while self.places.pop_front_if(|first| first.is_none()).is_some() {
            self.first += 1;
        }
        wire.map(|wire| *wire)
    }

    /// Returns all connections in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ConnectionId, &Wire)> {
        let numbered = (self.first..).zip(&self.places);
        numbered.filter_map(|(number, wire)| Some((ConnectionId(number), wire.as_deref()?)))
    }

    fn place(&self, connection: &ConnectionId) -> Option<usize> {
        usize::try_from(connection.0.checked_sub(self.first)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(table: &WireTable) -> Vec<(u64, usize)> {
        table.iter().map(|(connection, wire)| (connection.0, wire.node)).collect()
    }

    #[test]
    fn connections_are_found_by_their_numbers() {
        let mut table = WireTable::default();
        for (number, node) in [(3, 30), (4, 40), (7, 70)] {
            table.insert(ConnectionId(number), Wire::new(node, 0, 0));
        }
        let node = |table: &WireTable, number| table.get(&ConnectionId(number)).map(|wire| wire.node);
        assert_eq!(
            [2, 3, 4, 5, 7, 8].map(|number| node(&table, number)),
            [None, Some(30), Some(40), None, Some(70), None]
        );
        assert!(table.remove(&ConnectionId(4)).is_some() && table.remove(&ConnectionId(4)).is_none());
        assert_eq!(numbers(&table), [(3, 30), (7, 70)]);
        table.get_mut(&ConnectionId(7)).expect("it is there").node = 71;
        assert_eq!(table.remove(&ConnectionId(3)).map(|wire| wire.node), Some(30));
        assert_eq!((numbers(&table), table.places.len()), (vec![(7, 71)], 1));
    }

    #[test]
    fn old_connections_leave_no_places() {
        let mut table = WireTable::default();
        for number in 1..100 {
            table.insert(ConnectionId(number), Wire::new(0, 0, 0));
        }
        for number in 1..100 {
            assert!(table.remove(&ConnectionId(number)).is_some());
            assert_eq!(table.places.len() as u64, 99 - number);
        }
        table.insert(ConnectionId(1 << 40), Wire::new(5, 0, 0));
        assert_eq!((numbers(&table), table.places.len()), (vec![(1 << 40, 5)], 1));
    }
}
