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
