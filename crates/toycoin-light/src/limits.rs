//! All bounds of the light client.

use std::time::Duration;

use toycoin_core::proof::DEFAULT_SLICES;

/// Longest time that a server may take for an answer. Then the next one is asked, and that is no crime.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The time for which an answer that comes late is expected. Until then, its server is asked nothing else of that kind:
/// a proof and filters do not say which question they answer.
pub const LATE: Duration = Duration::from_secs(20);

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

/// Fewest slices of a proof that are asked for, if the client itself does not ask for fewer. A proof of 10 million
/// headers with as many takes 214 kB, so no server can mean that it does not fit a message.
pub const LEAST_SLICES: u16 = DEFAULT_SLICES;

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

/// Most blocks that are fetched or held at a time.
pub const BLOCKS: usize = 16;

/// Most own payments that are told again until a block holds them.
pub const PAYMENTS: usize = 256;

/// The number of blocks on top of a payment after which it is forgotten.
pub const PAYMENT_DEPTH: u64 = 100;

/// The time between two tellings of a payment.
pub const REPEAT: Duration = Duration::from_secs(10);

/// Most servers to which a payment is told again at a time. They are drawn anew each time.
pub const REPEAT_SERVERS: usize = 8;

/// Most receipts that are being collected.
pub const RECEIPTS: usize = 16;

/// Longest time that a server may take for a chunk of a snapshot, since it was asked or sent the last one: 344 kB in
/// 20 s is a slow line. A mesh gives an answer up sooner and says so, after 5 s.
pub const CHUNK_PATIENCE: Duration = Duration::from_secs(20);

/// Most chunks of a snapshot that are requested of a server at the same time. One that did not answer in time is asked
/// for one chunk at a time, which a mesh carries at 69 kB/s.
pub const CHUNKS_IN_FLIGHT: usize = 4;

/// The time after the first server was heard in which the others may announce their snapshots, before one is chosen.
pub const GATHERING: Duration = Duration::from_secs(3);

/// Longest time after the first server was heard that servers may hold up the choice of a snapshot, by claims of work
/// that they do not prove or by questions that they do not answer.
pub const SETTLING: Duration = Duration::from_secs(30);

/// The time after which a server without a snapshot is asked again.
pub const NEXT_SNAPSHOT: Duration = Duration::from_secs(60);

/// The time in which a snapshot has to come, besides [`CHUNK_TIME`] for each chunk. Then another snapshot is tried, if
/// there is another. It doubles each time.
pub const STALL: Duration = Duration::from_secs(60);

/// The time that a chunk of a snapshot may take while others wait: 172 kB/s. So a server that sends a false snapshot
/// slowly does not keep the sync for hours.
pub const CHUNK_TIME: Duration = Duration::from_secs(2);

/// Most doublings of [`STALL`]: at most an hour and four minutes.
pub const STALL_DOUBLINGS: u32 = 6;

/// How often a server may answer for another tip than the proved one, 1 s apart, until it counts as one without a
/// snapshot. It may be one block behind.
pub const OTHER_TIPS: u32 = 8;

/// Most ids of false snapshots that are remembered.
pub const FALSE_SNAPSHOTS: usize = 1_024;
