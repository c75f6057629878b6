//! Every bound of this crate, in one place: queues, tables and times that a stranger could otherwise stretch.

use std::time::Duration;

// ---- relay: connections and channels

/// Most connections that a relay accepts.
pub const RELAY_CONNECTIONS: usize = 10_000;

/// Most connections beyond [`RELAY_CONNECTIONS`] that receive the reason why they are refused. Further ones are closed
/// without a word.
pub const RELAY_REFUSALS: usize = 64;

/// Most channels of a relay. A channel exists while it has at least one subscriber.
pub const RELAY_CHANNELS: usize = 4_096;

/// Most subscriptions per connection.
pub const SUBSCRIPTIONS: usize = 16;

// ---- relay: memory

/// Most bytes of deliveries that wait for one connection: 8 MiB.
pub const QUEUE_BYTES: usize = 8 << 20;

/// Most deliveries that wait for one connection.
pub const QUEUE_DELIVERIES: usize = 4_096;

/// Most control frames that wait for one connection. A client that reaches the bound does not read the answers that it
/// asks for.
pub const QUEUE_CONTROLS: usize = 256;

/// Most bytes of deliveries that wait in a relay, with each payload counted once: 256 MiB.
pub const RELAY_QUEUED_BYTES: usize = 256 << 20;

/// Most bytes of incomplete frames that a relay keeps, over all connections: 128 MiB.
pub const RELAY_PARTIAL_BYTES: usize = 128 << 20;

// ---- both ends of a relay connection: times

/// Longest time from connecting to the client's first frame, which begins the handshake.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest time from connecting until the relay has welcomed its client and confirmed the subscriptions: the
/// handshake's timeout.
pub const WELCOME_TIMEOUT: Duration = Duration::from_secs(10);

/// Time without a byte from the other side after which a PING is sent as keepalive.
pub const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Time without a byte from the other side after which the connection is closed.
pub const SILENCE_TIMEOUT: Duration = Duration::from_secs(120);

/// Time without a byte written from a queue that is not empty after which the connection is closed.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Time over which the speed of an incomplete frame is measured.
pub const FRAME_WINDOW: Duration = Duration::from_secs(10);

/// Fewest bytes that must arrive within each [`FRAME_WINDOW`] while a frame is incomplete: 1 kB per second.
pub const FRAME_WINDOW_BYTES: u64 = 10_000;

/// Time that a connection that is being closed has to read the reason.
pub const CLOSE_GRACE: Duration = Duration::from_secs(1);

// ---- node: peers

/// Most peers that a node remembers.
pub const PEERS: usize = 4_096;

/// Time without a message after which a peer is forgotten.
pub const PEER_SILENCE: Duration = Duration::from_secs(150);

/// Interval between two searches for silent peers.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// Misbehaviour score at which a peer is muted.
pub const MUTE_SCORE: u32 = 100;

/// Duration of a peer's first mute. Each further mute lasts twice as long as the one before.
pub const MUTE_FIRST: Duration = Duration::from_secs(5);

/// Longest duration of a mute.
pub const MUTE_MOST: Duration = Duration::from_secs(600);

/// Time without a mute after which a peer's number of mutes counts half. It is halved again after each further such
/// time.
pub const MUTE_COUNT_HALVES: Duration = Duration::from_secs(3_600);

/// Most peers whose mutes are remembered, even after the peers themselves are forgotten.
pub const MUTES: usize = 4_096;

/// Time after which one point of a misbehaviour score is forgotten.
pub const SCORE_DECAY: Duration = Duration::from_secs(10);

/// Points for headers that nobody asked for.
pub const POINTS_UNASKED: u32 = 10;

/// Points for headers that begin after an unknown block.
pub const POINTS_UNKNOWN_START: u32 = 20;

/// Tokens in each relay connection's token bucket for answers, shared by all its peers: 4 MiB. One token pays for one
/// byte that is read or sent.
pub const ANSWER_TOKENS: u64 = ANSWER_SHARE;

/// Tokens that the bucket for answers gains per second: 16 MiB.
pub const ANSWER_TOKENS_PER_SECOND: u64 = 16 << 20;

/// Tokens that one answer costs for its lookups. They take about as long as reading and sending that many bytes.
pub const LOOKUP_TOKENS: u64 = 4 << 10;

/// Most tokens that a small answer costs, such as a few headers or one payment.
pub const SMALL_ANSWER_TOKENS: u64 = 16 << 10;

/// Tokens that are reserved for small answers: 256 KiB.
pub const SMALL_ANSWER_RESERVE: u64 = 256 << 10;

