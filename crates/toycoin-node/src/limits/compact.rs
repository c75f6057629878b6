//! Bounds on compact blocks.

use std::time::Duration;

/// Most compact blocks that wait for payments or for the whole block, of all peers.
pub const COMPACT_BLOCKS: usize = 8;

/// Most compact blocks of one peer that wait for payments or for the whole block.
pub const COMPACT_BLOCKS_A_PEER: usize = 2;

/// Most senders of compact blocks of one block that are asked for its payments at the same time. One whose ids are wrong
/// cannot keep the others' waiting.
pub const COMPACT_BLOCK_SENDERS: usize = 2;

/// Time after which a compact block that waits is forgotten. By then its block was asked of others.
pub const COMPACT_BLOCK_MEMORY: Duration = Duration::from_secs(10);

/// Most payments of a compact block that are asked for one by one: what the wire allows. If more are missing, the whole
/// block is asked for.
pub const COMPACT_MISSING: usize = toycoin_wire::limits::MAX_BLOCK_PLACES;

/// Waiting payments whose short ids may be computed at once for compact blocks of one connection (token bucket). A full
/// mempool has about 100,000. A listener has one such bucket for all that it hears.
pub const COMPACT_LOOKS: u64 = 1_000_000;

/// Waiting payments that are added to that bucket per second. Their short ids take a few hundredths of a core.
pub const COMPACT_LOOKS_PER_SECOND: u64 = 200_000;

/// Most compact blocks without their parents that are rebuilt at once for one connection (token bucket).
pub const COMPACT_ORPHANS: u64 = 16;

/// Compact blocks that are added to that bucket per second. Blocks rarely come faster; whose proof of work cost nothing,
/// since it claims the easiest target, has nothing else looked at.
pub const COMPACT_ORPHANS_PER_SECOND: u64 = 2;

/// Most blocks of the active chain at the height of a compact block and above whose payments may be in it too.
pub const COMPACT_RIVALS: u64 = 2;

/// Most questions for payments of a block that one peer may wait for.
pub const QUESTION_COMPACT_BLOCKS: usize = COMPACT_BLOCKS_A_PEER;

/// Most payments that a listener remembers to rebuild compact blocks.
pub const LISTENER_PAYMENTS: usize = 10_000;

/// Most bytes by formula of the payments that a listener remembers: 16 MB.
pub const LISTENER_PAYMENT_BYTES: u64 = 16_000_000;

/// Time in which a sender must answer a listener's question before the listener asks for the whole block, and then no
/// more.
pub const LISTENER_PATIENCE: Duration = Duration::from_secs(5);
