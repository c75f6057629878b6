//! Bounds on statuses: when they are sent, and how many are answered.

use std::time::Duration;

/// Mean time between two statuses. Each wait differs from it by up to half of it, at random.
pub const STATUS_INTERVAL: Duration = Duration::from_secs(30);

/// Longest random delay before a new tip is announced.
pub const ANNOUNCE_SPREAD: Duration = Duration::from_millis(500);

/// Expected number of peers that answer a status with less work than theirs. Each peer decides at random.
pub const STATUS_ANSWERS: u64 = 8;

/// Most statuses with less work than ours that are answered in a burst on one relay connection.
pub const STATUS_ANSWERS_AT_ONCE: u64 = 16;

/// Statuses with less work than ours that are answered per second on one relay connection.
pub const STATUS_ANSWERS_A_SECOND: u64 = 4;

/// Shortest time between two answers to `LAGD` on one relay connection. An answer is one event, one status and one
/// search for headers.
pub const LAG_INTERVAL: Duration = Duration::from_secs(2);

/// Most blocks that are remembered as seen on one connection.
pub const SEEN_BLOCKS: usize = 128;