/// Tokens spent on one connection's answers before the node turns to other work: 1 MiB, which takes some milliseconds.
pub const ANSWER_STEP_TOKENS: u64 = 1 << 20;

/// Most tokens that are remembered as recently used by one peer: 64 MiB.
pub const REMEMBERED_USE: u64 = 64 << 20;

/// Tokens of a peer's recent use that are forgotten per second: 512 KiB.
pub const FORGOTTEN_USE_PER_SECOND: u64 = 512 << 10;

/// Most peers that wait for answers on one connection.
pub const QUESTION_PEERS: usize = 256;

/// Most blocks that one peer may wait for.
pub const QUESTION_BLOCKS: usize = 128;

/// Most transactions that one peer may wait for.
pub const QUESTION_TRANSACTIONS: usize = 256;

/// Most answers that one peer may wait for: one request for headers, and its blocks and transactions.
pub const QUESTIONS_OF_A_PEER: usize = 1 + QUESTION_BLOCKS + QUESTION_TRANSACTIONS;

/// Longest time that a question waits for its answer. An older one is dropped, because its sender has asked other peers
/// by then.
pub const QUESTION_PATIENCE: Duration = Duration::from_secs(5);

/// Most bytes, by formula, of bodies that stay in memory after they were read for a peer: 4 MiB.
pub const KEPT_BODY_BYTES: u64 = 4 << 20;

/// Most bodies that stay in memory after they were read for a peer.
pub const KEPT_BODIES: usize = 64;

/// Most rejects that are sent to one peer in a burst.
pub const REJECTS: u64 = 10;

/// Rejects that are sent to one peer per second after a burst.
pub const REJECTS_A_SECOND: u64 = 2;

/// Most bytes of a reject's text.
pub const REJECT_TEXT: usize = toycoin_wire::limits::MAX_REJECT_TEXT;

/// Most characters of a received reject's text that an event shows, escapes included.
pub const REJECT_TEXT_SHOWN: usize = 256;

// ---- node: statuses

/// Mean time between two statuses. Each wait differs from it by up to half of it, at random.
pub const STATUS_INTERVAL: Duration = Duration::from_secs(30);

/// Longest random delay before a new tip is announced.
pub const ANNOUNCE_SPREAD: Duration = Duration::from_millis(500);

/// Expected number of peers that answer a status with less work than theirs. Each peer decides at random.
pub const STATUS_ANSWERS: u64 = 8;

/// Most statuses with less work than ours that are answered in a burst on one relay connection.
pub const STATUS_ANSWERS_AT_ONCE: u64 = 16;

/// Statuses with less work than ours that are answered per second on one relay connection.
pub const STATUS_ANSWERS_A_SECOND: u64 = 4;

/// Shortest time between two answers to `LAGD` on one relay connection. An answer is one event, one status and one
/// search for headers.
pub const LAG_INTERVAL: Duration = Duration::from_secs(2);

/// Most blocks that are remembered as seen on one connection.
pub const SEEN_BLOCKS: usize = 128;

// ---- node: clocks

/// Shortest time between two clock warnings of the same kind.
pub const CLOCK_WARNING_INTERVAL: Duration = Duration::from_secs(600);

/// Shortest time between two comparisons of clocks, so that a flood of statuses does not cause a flood of medians.
pub const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Largest clock difference that counts, in milliseconds: 365 days. A larger claim counts as this.
pub const CLOCK_OFFSET_MOST: i64 = 365 * 24 * 3_600_000;

/// Smallest clock difference that causes a warning on any network, in milliseconds. Delivery alone may take as long.
pub const CLOCK_TOLERANCE_LEAST: u64 = 1_000;

/// Most statuses per peer whose times are remembered.
pub const CLOCK_READINGS: usize = 4;

/// Most blocks whose times are remembered for comparing clocks.
pub const CLOCK_BLOCKS: usize = 11;

// ---- node: catching up

/// Most headers per message.
pub const HEADERS_A_MESSAGE: usize = toycoin_wire::limits::MAX_HEADERS;

/// Most block hashes per locator.
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

/// Time in which a peer that has delivered nothing yet must answer. Others are asked too after it. Twice the duration
/// of the handshake with the relay applies if that is longer.
pub const NEWCOMER_PATIENCE: Duration = Duration::from_millis(500);

/// Longest time in which a peer that has delivered nothing yet must answer.
pub const NEWCOMER_PATIENCE_MOST: Duration = Duration::from_secs(4);

/// Most doublings of the number of newcomers that are asked for headers in one round on a connection: 1, 2, 4, 8, 16.
pub const ROUND_DOUBLINGS: u32 = 4;

