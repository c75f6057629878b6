//! Where a message comes from: who pays when a queue is full.

use super::ConnectionId;

/// Which connections count as one publisher when a queue's room is shared. The driver chooses it.
///
/// A stranger opens a hundred connections as easily as one, so connections from one address share one share. Behind
/// loopback there may be anybody, each program of a machine or a tunnel, so those connections stand alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The connection shares with no other.
    Connection(ConnectionId),
    /// The connection shares with all others of the same number, which stands for their address.
    Address(u64),
}

/// The connection that a message was published on, and with which others it shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) source: Source,
    pub(super) connection: ConnectionId,
}

/// Names an origin in four bytes, for as long as it is connected or a message of it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OriginId(u32);

/// All origins that are connected, and those of which something still waits.
#[derive(Debug, Default)]
pub(super) struct Origins {
    rows: Vec<Row>,
    free: Vec<OriginId>,
}

#[derive(Debug)]
struct Row {
    origin: Origin,
    /// Its connection and its messages.
    holders: usize,
}

impl Origins {
    /// Takes in an origin, held once.
    pub(super) fn insert(&mut self, origin: Origin) -> OriginId {
        let row = Row { origin, holders: 1 };
        if let Some(id) = self.free.pop() {
            self.rows[id.0 as usize] = row;
            return id;
        }
        self.rows.push(row);
        OriginId(u32::try_from(self.rows.len() - 1).expect("a relay holds far fewer messages"))
    }

    pub(super) fn get(&self, id: OriginId) -> Origin {
        self.rows[id.0 as usize].origin
    }

    /// Holds an origin once more.
    pub(super) fn hold(&mut self, id: OriginId) {
        self.rows[id.0 as usize].holders += 1;
    }

    /// Holds it once less; the last time it is forgotten.
    pub(super) fn release(&mut self, id: OriginId) {
        let row = &mut self.rows[id.0 as usize];
        row.holders -= 1;
        if row.holders == 0 {
            self.free.push(id);
        }
        if self.free.len() == self.rows.len() {
            *self = Self::default();
        }
    }
}
