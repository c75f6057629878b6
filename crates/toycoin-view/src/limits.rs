//! Limits of the view. Whatever a viewer sends, and whatever a network does, these bound what it costs.

use std::time::Duration;

/// Most events that the hub keeps for viewers that resume and for rewinding.
pub const RING_EVENTS: usize = 20_000;

/// Most bytes of encoded events that the hub keeps.
pub const RING_BYTES: usize = 8 << 20;

/// Most events by which a viewer may lag behind. A slower one gets the whole state instead.
pub const VIEWER_LAG: u64 = 512;

/// Most viewers, that is streams of events, at the same time. A further one gets status 503.
pub const VIEWERS: usize = 64;

/// Most connections at the same time. A further one closes the one whose client has lagged behind its answers for
/// longest, if that is more than [`LAG_TIME`], else the oldest that waits for a header.
pub const CONNECTIONS: usize = 256;

/// Most connections without a complete header at the same time.
pub const WAITING_CONNECTIONS: usize = 192;

/// Longest time in which a request's header must arrive, from accept or from the previous answer.
pub const HEADER_TIME: Duration = Duration::from_secs(5);

/// Longest time in which a request's body must arrive.
pub const BODY_TIME: Duration = Duration::from_secs(10);

/// Longest time that a connection may rest between two requests.
pub const IDLE_TIME: Duration = Duration::from_secs(30);

/// Most bytes of a request's header, and of an answer that waits in the program for a slow reader.
pub const HEADER_BYTES: usize = 16 << 10;

/// Longest time for which a client may not take what is written to it. Then its connection is closed.
pub const STALL_TIME: Duration = Duration::from_secs(120);

/// Longest time for which a client may lag behind what is written to it while all places are taken. After that, a
/// newcomer may have its place.
pub const LAG_TIME: Duration = Duration::from_secs(5);

/// Longest time in which connections may end when the view is shut down.
pub const SHUTDOWN_TIME: Duration = Duration::from_secs(1);

/// Most bytes of a request's body.
pub const BODY_BYTES: usize = 64 << 10;

/// Most bytes of a refused body that are read and thrown away, so that the sender sees the answer.
pub const DISCARDED_BYTES: usize = 256 << 10;

/// Longest time for which a refused body is read.
pub const DISCARD_TIME: Duration = Duration::from_secs(1);

/// Most commands at once, and commands per second: the token bucket of `POST`.
pub const COMMANDS: u32 = 20;

/// Most blocks in the state. Beyond that, the first to arrive are left out.
pub const STATE_BLOCKS: usize = 2_000;

/// Most nodes of a network that is viewed.
pub const NODES: usize = 32;

/// Most payments of each node's mempool that the state lists. Further ones are only counted.
pub const LISTED_PAYMENTS: usize = 500;

/// Most messages in flight in the state. Beyond that, the oldest are left out.
pub const STATE_MESSAGES: usize = 2_000;

/// Most hashes of blocks that an event lists for one side of a reorganisation. More are only counted.
pub const LISTED_BLOCKS: usize = 100;

/// Most inputs, outputs or parents of a payment that an event lists. More are only counted.
pub const LISTED_PARTS: usize = 64;

/// Most faults at the same time that the record of a trace lists. Further ones are left out.
pub const LISTED_FAULTS: usize = 64;

/// Most bytes of a text that an event holds: a reason, or a note.
pub const TEXT_BYTES: usize = 400;

/// Most bytes of a record file.
pub const RECORD_BYTES: u64 = 256 << 20;

/// Most lines of a record file.
pub const RECORD_LINES: u64 = 2_000_000;

/// Most payments of a simulated network, after which it ends: it keeps them all, about 15 kB each with 4 nodes.
pub const SIMULATED_PAYMENTS: u64 = 30_000;

/// Most blocks of a simulated network, after which it ends.
pub const SIMULATED_BLOCKS: u64 = 30_000;

/// Most bytes of states that viewers and readers hold at the same time, before more of them share one.
pub const HELD_STATE_BYTES: usize = 16 << 20;

/// Most groups of a partition.
pub const GROUPS: usize = 32;

/// Time between two comments in a stream of events without events, which keep the connection open.
pub const COMMENT_INTERVAL: Duration = Duration::from_secs(15);

/// Time after which a page reconnects to a stream that broke.
pub const RETRY: Duration = Duration::from_secs(2);

/// Most transactions on a page of a block, or of an address's confirmed history.
pub const PAGE: usize = 25;

/// Most transactions of an address that wait in the mempool in one answer.
pub const WAITING_PAGE: usize = 50;

/// Most blocks on a page of blocks.
pub const BLOCKS_PAGE: usize = 10;

/// Most payments in the answer about the last ones to enter the mempool.
pub const RECENT: usize = 10;

/// Most payments of a mempool that one answer lists, those first that are mined first.
pub const MEMPOOL_LISTED: usize = 10_000;

/// Most coins of an address that one answer lists. An address with more gets status 400.
pub const COINS_LISTED: usize = 10_000;

/// Most steps of 64 blocks by which one request takes an index further. If that does not suffice, it gets status 503,
/// and the next request goes on from there.
pub const INDEX_STEPS: usize = 64;

/// Most payments of a mempool that one request fetches from a node for the index.
pub const INDEX_FETCHES: usize = 5_000;

/// Most requests to nodes that one request from outside has open at the same time.
pub const OPEN_REQUESTS: usize = 64;

/// Shortest time between two readings of a node's whole mempool, unless a block came or this server was asked to change
/// something. In between, readers get what is there.
pub const MEMPOOL_INTERVAL: Duration = Duration::from_millis(200);

/// Time after which a mempool is read again although its number of payments and of bytes is the same: a payment may
/// have replaced another of its size.
pub const MEMPOOL_AGE: Duration = Duration::from_secs(2);

/// Most transactions that are looked up for the outputs that the transactions of one answer spend. The index has
/// nearly all of them without that.
pub const PARENTS_FETCHED: usize = 1_000;

/// Number of heights below a node's tip at which its stale blocks are looked through for a transaction.
pub const STALE_DEPTH: u64 = 500;

/// Most stale blocks that one request looks through.
pub const STALE_STEPS: usize = 64;

/// Most stale blocks whose transactions are remembered.
pub const STALE_BLOCKS: usize = 500;

/// Most transactions of stale blocks that are remembered.
pub const STALE_TRANSACTIONS: usize = 100_000;

/// Most blocks whose first arrival is remembered to measure the propagation of blocks.
pub const MEASURED_BLOCKS: usize = 500;
