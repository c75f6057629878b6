//! Bounds on comparing the node's clock with those of its peers.

use std::time::Duration;

/// Shortest time between two clock warnings of the same kind.
pub const CLOCK_WARNING_INTERVAL: Duration = Duration::from_secs(600);

/// Shortest time between two comparisons of clocks, so that a flood of statuses does not cause a flood of medians.
pub const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Time per peer for which a comparison of the peers' clocks lasts, so that it costs a node with many peers no more per
/// second than one with 50.
pub const CLOCK_CHECK_PER_PEER: Duration = Duration::from_millis(20);

/// Largest clock difference that counts, in milliseconds: 365 days. A larger claim counts as this.
pub const MAX_CLOCK_OFFSET: i64 = 365 * 24 * 3_600_000;

/// Smallest clock difference that causes a warning on any network, in milliseconds. Delivery alone may take as long.
pub const MIN_CLOCK_TOLERANCE: u64 = 1_000;

/// Most statuses per peer whose times are remembered.
pub const CLOCK_READINGS: usize = 4;

/// Most blocks whose times are remembered for comparing clocks.
pub const CLOCK_BLOCKS: usize = 11;