/// Rounds without a delivery on a connection before newcomers are asked less and less often (backoff).
pub const FREE_ROUNDS: u32 = 6;

/// Longest time between two rounds of newcomers on a connection where some peer has delivered.
pub const SEARCH_REST_MOST: Duration = Duration::from_secs(20);

/// Longest time between two rounds of newcomers on a connection where no peer has delivered yet.
pub const SEARCH_REST_ALONE: Duration = Duration::from_secs(2);

/// Time for which a peer that let a request lapse is not asked again. It doubles with each further lapse.
pub const STALL_REST: Duration = Duration::from_secs(4);

/// Longest time for which a peer that let requests lapse is not asked again.
pub const STALL_REST_MOST: Duration = Duration::from_secs(600);

/// Most lapses with which a peer that has delivered still ranks before an unknown peer.
pub const SHAKEN_STRIKES: u32 = 3;

/// Number of deliveries in a row after which an earlier lapse is forgotten.
pub const STRIKE_DELIVERIES: u32 = 8;

/// Longest time that a peer has for an answer after its earlier requests lapsed.
pub const PATIENCE_MOST: Duration = Duration::from_secs(60);

/// Time after which a barrier PING counts as answered. By this PING a node distinguishes a late answer from one that
/// waits behind others.
pub const BARRIER_TIMEOUT: Duration = Duration::from_secs(30);

/// Most blocks above the connected ones that are considered for download.
pub const BODY_WINDOW: u64 = 128;

/// Most blocks above the connected ones that are considered for download while blocks are small.
pub const SMALL_BODY_WINDOW: u64 = 512;

/// Most bytes of a block that counts as small.
pub const SMALL_BLOCK: u64 = 8 << 10;

/// Most blocks that are requested at a time, over all peers.
pub const BODY_REQUESTS: usize = 256;

/// Most branches besides the best whose blocks are requested. They are tried when nobody sends the best branch's lowest
/// block.
pub const BRANCHES: usize = 16;

/// Time for the lowest missing block of the best header's branch, after which other branches come before it.
pub const WITHHELD_AFTER: Duration = Duration::from_secs(2);

/// Most block hashes per message.
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
pub const QUEUE_DELAY_MOST: Duration = Duration::from_secs(1);

/// Factor by which a peer's blocks take longer than the fastest peer's, plus [`SLOW_LEAST`], before that peer is only
/// tried.
pub const SLOW_FACTOR: u32 = 4;

/// Time that a peer must be slower than the fastest, in addition to [`SLOW_FACTOR`], before it is only tried.
pub const SLOW_LEAST: Duration = Duration::from_secs(1);

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

// ---- node: blocks that wait

/// Most blocks in the pool of orphan blocks, whose parent is unknown.
pub const ORPHAN_BLOCKS: usize = 16;

/// Most bytes of orphan blocks, and most bytes of deferred blocks: 4 MiB each.
pub const ORPHAN_BLOCK_BYTES: u64 = 4 << 20;

/// Number of blocks below our tip whose work an unrequested block's chain must reach. Any other unrequested block is
/// ignored.
pub const LATE_BLOCKS: u64 = 16;

/// Bytes of blocks, by formula, that are followed in one step after the tip moved: events and the mempool's update.
/// That is one full block or many small ones. A deep reorganisation takes many steps, with other work between.
pub const FOLLOWED_BYTES: u64 = 500_000;

/// Most blocks that wait until their timestamp is no longer in the future.
pub const DEFERRED_BLOCKS: usize = 64;

/// Most unconnected blocks whose sender is remembered.
pub const REMEMBERED_SENDERS: usize = 1_024;

// ---- node: payments and requests

/// Most transactions from peers that wait for validation.
pub const ARRIVALS: usize = 16_384;

/// Most bytes, by formula, of transactions from peers that wait for validation: 16 MiB.
pub const ARRIVAL_BYTES: usize = 16 << 20;

/// Longest time that a transaction from a peer waits for validation. An older one is dropped; a sender that still wants
/// it confirmed announces it again.
pub const ARRIVAL_PATIENCE: Duration = Duration::from_secs(10);

/// Most transactions that are validated in one step.
pub const ADMISSION_TRANSACTIONS: usize = 256;

/// Most signatures that are verified in one step, unless one transaction has more. They take about ten milliseconds.
pub const ADMISSION_SIGNATURES: u64 = 512;

