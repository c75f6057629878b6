//! Bounds on a transport, a client's way to a relay: reconnecting with backoff, and queues.

use std::time::Duration;

/// Longest time of one attempt to connect.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time after which the next address of a host joins the race to connect.
pub const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// Most addresses of one host that are tried.
pub const MAX_ADDRESSES: usize = 8;

/// Backoff after the first failed attempt. It doubles with each further failure.
pub const RECONNECT_FIRST: Duration = Duration::from_millis(250);

/// Longest backoff between two attempts.
pub const MAX_RECONNECT: Duration = Duration::from_secs(10);

/// Duration of a connection after which earlier failures are forgotten.
pub const STEADY_CONNECTION: Duration = Duration::from_secs(10);

/// Most bytes that wait to be sent on one transport: 8 MiB.
pub const TRANSPORT_QUEUE_BYTES: usize = 8 << 20;

/// Most bytes that one event of a transport carries: 64 KiB.
pub const TRANSPORT_READ: usize = 64 << 10;

/// Bytes of memory that a queued message counts in addition to its own bytes.
pub const MESSAGE_WEIGHT: usize = 64;
