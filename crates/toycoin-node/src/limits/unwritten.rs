//! Bounds on what a node has sent and not written yet, on each relay connection. The shares are parts of
//! [`TRANSPORT_QUEUE_BYTES`](super::TRANSPORT_QUEUE_BYTES).

use std::time::Duration;

/// Most bytes around the items of a message: frame, channel, receiver, tag and counts.
pub const MAX_ENVELOPE_BYTES: u64 = 256;

/// Most bytes of answers to peers' questions that wait to be written, over all peers: 4 MiB.
pub const ANSWER_SHARE: u64 = 4 << 20;

/// Most bytes of blocks mined here that wait to be written: 1.5 MiB, more than the largest block.
pub const BLOCK_SHARE: u64 = 3 << 19;

/// Most bytes of other nodes' transactions that wait to be forwarded: 1 MiB.
pub const FORWARD_SHARE: u64 = 1 << 20;

/// Most bytes of payments submitted here that wait to be written: 1 MiB.
pub const OWN_PAYMENT_SHARE: u64 = 1 << 20;

/// Most bytes of statuses and of our own questions that wait to be written: 256 KiB.
pub const REQUEST_SHARE: u64 = 256 << 10;

/// Most bytes of the relay layer's own frames that wait to be written: 256 KiB.
pub const CLIENT_SHARE: u64 = 256 << 10;

/// Longest time in which a connection of known speed must be able to write all waiting answers.
pub const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

/// Longest time in which a connection of known speed must be able to write all waiting own payments.
pub const OWN_PAYMENT_PATIENCE: Duration = Duration::from_millis(500);

/// Shortest time over which a connection's speed is measured.
pub const PACE_WINDOW: Duration = Duration::from_millis(250);
