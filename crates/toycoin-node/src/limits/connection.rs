//! Bounds on a connection between a client and a relay: handshake, keepalive, slow writers, goodbye.

use std::time::Duration;

/// Longest time from connecting to the client's first frame, which begins the handshake.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest time from connecting until the relay has welcomed its client and confirmed the subscriptions: the
/// handshake's timeout.
pub const WELCOME_TIMEOUT: Duration = Duration::from_secs(10);

/// Time without a byte from the other side after which a PING is sent as keepalive.
pub const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Time without a byte from the other side after which the connection is closed.
pub const SILENCE_TIMEOUT: Duration = Duration::from_secs(120);

/// Time without a byte written from a queue that is not empty after which the connection is closed.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Time over which the speed of an incomplete frame is measured.
pub const FRAME_WINDOW: Duration = Duration::from_secs(10);

/// Fewest bytes that must arrive within each [`FRAME_WINDOW`] while a frame is incomplete: 1 kB per second.
pub const FRAME_WINDOW_BYTES: u64 = 10_000;

/// Time that a connection that is being closed has to read the reason.
pub const CLOSE_GRACE: Duration = Duration::from_secs(1);

/// Longest time for which a node that ends waits for its relays to take what it said last.
pub const FAREWELL: Duration = Duration::from_secs(2);

/// Most characters of a relay's goodbye that an error shows, escapes included: as many as it has bytes.
pub const GOODBYE_SHOWN: usize = toycoin_wire::limits::MAX_REASON;
