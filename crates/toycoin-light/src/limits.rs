//! All bounds of the light client.

use std::time::Duration;

/// Longest time that a server may take for an answer. Then the next one is asked, and that is no crime.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The time after which a second server is asked for the tip as well, though the first still has time.
pub const HEDGE: Duration = Duration::from_secs(1);

/// Most servers that are asked for the tip at the same time.
pub const TIP_QUESTIONS: usize = 4;

/// The time that a server rests after its first failure. Each further one doubles it.
pub const FIRST_REST: Duration = Duration::from_secs(1);

/// Longest time that a server rests after failures.
pub const MAX_REST: Duration = Duration::from_secs(64);

/// The time that a server is muted that sent something false.
pub const MUTE: Duration = Duration::from_secs(600);

/// Most servers that are remembered, and most that are remembered as muted.
pub const SERVERS: usize = 256;

/// Most headers below the tip that are kept, for reorganisations and confirmations.
pub const WINDOW: usize = 2_200;

/// Most headers by which the tip follows a server header by header. A longer way is proved.
pub const HEADERS_AHEAD: u64 = 100;

/// Most spans of filters that are requested ahead of the one that is read.
pub const SPANS: usize = 4;

/// Most blocks below the tip that a span of filters covers.
pub const SPAN: u64 = 1_000;

/// Most blocks per request.
pub const BLOCKS_A_QUESTION: usize = 8;

/// Most own payments that are told again until a block holds them.
pub const PAYMENTS: usize = 256;

/// The time between two tellings of a payment.
pub const REPEAT: Duration = Duration::from_secs(10);

/// Most servers to which a payment is told again.
pub const REPEAT_SERVERS: usize = 8;

/// Most receipts that are being collected.
pub const RECEIPTS: usize = 16;
