//! Queue of future events, ordered by time and then by the order in which they were planned.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use toycoin_node::{protocol::JobId, relay::ConnectionId};

use crate::network::mesh::MeshHappening;

/// An event that will happen.
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
        bytes: Bytes,
    },
    /// Bytes arrive at a node.
    Down {
        connection: ConnectionId,
        bytes: Vec<u8>,
    },
    /// A node's bytes have been written to the link.
    Written {
        connection: ConnectionId,
    },
    /// One end of a connection learns that it is over.
    Cut {
        connection: ConnectionId,
    },
    /// A relay's socket can take more bytes.
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
    /// A node's search finds a block.
    Found {
        node: usize,
        job: JobId,
    },
    /// A node's hash rate changes as planned.
    NewHashRate {
        node: usize,
    },
    /// A node's relays say that they dropped deliveries.
    SayLagged {
        node: usize,
    },
    /// Something happens on a mesh. It is larger than all others, which are many more.
    Mesh(Box<MeshHappening>),
    /// A wallet makes a payment.
    Pay,
    /// A node's wallet resubmits its payments.
    Repeat {
        node: usize,
    },
    /// A fault begins.
    Begin {
        fault: usize,
    },
    End {
        fault: usize,
    },
}

/// All future events.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    entries: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
}

/// Key of an entry, with which it can be removed.
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

    /// Returns when the next event happens.
    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn pop(&mut self) -> Option<(Duration, Happening)> {
        self.entries.pop_first().map(|((at, _), happening)| (at, happening))
    }
}
