//! Bounds of what peers of a mesh cause.

use std::time::Duration;

/// Time within which a gossiped message is judged. Then it is ignored: it came to others another way by now.
pub const TICKET_PATIENCE: Duration = Duration::from_secs(4);

/// Most bytes of a gossiped message, tag included: 128 KiB. A larger block is told by its header alone.
pub const GOSSIP_MESSAGE: usize = 128 << 10;

/// Most bytes of all answers to one question of a mesh peer: 1.25 MiB, so that any block fits. What does not fit is
/// left out, and the peer asks again.
pub const ANSWER_BYTES: u64 = toycoin_wire::limits::MAX_BLOCK_PAYLOAD as u64;

/// Most headers whose blocks were asked of the neighbour that gossiped them.
pub const LONE_HEADERS: usize = 64;

/// Time that an answer of a mesh peer may take, from the question to its end. Then its stream is given up.
pub const ASK_PATIENCE: Duration = Duration::from_secs(5);

/// Time for which a mesh peer that answered "not now" is not asked for headers, blocks or transactions. It doubles with
/// each further such answer until the peer delivers.
pub const NOT_NOW_REST: Duration = Duration::from_millis(500);

/// Longest time for which a mesh peer that answered "not now" is not asked.
pub const MAX_NOT_NOW_REST: Duration = Duration::from_secs(8);

/// Most payments that are remembered because their gossip was dropped before it was judged.
pub const MISSED: usize = 256;

/// Part of the free places among [`MISSED`] that the payments of one sender may take: an eighth.
pub const MISSED_SHARE: usize = 8;

/// Most such payments of one sender that are remembered in a burst; all peers that have not joined share one such burst.
pub const MISSED_BURST: u64 = 32;

/// Such payments of one sender that are remembered per second.
pub const MISSED_PER_SECOND: u64 = 4;

/// Time until a missed payment is asked of a peer, and then of the next one if the first does not have it.
pub const MISSED_DELAY: Duration = Duration::from_millis(500);

/// Most peers, beside its sender, that are asked for a missed payment.
pub const MISSED_ASKS: usize = 3;

/// Most missed payments that one peer is asked for at a time.
pub const MISSED_OF_A_PEER: usize = 16;

/// Time after which a missed payment is forgotten.
pub const MISSED_TIME: Duration = Duration::from_secs(20);
