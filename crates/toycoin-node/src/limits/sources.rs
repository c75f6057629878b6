//! Bounds on choosing peers to ask: patience, and the backoff of peers that do not deliver.

use std::time::Duration;

/// Time in which a peer that has delivered nothing yet must answer. Others are asked too after it. Twice the duration
/// of the handshake with the relay applies if that is longer.
pub const NEWCOMER_PATIENCE: Duration = Duration::from_millis(500);

/// Longest time in which a peer that has delivered nothing yet must answer.
pub const MAX_NEWCOMER_PATIENCE: Duration = Duration::from_secs(4);

/// Most doublings of the number of newcomers that are asked for headers in one round on a connection: 1, 2, 4, 8, 16.
pub const ROUND_DOUBLINGS: u32 = 4;

/// Rounds without a delivery on a connection before newcomers are asked less and less often (backoff).
pub const FREE_ROUNDS: u32 = 6;

/// Longest time between two rounds of newcomers on a connection where some peer has delivered.
pub const MAX_SEARCH_REST: Duration = Duration::from_secs(20);

/// Longest time between two rounds of newcomers on a connection where no peer has delivered yet.
pub const SEARCH_REST_ALONE: Duration = Duration::from_secs(2);

/// Time for which a peer that let a request lapse is not asked again. It doubles with each further lapse.
pub const STALL_REST: Duration = Duration::from_secs(4);

/// Longest time for which a peer that let requests lapse is not asked again.
pub const MAX_STALL_REST: Duration = Duration::from_secs(600);

/// Number of strikes after which the backoff no longer grows.
pub const MAX_STRIKE_DOUBLINGS: u32 = 10;

/// Most lapses with which a peer that has delivered still ranks before an unknown peer.
pub const SHAKEN_STRIKES: u32 = 3;

/// Number of deliveries in a row after which an earlier lapse is forgotten.
pub const STRIKE_DELIVERIES: u32 = 8;

/// Longest time that a peer has for an answer after its earlier requests lapsed.
pub const MAX_PATIENCE: Duration = Duration::from_secs(60);

/// Time after which a barrier PING counts as answered. By this PING a node distinguishes a late answer from one that
/// waits behind others.
pub const BARRIER_TIMEOUT: Duration = Duration::from_secs(30);
