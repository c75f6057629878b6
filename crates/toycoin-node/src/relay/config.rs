//! A relay's configuration.

use crate::limits;

/// The name and the bounds of a relay. The defaults are those of the protocol.
///
/// ```
/// use toycoin_node::relay::RelayConfig;
///
/// let classroom = RelayConfig { connections: 40, ..RelayConfig::default() };
/// assert_eq!(classroom.channels, 4096);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayConfig {
    /// The relay program's name in `WELC`, at most 64 bytes. The rest is cut off.
    pub agent: String,
    /// Most connections.
    pub connections: usize,
    /// Most channels.
    pub channels: usize,
    /// Most subscriptions per connection.
    pub subscriptions: usize,
    /// Most bytes of deliveries that wait for one connection.
    pub queue_bytes: usize,
    /// Most deliveries that wait for one connection.
    pub queue_deliveries: usize,
    /// Most bytes of deliveries that wait in the relay, with each payload counted once.
    pub queued_bytes: usize,
    /// Most bytes of incomplete frames that the relay keeps, over all connections.
    pub partial_bytes: usize,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            agent: concat!("toycoin-relay/", env!("CARGO_PKG_VERSION")).into(),
            connections: limits::RELAY_CONNECTIONS,
            channels: limits::RELAY_CHANNELS,
            subscriptions: limits::SUBSCRIPTIONS,
            queue_bytes: limits::QUEUE_BYTES,
            queue_deliveries: limits::QUEUE_DELIVERIES,
            queued_bytes: limits::RELAY_QUEUED_BYTES,
            partial_bytes: limits::RELAY_PARTIAL_BYTES,
        }
    }
}