/// Most signatures that are verified in one step for peers that have sent no valid payment yet, unless one transaction
/// has more. One invalid signature makes the others be verified again.
pub const ADMISSION_NEWCOMER_SIGNATURES: u64 = 128;

/// Time after which a validation step runs although more messages wait to be read.
pub const ADMISSION_DELAY: Duration = Duration::from_millis(50);

/// Most signatures that are verified in a burst for all peers of one connection: two of the largest transactions, or
/// one that is invalid.
pub const CONNECTION_SIGNATURES: u64 = 2_048;

/// Signatures that are verified per second for all peers of one connection. That is a tenth of one processor's time
/// while all are valid, at worst a third otherwise. Full blocks have fewer on a network with a block every two seconds.
pub const CONNECTION_SIGNATURES_PER_SECOND: u64 = 8_192;

/// Coin lookups that take as long as verifying one signature. So a transaction whose signatures were not verified pays
/// only one eighth of its price: an orphan, or one that was refused before that.
pub const COINS_A_SIGNATURE: u64 = 8;

/// Most signatures in a burst of transactions from one peer. Transactions beyond this rate limit are dropped.
pub const PEER_SIGNATURES: u64 = 16_384;

/// Signatures per second in transactions from one peer. Transactions beyond this rate limit are dropped.
pub const PEER_SIGNATURES_PER_SECOND: u64 = 4_096;

/// Most signatures that are remembered as valid, 32 bytes each. A full mempool has fewer.
pub const REMEMBERED_SIGNATURES: usize = 1 << 18;

/// Approximate time after which a node announces its own unconfirmed payments again.
pub const PAYMENT_REPEAT: Duration = Duration::from_secs(10);

/// Bytes of own payments that are sent in a burst on one connection: 512 KiB.
pub const OWN_PAYMENT_BURST: u64 = 512 << 10;

/// Bytes of own payments that are sent per second on one connection: 512 KiB.
pub const OWN_PAYMENT_BYTES_PER_SECOND: u64 = 512 << 10;

/// Most own payments that wait for their confirmation.
pub const OWN_PAYMENTS: usize = 10_000;

/// Most transaction ids per request message.
pub const TXIDS_A_MESSAGE: usize = toycoin_wire::limits::MAX_GET_TRANSACTIONS;

/// Most dropped transactions whose reasons are remembered: this many that were submitted here, and as many others.
pub const REMEMBERED_DROPS: usize = 4_096;

/// Most requests that wait for confirmations.
pub const WAITS: usize = 4_096;

/// Most blocks in each direction of one answer about the tip's moves since a block.
pub const BLOCKS_SINCE: usize = 64;

/// Bytes of blocks, by formula, at which each direction of such an answer ends: 4 MB. The block that crosses the bound
/// is included.
pub const BLOCK_BYTES_SINCE: u64 = 4_000_000;

// ---- node: mining

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
/// its [pause](PAUSE_MOST) lasts.
pub const BEHIND: u64 = 6;

/// Time without a body after which bodies count as no longer arriving.
pub const CATCHING_UP: Duration = Duration::from_secs(10);

/// Longest time for which mining waits for branches whose bodies arrive too slowly, over all branches.
pub const PAUSE_MOST: Duration = Duration::from_secs(10);

/// Shortest remaining pause with which mining begins to wait.
pub const PAUSE_LEAST: Duration = Duration::from_secs(1);

/// Seconds without a pause after which the next pause may last one second longer.
pub const PAUSE_REFILL: u32 = 60;

/// Fraction of the network's block interval by which each body on the way to the best header prolongs the pause: a
/// quarter.
pub const PAUSE_PART: u32 = 4;

// ---- transport: a client's way to a relay

/// Longest time of one attempt to connect.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time after which the next address of a host joins the race to connect.
pub const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// Most addresses of one host that are tried.
pub const MAX_ADDRESSES: usize = 8;

/// Backoff after the first failed attempt. It doubles with each further failure.
pub const RECONNECT_FIRST: Duration = Duration::from_millis(250);

/// Longest backoff between two attempts.
pub const RECONNECT_MOST: Duration = Duration::from_secs(10);

/// Duration of a connection after which earlier failures are forgotten.
pub const STEADY_CONNECTION: Duration = Duration::from_secs(10);

/// Most bytes that wait to be sent on one transport: 8 MiB.
pub const TRANSPORT_QUEUE_BYTES: usize = 8 << 20;

/// Most bytes that one event of a transport carries: 64 KiB.
pub const TRANSPORT_READ: usize = 64 << 10;

/// Bytes of memory that a queued message counts in addition to its own bytes.
pub const MESSAGE_WEIGHT: usize = 64;

