//! Bounds of a relay: its connections, its channels, and what it keeps in memory.

/// Most connections that a relay accepts.
pub const RELAY_CONNECTIONS: usize = 10_000;

/// Most connections beyond [`RELAY_CONNECTIONS`] that receive the reason why they are refused. Further ones are closed
/// without a word.
pub const RELAY_REFUSALS: usize = 64;

/// Most channels of a relay. A channel exists while it has at least one subscriber.
pub const RELAY_CHANNELS: usize = 4_096;

/// Most subscriptions per connection.
pub const SUBSCRIPTIONS: usize = 16;

/// Most bytes of deliveries that wait for one connection: 8 MiB.
pub const QUEUE_BYTES: usize = 8 << 20;

/// Most deliveries that wait for one connection.
pub const QUEUE_DELIVERIES: usize = 4_096;

/// Most control frames that wait for one connection. A client that reaches the bound does not read the answers that it
/// asks for.
pub const QUEUE_CONTROLS: usize = 256;

/// Most bytes of deliveries that wait in a relay, with each payload counted once: 256 MiB.
pub const RELAY_QUEUED_BYTES: usize = 256 << 20;

/// Most bytes of incomplete frames that a relay keeps, over all connections: 128 MiB.
pub const RELAY_PARTIAL_BYTES: usize = 128 << 20;
