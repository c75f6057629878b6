//! What will happen, in order of time, and of the order in which it was planned.

use std::{collections::BTreeMap, time::Duration};

use toycoin_node::{protocol::JobId, relay::ConnectionId};

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A node tries to connect to its relay number `slot`.
    Dial {
        node: usize,
        slot: usize,
    },
    /// Bytes arrive at a relay.
    Up {
        connection: ConnectionId,
        bytes: Vec<u8>,
    },
    /// Bytes arrive at a node.
    Down {
        connection: ConnectionId,
        bytes: Vec<u8>,
    },
    /// A node's bytes are on the wire.
    Written {
        connection: ConnectionId,
    },
    /// One end of a connection hears that it is over.
    Cut {
        connection: ConnectionId,
    },
    /// A relay's socket takes bytes again.
    Pull {
        connection: ConnectionId,
    },
    /// A node asked to be woken.
    WakeNode {
        node: usize,
    },
    /// A relay asked to be woken.
    WakeRelay {
        relay: usize,
    },
    /// A node's search ends.
    Found {
        node: usize,
        job: JobId,
    },
    /// A node's relays say that they dropped deliveries.
    SayLagged {
        node: usize,
    },
    /// Somebody pays somebody.
    Pay,
    /// A node's wallet tells its payments again.
    Repeat {
        node: usize,
    },
    /// A fault begins, ends.
    Begin {
        fault: usize,
    },
    End {
        fault: usize,
    },
}

/// The future.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    entries: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
}

/// Names an entry, to take it back.
pub(crate) type QueueKey = (Duration, u64);

impl Queue {
    pub(crate) fn push(&mut self, at: Duration, happening: Happening) -> QueueKey {
        self.sequence += 1;
        self.entries.insert((at, self.sequence), happening);
        (at, self.sequence)
    }

    pub(crate) fn remove(&mut self, place: QueueKey) {
        self.entries.remove(&place);
    }

    pub(crate) fn pop(&mut self) -> Option<(Duration, Happening)> {
        self.entries.pop_first().map(|((at, _), happening)| (at, happening))
    }
}