// ---- what a node may have sent and not written yet, on each relay connection: shares of TRANSPORT_QUEUE_BYTES

/// Most bytes of answers to peers' questions that wait to be written, over all peers: 4 MiB.
pub const ANSWER_SHARE: u64 = 4 << 20;

/// Most bytes of blocks mined here that wait to be written: 1.5 MiB, more than the largest block.
pub const BLOCK_SHARE: u64 = 3 << 19;

/// Most bytes of other nodes' transactions that wait to be forwarded: 1 MiB.
pub const FORWARD_SHARE: u64 = 1 << 20;

/// Most bytes of payments submitted here that wait to be written: 1 MiB.
pub const OWN_PAYMENT_SHARE: u64 = 1 << 20;

/// Most bytes of statuses and of our own questions that wait to be written: 256 KiB.
pub const REQUEST_SHARE: u64 = 256 << 10;

/// Most bytes of the relay layer's own frames that wait to be written: 256 KiB.
pub const CLIENT_SHARE: u64 = 256 << 10;

/// Longest time in which a connection of known speed must be able to write all waiting answers.
pub const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

/// Longest time in which a connection of known speed must be able to write all waiting own payments.
pub const OWN_PAYMENT_PATIENCE: Duration = Duration::from_millis(500);

/// Shortest time over which a connection's speed is measured.
pub const PACE_WINDOW: Duration = Duration::from_millis(250);

// ---- mempool

/// Most bytes of transactions in the mempool, by formula: 20 MB.
pub const MEMPOOL_BYTES: u64 = 20_000_000;

/// Package limit: most unconfirmed ancestors of a transaction, and most descendants.
pub const MEMPOOL_RELATIVES: usize = 25;

/// Most unconfirmed ancestors of a transaction that returns from a disconnected block. These are twenty blocks' worth
/// of [`MEMPOOL_RELATIVES`], so that no payment is dropped for a chain that was mined before.
pub const RETURNING_ANCESTORS: usize = 500;

/// Most coins whose spender is remembered while the tip moves, for the reason of a drop: about 40 full blocks' worth,
/// some 20 MB. For further coins the reason is only that they are gone.
pub const REMEMBERED_SPENDS: usize = 200_000;

/// More transactions than any block holds. The order of returning transactions counts in steps of this number.
pub const MOST_TRANSACTIONS_A_BLOCK: usize = 1 << 20;

/// Number of packages in a row that do not fit into a block template before selection ends.
pub const SELECTION_MISFITS: usize = 1_000;

/// Most transactions that one can replace (replace-by-fee), descendants included.
pub const REPLACED: usize = 100;

/// Most transactions in the orphan pool.
pub const ORPHANS: usize = 100;

/// Most transactions per peer in the orphan pool.
pub const ORPHANS_A_PEER: usize = 25;

/// Most refused transactions that are remembered.
pub const REFUSED_TRANSACTIONS: usize = 1_000;

// ---- logs

/// Most log lines of one kind that are written in a burst.
pub const LOG_LINES: u32 = 10;

/// Time after which each kind of log line may write one more line.
pub const LOG_REFILL: Duration = Duration::from_secs(2);

// ---- runtime

/// Nonces that a miner thread tries between two looks at whether its job is still current.
pub const CHUNK_NONCES: u64 = 16_384;

/// Most messages that wait for a node's machine. A sender beyond that waits.
pub const DRIVER_QUEUE: usize = 256;

/// Most found nonces that wait for a node's machine.
pub const MINED_QUEUE: usize = 64;

/// Most events that wait for one listener. Beyond that the oldest are lost, and the listener learns how many.
pub const EVENT_QUEUE: usize = 4_096;

/// Memory for pages that were read from the store's database, in bytes: 64 MiB.
pub const STORE_CACHE: usize = 64 << 20;

/// Most blocks that a store holds back during initial block download (IBD), to write them together.
pub const GROUP_BLOCKS: usize = 10_000;

/// Approximate bytes of blocks after which a store writes what it holds back: 16 MiB.
pub const GROUP_BYTES: u64 = 16 << 20;

/// Longest time for which a store holds blocks back.
pub const GROUP_TIME: Duration = Duration::from_secs(2);

/// Most blocks in a group that counts as written at the tip. After a larger group the store does not compact its
/// database, because initial block download (IBD) needs the space again at once.
pub const FEW_BLOCKS: usize = 8;

/// Bytes that a store's database may exceed two and a half times its pages in use before it is compacted: 64 KiB.
pub const INDEX_SLACK: u64 = 64 << 10;
