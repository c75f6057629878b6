//! Bounds of a relay: its connections, its channels, what it keeps in memory, and the turns of its sockets.

use std::time::Duration;

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

/// Bytes of free buffers for large deliveries that a relay keeps for the next ones: 4 MiB.
pub const LARGE_SPARE_BYTES: usize = 4 << 20;

/// Bytes of free buffers for small deliveries that a relay keeps for the next ones: 1 MiB.
pub const SMALL_SPARE_BYTES: usize = 1 << 20;

/// Most empty places for deliveries that a relay keeps after a flood.
pub const RETAINED_SLOTS: usize = 1 << 14;

/// Most empty places for frames that a drained queue keeps. Ten thousand connections may each keep this many.
pub const RETAINED_ENTRIES: usize = 256;

/// Bytes of messages that move to the front of a queue at a time: 64 KiB, as much as is written in a turn.
pub const EXPRESS_BYTES: usize = 64 << 10;

/// Most messages that move to the front of a queue at a time.
pub const EXPRESS_MESSAGES: usize = 64;

/// Most origins that are looked at to choose the messages that move to the front, or all origins once.
pub const EXPRESS_LOOKS: usize = 4_096;

/// Number of gaps above twice the number of all other entries at which a queue merges adjacent gaps.
pub const LOOSE_GAPS: usize = 64;

/// Most bytes that a relay reads from a socket at a time: 256 KiB.
pub const RELAY_READ: usize = 256 << 10;

/// Most bytes that a relay writes to a socket at a time, unless one delivery is longer: 256 KiB.
pub const RELAY_WRITE: usize = 256 << 10;

/// Rounds over the ready sockets before a relay's task yields, so that the runtime can look for other ready sockets.
pub const RELAY_ROUNDS: usize = 4;

/// Approximate bytes that a relay reads per source and round: 1 MiB, four reads of a connection that floods.
pub const SOURCE_BYTES_A_ROUND: usize = 1 << 20;

/// Fewest bytes that a read counts against [`SOURCE_BYTES_A_ROUND`], because of the cost of its system call.
pub const MIN_READ: usize = 2 << 10;

/// Most addresses on which a relay listens.
pub const RELAY_LISTENERS: usize = 16;

/// Most connections that a relay accepts in one round.
pub const ACCEPTS_A_ROUND: usize = 64;

/// Most events that a relay keeps for its observer until they are taken. The rest is counted.
pub const RELAY_EVENTS: usize = 2_048;

/// Most events that a relay keeps when the next one is about a message or a subscription. The room above is for who
/// comes and goes.
pub const RELAY_FREQUENT_EVENTS: usize = 1_536;

/// Most batches of a relay's events, of up to [`RELAY_EVENTS`] each, that wait for its observer.
pub const RELAY_EVENT_BATCHES: usize = 4;

/// Shortest time between two batches of a relay's events. So however much is published, a relay makes at most 100,000
/// events per second.
pub const RELAY_EVENT_INTERVAL: Duration = Duration::from_millis(20);

/// Time for which a relay accepts no connection after the system refused one.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
