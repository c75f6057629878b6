//! What happens at a relay, for whoever observes it.

use toycoin_wire::{Channel, NodeId, Tag};

use crate::relay::{CloseReason, ConnectionId};

/// Something that happened at a relay.
///
/// Texts and ids are what strangers chose. An agent must be escaped before it is shown
/// ([`printable`](toycoin_wire::printable)), and a node id proves nothing. No two clients that are connected have the
/// same id.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayEvent {
    /// A client completed the handshake.
    Joined {
        /// Its connection.
        connection: ConnectionId,
        /// Its id, by which the other events name it.
        node_id: NodeId,
        /// The name and version of its program, at most 64 bytes.
        agent: String,
    },
    /// A client that had joined is gone, and its subscriptions with it.
    Left {
        /// Its connection.
        connection: ConnectionId,
        /// Its id.
        node_id: NodeId,
        /// The reason, or `None` if the connection ended without a goodbye.
        reason: Option<CloseReason>,
    },
    /// The relay ended a connection whose client had not joined.
    Refused {
        /// The connection.
        connection: ConnectionId,
        /// The reason.
        reason: CloseReason,
    },
    /// A client subscribed to a channel.
    Subscribed {
        /// Its id.
        node_id: NodeId,
        /// The channel.
        channel: Channel,
    },
    /// A client ended a subscription.
    Unsubscribed {
        /// Its id.
        node_id: NodeId,
        /// The channel.
        channel: Channel,
    },
    /// A client published a message.
    Published {
        /// The publisher's id.
        from: NodeId,
        /// The id of its only receiver, or `None` if it is for all subscribers of the channel.
        to: Option<NodeId>,
        /// The channel.
        channel: Channel,
        /// First four bytes of the payload, if it has as many. The relay gives them no meaning.
        tag: Option<Tag>,
        /// Length of the payload, in bytes.
        size: usize,
        /// Number of clients into whose queues it was put.
        receivers: usize,
    },
    /// Events are missing among those before this one, because the observer was slow or they came in a flood.
    LeftOut {
        /// Number of missing events; at least one.
        count: u64,
    },
}
