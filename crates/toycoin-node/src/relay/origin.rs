//! The origin of a message, which decides whose messages are dropped when a queue is full.

use crate::relay::ConnectionId;

/// The connections that count as one publisher when they share a queue's room. The driver chooses it.
///
/// Connections from one address share one quota, because a stranger opens a hundred connections as easily as one.
/// Loopback connections stand alone, because different programs or a tunnel's different users may be behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A connection that shares with no other.
    Connection(ConnectionId),
    /// All connections with the same number, which stands for their address.
    Address(u64),
}

/// The connection on which a message was published, and its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) source: Source,
    pub(super) connection: ConnectionId,
}

/// A name of four bytes for an origin, valid while it is connected or one of its messages waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OriginId(u32);

/// All origins that are connected or have messages that wait.
#[derive(Debug, Default)]
pub(super) struct Origins {
    rows: Vec<Row>,
    free: Vec<OriginId>,
}

#[derive(Debug)]
struct Row {
    origin: Origin,
    /// Number of its holders: its connection and its waiting messages.
    holders: usize,
}

impl Origins {
    /// Inserts an origin, held once.
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

    /// Adds one hold on an origin.
    pub(super) fn hold(&mut self, id: OriginId) {
        self.rows[id.0 as usize].holders += 1;
    }

    /// Releases one hold on an origin. The last release forgets it.
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
