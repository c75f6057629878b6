//! Bounds on block bodies, the second part of initial block download (IBD).

use std::time::Duration;

/// Most blocks above the connected ones that are considered for download.
pub const BODY_WINDOW: u64 = 128;

/// Most blocks above the connected ones that are considered for download while blocks are small.
pub const SMALL_BODY_WINDOW: u64 = 512;

/// Most bytes of a block that counts as small.
pub const SMALL_BLOCK: u64 = 8 << 10;

/// Most blocks that are requested at a time, over all peers.
pub const BODY_REQUESTS: usize = 256;

/// Most branches besides the best whose blocks are requested. They are tried when the best branch's lowest block does not come.
pub const BRANCHES: usize = 16;

/// Time for the lowest missing block of the best header's branch, after which other branches come before it.
pub const WITHHELD_AFTER: Duration = Duration::from_secs(2);

/// Longest time for which a peer that did not send a block is not asked for it again.
pub const TRIED_MEMORY: Duration = Duration::from_secs(5);

/// Most branches whose lowest missing blocks are remembered.
pub const MAX_BRANCH_WAITS: usize = 64;

/// Time for which a branch's lowest missing block is remembered when no peer leads there any more.
pub const BRANCH_WAIT_MEMORY: Duration = Duration::from_secs(60);

/// Most block hashes per message: what the wire allows.
pub const BLOCKS_A_MESSAGE: usize = toycoin_wire::limits::MAX_GET_BLOCKS;

/// Most blocks that are requested from one peer at a time, unless [`BYTES_A_PEER`] allows more.
pub const BLOCKS_A_PEER: usize = 16;

/// Bytes of blocks that may be requested from one peer at a time, estimated from recent blocks: 256 KiB.
pub const BYTES_A_PEER: u64 = 256 << 10;

/// Most blocks that are requested on one relay connection at a time.
pub const BLOCKS_A_CONNECTION: usize = 128;

/// Most blocks that are requested on one relay connection before the first has arrived. Each may need 1.25 MiB.
pub const FIRST_BLOCKS_A_CONNECTION: usize = 3;

/// Bytes of blocks that may be requested on one relay connection at a time, estimated from recent blocks. These 4 MiB
/// are half of the queue that a relay keeps per connection.
pub const BYTES_A_CONNECTION: u64 = 4 << 20;

/// Number of recent blocks from which the next one's size is estimated.
pub const SIZES: usize = 16;

/// Time in which a peer that has delivered blocks before must deliver one. Others are asked too after it. The time
/// starts again for a block that only waits behind other deliveries in the relay's queue.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(2);

/// Time above which one block shows that the link is slow. Then one block is requested at a time.
pub const SLOW_BLOCK: Duration = Duration::from_secs(4);

/// Queueing delay up to which the number of requested blocks grows. It is measured against one and a half times the
/// time of the fastest blocks.
pub const QUEUE_DELAY: Duration = Duration::from_millis(250);

/// Queueing delay above which the number of requested blocks is halved. It is measured against twice the time of the
/// fastest blocks.
pub const MAX_QUEUE_DELAY: Duration = Duration::from_secs(1);

/// Factor by which a peer's blocks take longer than the fastest peer's, plus [`SLOW_MARGIN`], before that peer is only
/// tried.
pub const SLOW_FACTOR: u32 = 4;

/// Time that a peer must be slower than the fastest, in addition to [`SLOW_FACTOR`], before it is only tried.
pub const SLOW_MARGIN: Duration = Duration::from_secs(1);

/// Most peers per connection that are tried with one block each while others deliver.
pub const TRIALS: usize = 2;

/// Shortest time in which a tried peer must deliver its block. Others are asked for the block after it.
pub const TRIAL_PATIENCE: Duration = Duration::from_millis(100);

/// Failed trials in a row on a connection before trials become rarer (backoff).
pub const FREE_TRIALS: u32 = 4;

/// Time before the next trial on a connection after [`FREE_TRIALS`] failed ones. It doubles with each further failure.
pub const TRIAL_REST: Duration = Duration::from_secs(1);

/// Number of bodies that are gathered during initial block download (IBD) before they are connected. Verifying their
/// signatures together costs less.
pub const GATHERED_BLOCKS: usize = 64;

/// Longest time that gathered bodies wait for others.
pub const GATHER_TIME: Duration = Duration::from_millis(20);
