//! Bounds on headers, the first part of initial block download (IBD).

use std::time::Duration;

/// Most headers per message: what the wire allows.
pub const HEADERS_A_MESSAGE: usize = toycoin_wire::limits::MAX_HEADERS;

/// Most block hashes per locator: what the wire allows.
pub const LOCATOR: usize = toycoin_wire::limits::MAX_LOCATOR;

/// Most headers that are held back until their work exceeds our tip's, over all connections: 130,000 headers of 128
/// bytes, 16 MB. A longer branch is not followed unless it has more work by then; 130,000 blocks are three days at one
/// block every two seconds. Where several branches are held, the one that holds most makes room, so that each
/// connection has an equal share.
pub const HELD_HEADERS: usize = 130_000;

/// Time in which a peer that has delivered headers before must answer a request for headers. Others are asked too after
/// it. The time starts again for an answer that only waits behind other deliveries in the relay's queue.
pub const HEADERS_TIMEOUT: Duration = Duration::from_secs(2);

/// Time for which a peer that had no headers for us is not asked again, unless it announces another tip.
pub const HEADERS_REST: Duration = Duration::from_secs(20);

/// Most outstanding requests for headers per peer whose late answers are still accepted, although others were asked
/// meanwhile.
pub const OWED_HEADERS: u8 = 8;

/// Longest random delay before a peer is asked for headers.
pub const SYNC_SPREAD: Duration = Duration::from_millis(100);
