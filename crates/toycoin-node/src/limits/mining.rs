//! Bounds on mining: when it begins, when it waits, and block templates.

use std::time::Duration;

/// Time that a new node listens before it mines, because a peer may have a chain for it.
pub const JOIN_GRACE: Duration = Duration::from_millis(1_500);

/// Interval between two reports of the measured hash rate.
pub const HASH_RATE_INTERVAL: Duration = Duration::from_secs(5);

/// Age at which a block template is made anew, to update the time in its header.
pub const TEMPLATE_REFRESH: Duration = Duration::from_secs(1);

/// Age at which a block template is made anew if the mempool has changed.
pub const TEMPLATE_QUICK_REFRESH: Duration = Duration::from_millis(200);

/// Shortest time between two notices that mining waits for the clock.
pub const MINING_WAIT_INTERVAL: Duration = Duration::from_secs(60);

/// Most block templates on one tip whose nonces are still accepted.
pub const TEMPLATES: usize = 4;

/// Bytes of a block that are reserved for header and coinbase.
pub const TEMPLATE_RESERVE: u64 = toycoin_core::ChainParams::MIN_BLOCK_SIZE_LIMIT;

/// Most headers beyond the tip with which a node still mines while bodies arrive. With more it waits, for as long as
/// its [pause](MAX_PAUSE) lasts.
pub const BEHIND: u64 = 6;

/// Time without a body after which bodies count as no longer arriving.
pub const CATCHING_UP: Duration = Duration::from_secs(10);

/// Longest time for which mining waits for branches whose bodies arrive too slowly, over all branches.
pub const MAX_PAUSE: Duration = Duration::from_secs(10);

/// Shortest remaining pause with which mining begins to wait.
pub const MIN_PAUSE: Duration = Duration::from_secs(1);

/// Seconds without a pause after which the next pause may last one second longer.
pub const PAUSE_REFILL: u32 = 60;

/// Fraction of the network's block interval by which each body on the way to the best header prolongs the pause: a
/// quarter.
pub const PAUSE_PART: u32 = 4;

/// Longest delay before a found block is published; a longer one is shortened. The blocks wait in memory.
pub const MAX_BLOCK_DELAY: Duration = Duration::from_secs(600);
