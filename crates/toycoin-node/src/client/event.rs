//! What a relay connection reports.

use toycoin_wire::{ChannelRef, NodeId};

/// An event of a relay connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent<'a> {
    /// The relay has welcomed the client and confirmed its subscriptions. This event comes once, before any other.
    Ready,
    /// Another client published a message on a subscribed channel.
    Delivered {
        /// The channel.
        channel: ChannelRef<'a>,
        /// The publisher's id, as the relay reports it.
        from: NodeId,
        /// The payload. It is borrowed, so copy what must outlive the call.
        payload: &'a [u8],
    },
    /// The relay dropped deliveries for this client, which read too slowly.
    Lagged {
        /// The number of dropped deliveries.
        count: u64,
    },
    /// The answer to a [`ping`](super::RelayClient::ping) arrived. Every delivery that waited at the relay before the PING has
    /// arrived too.
    Ponged {
        /// The number that the PING carried.
        nonce: u64,
    },
}
