//! Every bound of this crate, in one place: queues, tables and times that a stranger could otherwise stretch.

use std::time::Duration;

// ---- relay: connections and channels

/// Most connections of a relay.
pub const RELAY_CONNECTIONS: usize = 10_000;

/// Connections beyond [`RELAY_CONNECTIONS`] that are told why they cannot stay; the ones after are closed in silence.
pub const RELAY_REFUSALS: usize = 64;

/// Most channels of a relay; one without a subscriber is none.
pub const RELAY_CHANNELS: usize = 4_096;

/// Most subscriptions of a connection.
pub const SUBSCRIPTIONS: usize = 16;

// ---- relay: memory

/// Most bytes of deliveries that wait for one connection: 8 MiB.
pub const QUEUE_BYTES: usize = 8 << 20;

/// Most deliveries that wait for one connection.
pub const QUEUE_DELIVERIES: usize = 4_096;

/// Most control frames that wait for one connection, which does not read what it asks for if it gets that far.
pub const QUEUE_CONTROLS: usize = 256;

/// Most bytes of deliveries that wait in a relay, each payload counted once: 256 MiB.
pub const RELAY_QUEUED_BYTES: usize = 256 << 20;

/// Most bytes of incomplete frames that a relay keeps, of all connections together: 128 MiB.
pub const RELAY_PARTIAL_BYTES: usize = 128 << 20;

// ---- both ends of a relay connection: times

/// Within this time of connecting, the first frame has come.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(3);

/// Within this time of connecting, a relay has welcomed its client and taken the subscriptions.
pub const WELCOME_TIMEOUT: Duration = Duration::from_secs(10);

/// After this time without a byte from the other side, it is asked whether it is there.
pub const PING_INTERVAL: Duration = Duration::from_secs(30);

/// After this time without a byte from the other side, the connection is closed.
pub const SILENCE_TIMEOUT: Duration = Duration::from_secs(120);

/// After this time in which no byte of a waiting queue could be written, the connection is closed.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The stretch over which the speed of an incomplete frame is measured.
pub const FRAME_WINDOW: Duration = Duration::from_secs(10);

/// Fewest bytes that come within [`FRAME_WINDOW`] while a frame is incomplete: 1 kB a second.
pub const FRAME_WINDOW_BYTES: u64 = 10_000;

/// How long a connection that is being closed has for reading why.
pub const CLOSE_GRACE: Duration = Duration::from_secs(1);

// ---- node: peers

/// Most peers that are remembered.
pub const PEERS: usize = 4_096;

/// After this time without a message a peer is forgotten.
pub const PEER_SILENCE: Duration = Duration::from_secs(150);

/// How often silent peers are looked for.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// At this score a peer is muted.
pub const MUTE_SCORE: u32 = 100;

/// How long a peer is muted for the first time; each further mute lasts twice as long.
pub const MUTE_FIRST: Duration = Duration::from_secs(5);

/// Longest time that a peer is muted.
pub const MUTE_MOST: Duration = Duration::from_secs(600);

/// With each time of this length without a mute, the number of mutes that a peer had counts half.
pub const MUTE_COUNT_HALVES: Duration = Duration::from_secs(3_600);

/// Most peers whose mutes are remembered. The memory outlives the peers that are forgotten.
pub const MUTES: usize = 4_096;

/// After this time a point of a score is forgotten.
pub const SCORE_DECAY: Duration = Duration::from_secs(10);

/// Points for headers that were not asked for.
pub const POINTS_UNASKED: u32 = 10;

/// Points for headers that begin behind a block that nobody knows.
pub const POINTS_UNKNOWN_START: u32 = 20;

/// Tokens of a relay connection's budget for answers, all peers together: 4 MiB. A token is a byte that is read or sent.
pub const ANSWER_TOKENS: u64 = ANSWER_SHARE;

/// Tokens that the budget for answers gains in each second: 16 MiB.
pub const ANSWER_TOKENS_PER_SECOND: u64 = 16 << 20;

/// Tokens for looking up what one answer needs: about the time of reading and sending as many bytes.
pub const LOOKUP_TOKENS: u64 = 4 << 10;

/// Answers that cost no more than this are small: a few headers, a payment.
pub const SMALL_ANSWER_TOKENS: u64 = 16 << 10;

/// Tokens that are left for small answers: 256 KiB.
pub const SMALL_ANSWER_RESERVE: u64 = 256 << 10;

/// Tokens that are spent on a connection's answers before the node turns to something else: 1 MiB, some milliseconds.
pub const ANSWER_STEP_TOKENS: u64 = 1 << 20;

/// Most tokens that are remembered as used by a peer lately: 64 MiB.
pub const REMEMBERED_USE: u64 = 64 << 20;

/// Tokens of a peer's recent use that are forgotten in each second: 512 KiB.
pub const FORGOTTEN_USE_PER_SECOND: u64 = 512 << 10;

/// Most peers that wait for answers on a connection.
pub const QUESTION_PEERS: usize = 256;

/// Most blocks that a peer may wait for.
pub const QUESTION_BLOCKS: usize = 128;

/// Most transactions that a peer may wait for.
pub const QUESTION_TRANSACTIONS: usize = 256;

/// Most answers that a peer may wait for: one request for headers, blocks and transactions.
pub const QUESTIONS_OF_A_PEER: usize = 1 + QUESTION_BLOCKS + QUESTION_TRANSACTIONS;

/// A question that could not be answered within this time is dropped: whoever asked has turned to others.
pub const QUESTION_PATIENCE: Duration = Duration::from_secs(5);

/// Most bytes, by formula, of bodies that are kept after they were read for a peer: 4 MiB.
pub const KEPT_BODY_BYTES: u64 = 4 << 20;

/// Most bodies that are kept after they were read for a peer.
pub const KEPT_BODIES: usize = 64;

/// Rejects that a peer is sent at once.
pub const REJECTS: u64 = 10;

/// Rejects that a peer is sent in each second.
pub const REJECTS_A_SECOND: u64 = 2;

/// Most bytes of a reject's text.
pub const REJECT_TEXT: usize = 128;

/// Most characters of a reject's text that are told to whoever listens, escapes included.
pub const REJECT_TEXT_SHOWN: usize = 256;

// ---- node: statuses

/// The time between two statuses, give or take half of it.
pub const STATUS_INTERVAL: Duration = Duration::from_secs(30);

/// A new tip is told after a random moment up to this.
pub const ANNOUNCE_SPREAD: Duration = Duration::from_millis(500);

/// How many of all peers answer a status that is lower than theirs, about.
pub const STATUS_ANSWERS: u64 = 8;

/// Most statuses with less work than ours that are answered at once on a relay connection.
pub const STATUS_ANSWERS_AT_ONCE: u64 = 16;

/// Statuses with less work than ours that are answered on a relay connection each second.
pub const STATUS_ANSWERS_A_SECOND: u64 = 4;

/// Shortest time between two answers to `LAGD` on a relay connection: one event, one status and one search for headers.
pub const LAG_INTERVAL: Duration = Duration::from_secs(2);

/// The blocks that are remembered as seen on a connection.
pub const SEEN_BLOCKS: usize = 128;

// ---- node: clocks

/// Shortest time between two warnings of one kind about clocks.
pub const CLOCK_WARNING_INTERVAL: Duration = Duration::from_secs(600);

/// Shortest time between two comparisons of clocks, so that a flood of statuses does not make a flood of medians.
pub const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Largest difference of clocks that counts, in milliseconds: a year. What is said beyond it counts as this.
pub const CLOCK_OFFSET_MOST: i64 = 365 * 24 * 3_600_000;

/// Smallest difference of clocks that is worth a warning on any network, in milliseconds: delivery may take as long.
pub const CLOCK_TOLERANCE_LEAST: u64 = 1_000;

/// Most statuses of a peer whose times are remembered.
pub const CLOCK_READINGS: usize = 4;

/// Most blocks whose times are remembered for comparing clocks.
pub const CLOCK_BLOCKS: usize = 11;

// ---- node: catching up

/// Most headers of a message.
pub const HEADERS_A_MESSAGE: usize = 2_000;

/// Most hashes of a locator.
pub const LOCATOR: usize = 64;

/// Most headers that are held back until their work beats our tip's: 130,000 of 128 bytes, 16 MB, on all connections
/// together. A branch that is longer without having more work is not followed; on a network with a block every two seconds
/// that is three days. Where several branches are held, the one that holds most makes room, so that each connection has an
/// equal share.
pub const HELD_HEADERS: usize = 130_000;

/// Time in which a peer that has delivered headers before answers a request for headers, or others are asked too. It begins
/// anew for what is only behind other deliveries in the relay's queue.
pub const HEADERS_TIMEOUT: Duration = Duration::from_secs(2);

/// For this time a peer that had no headers for us is not asked again, unless it says that its tip is another.
pub const HEADERS_REST: Duration = Duration::from_secs(20);

/// Most requests for headers whose answers are taken from a peer though others were asked meanwhile.
pub const OWED_HEADERS: u8 = 8;

/// Before a peer is asked for headers, a random moment up to this passes.
pub const SYNC_SPREAD: Duration = Duration::from_millis(100);

/// Time in which a peer that has delivered nothing answers, or others are asked too; twice the time that the relay took to
/// take us in, if that is longer.
pub const NEWCOMER_PATIENCE: Duration = Duration::from_millis(500);

/// Longest time that a peer that has delivered nothing is waited for.
pub const NEWCOMER_PATIENCE_MOST: Duration = Duration::from_secs(4);

/// Doublings of a round of newcomers that are asked for headers at a time on a connection: 1, 2, 4, 8, 16.
pub const ROUND_DOUBLINGS: u32 = 4;

/// Rounds without a delivery after which newcomers on a connection are asked ever less often.
pub const FREE_ROUNDS: u32 = 6;

/// Longest time between two rounds of newcomers on a connection where somebody has delivered.
pub const SEARCH_REST_MOST: Duration = Duration::from_secs(20);

/// Longest time between two rounds of newcomers on a connection where nobody has delivered yet.
pub const SEARCH_REST_ALONE: Duration = Duration::from_secs(2);

/// For this time a peer that let a request lapse is not asked again; doubled with each further one.
pub const STALL_REST: Duration = Duration::from_secs(4);

/// Longest time for which a peer that let requests lapse is not asked again.
pub const STALL_REST_MOST: Duration = Duration::from_secs(600);

/// Most lapses for which a peer that has delivered still comes before one of which nothing is known.
pub const SHAKEN_STRIKES: u32 = 3;

/// Deliveries in a row that make an earlier lapse forgotten.
pub const STRIKE_DELIVERIES: u32 = 8;

/// Longest time that a peer is waited for because requests to it lapsed before.
pub const PATIENCE_MOST: Duration = Duration::from_secs(60);

/// A PING by which a node tells a late answer from one that is behind others counts as answered after this time.
pub const BARRIER_TIMEOUT: Duration = Duration::from_secs(30);

/// Most blocks that are looked at ahead of those that are connected.
pub const BODY_WINDOW: u64 = 128;

/// Most blocks that are looked at ahead of those that are connected while blocks are small.
pub const SMALL_BODY_WINDOW: u64 = 512;

/// Blocks that need no more bytes than this are small.
pub const SMALL_BLOCK: u64 = 8 << 10;

/// Most blocks that are asked for at a time, of all peers together.
pub const BODY_REQUESTS: usize = 256;

/// Most branches that are looked at beside the best, whose lowest block nobody sends.
pub const BRANCHES: usize = 16;

/// Most hashes of blocks in a message.
pub const BLOCKS_A_MESSAGE: usize = 16;

/// Most blocks that are asked of a peer at a time, or as many as [`BYTES_A_PEER`] holds if that is more.
pub const BLOCKS_A_PEER: usize = 16;

/// Bytes of blocks that may be asked of a peer at a time by what recent blocks took: 256 KiB.
pub const BYTES_A_PEER: u64 = 256 << 10;

/// Most blocks that are asked for on a relay connection at a time.
pub const BLOCKS_A_CONNECTION: usize = 128;

/// Blocks that are asked for on a relay connection at a time before any has come: each may need 1.25 MiB.
pub const FIRST_BLOCKS_A_CONNECTION: usize = 3;

/// Bytes of blocks that are asked for on a relay connection at a time, by what recent blocks took: 4 MiB, half of the queue
/// that a relay keeps for a connection.
pub const BYTES_A_CONNECTION: u64 = 4 << 20;

/// How many recent blocks tell what the next one will need.
pub const SIZES: usize = 16;

/// Time in which a peer that has delivered blocks before delivers one, or others are asked too. It begins anew for what is
/// only behind other deliveries in the relay's queue.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(2);

/// A block that takes longer than this tells of a link so slow that one is asked for at a time.
pub const SLOW_BLOCK: Duration = Duration::from_secs(4);

/// While blocks take no longer than this beyond the fastest ones, more are asked for at a time.
pub const QUEUE_DELAY: Duration = Duration::from_millis(250);

/// When blocks take longer than this beyond twice the time of the fastest ones, half as many are asked for at a time.
pub const QUEUE_DELAY_MOST: Duration = Duration::from_secs(1);

/// A peer whose blocks take so many times as long as those of the fastest, and [`SLOW_LEAST`] more, is only tried.
pub const SLOW_FACTOR: u32 = 4;

/// Time by which a peer is slower than the fastest before it is only tried.
pub const SLOW_LEAST: Duration = Duration::from_secs(1);

/// Peers that are tried with a block at a time on a connection while others deliver.
pub const TRIALS: usize = 2;

/// Shortest time in which a peer that is tried delivers its block, or the block is asked of others.
pub const TRIAL_PATIENCE: Duration = Duration::from_millis(100);

/// Trials in vain in a row after which there are ever fewer on a connection.
pub const FREE_TRIALS: u32 = 4;

/// Time to the next trial on a connection after too many in vain; doubled with each further one.
pub const TRIAL_REST: Duration = Duration::from_secs(1);

/// In catching up, bodies wait until there are so many before they are connected, since their signatures cost less together,
pub const GATHERED_BLOCKS: usize = 64;

/// and not for longer than this.
pub const GATHER_TIME: Duration = Duration::from_millis(20);

// ---- node: blocks that wait

/// Most blocks whose parent is unknown.
pub const ORPHAN_BLOCKS: usize = 16;

/// Most bytes of blocks whose parent is unknown, and of those that are deferred: 4 MiB each.
pub const ORPHAN_BLOCK_BYTES: u64 = 4 << 20;

/// A block that nobody asked for is taken in only if its chain has at least the work that ours had so many blocks ago.
pub const LATE_BLOCKS: u64 = 16;

/// Bytes of blocks, by formula, that are followed in one step once the tip has moved: told, and gone through by the mempool.
/// That is one full block or many small ones. A deep reorganisation takes many steps, with other work between.
pub const FOLLOWED_BYTES: u64 = 500_000;

/// Most blocks that wait for their time.
pub const DEFERRED_BLOCKS: usize = 64;

/// Most blocks that are not connected yet and whose sender is remembered.
pub const REMEMBERED_SENDERS: usize = 1_024;

// ---- node: payments and requests

/// Most transactions of peers that wait to be judged.
pub const ARRIVALS: usize = 16_384;

/// Most bytes, by formula, of transactions of peers that wait to be judged: 16 MiB.
pub const ARRIVAL_BYTES: usize = 16 << 20;

/// Longest time that a transaction waits to be judged; then it is dropped, and its sender tells it again if it matters.
pub const ARRIVAL_PATIENCE: Duration = Duration::from_secs(10);

/// Most transactions that are judged in one step.
pub const ADMISSION_TRANSACTIONS: usize = 256;

/// Most signatures that are verified in one step, unless one transaction has more: they take about ten milliseconds.
pub const ADMISSION_SIGNATURES: u64 = 512;

/// Most signatures of peers that have sent no good payment which are verified in one step, unless one transaction has
/// more. A bad one makes the others be verified again.
pub const ADMISSION_NEWCOMER_SIGNATURES: u64 = 128;

/// After this time a step is taken though more messages wait to be read.
pub const ADMISSION_DELAY: Duration = Duration::from_millis(50);

/// Most signatures of a connection's peers, all together, that are verified at once: two of the largest transactions,
/// or one that is bad.
pub const CONNECTION_SIGNATURES: u64 = 2_048;

/// Signatures of a connection's peers, all together, that are verified each second: a tenth of a processor's time when
/// they hold, a third at worst when they do not. Full blocks of a network with a block every two seconds have fewer.
pub const CONNECTION_SIGNATURES_PER_SECOND: u64 = 8_192;

/// Coins that are looked up for what verifying one signature takes: so much of its price a transaction pays that is kept
/// as an orphan, or refused before its signatures were looked at.
pub const COINS_A_SIGNATURE: u64 = 8;

/// Most signatures that a peer hands in at once; beyond them its transactions are dropped.
pub const PEER_SIGNATURES: u64 = 16_384;

/// Signatures that a peer hands in each second; beyond them its transactions are dropped.
pub const PEER_SIGNATURES_PER_SECOND: u64 = 4_096;

/// Most signatures that are remembered as holding: more than a full mempool has. 32 bytes each.
pub const REMEMBERED_SIGNATURES: usize = 1 << 18;

/// Our own payments are told again after about this time.
pub const PAYMENT_REPEAT: Duration = Duration::from_secs(10);

/// Bytes of our own payments that are told at once on a connection: 512 KiB.
pub const OWN_PAYMENT_BURST: u64 = 512 << 10;

/// Bytes of our own payments that are told on a connection in each second: 512 KiB.
pub const OWN_PAYMENT_BYTES_PER_SECOND: u64 = 512 << 10;

/// Most payments of our own that wait for their confirmation.
pub const OWN_PAYMENTS: usize = 10_000;

/// Most transactions that are asked for in a message.
pub const TXIDS_A_MESSAGE: usize = 128;

/// Transactions that were dropped and whose reasons are remembered: of those submitted here, and of all others.
pub const REMEMBERED_DROPS: usize = 4_096;

/// Most requests that wait for confirmations.
pub const WAITS: usize = 4_096;

/// Most blocks in each direction of an answer about the moves since a block.
pub const BLOCKS_SINCE: usize = 64;

/// Bytes of blocks, by formula, in each direction at which such an answer ends: 4 MB, and one block.
pub const BLOCK_BYTES_SINCE: u64 = 4_000_000;

// ---- node: mining

/// A node that starts listens this long before it mines: somebody may have a chain for it.
pub const JOIN_GRACE: Duration = Duration::from_millis(1_500);

/// How often the measured hash rate is told.
pub const HASH_RATE_INTERVAL: Duration = Duration::from_secs(5);

/// A template is made anew after this time, for the time in its header.
pub const TEMPLATE_REFRESH: Duration = Duration::from_secs(1);

/// A template is made anew this long after the last, if the mempool has changed.
pub const TEMPLATE_QUICK_REFRESH: Duration = Duration::from_millis(200);

/// Shortest time between two notices that mining waits for the clock.
pub const MINING_WAIT_INTERVAL: Duration = Duration::from_secs(60);

/// The templates on one tip whose nonces are still taken.
pub const TEMPLATES: usize = 4;

/// Bytes of a block that are kept for header and coinbase.
pub const TEMPLATE_RESERVE: u64 = toycoin_core::ChainParams::LEAST_BLOCK_SIZE_LIMIT;

/// A node so many headers behind does not mine while bodies come, as long as its [pause](PAUSE_MOST) lasts.
pub const BEHIND: u64 = 6;

/// Bodies come no more when there was none for this long.
pub const CATCHING_UP: Duration = Duration::from_secs(10);

/// Longest time for which mining waits for branches whose bodies come too slowly, all of them together.
pub const PAUSE_MOST: Duration = Duration::from_secs(10);

/// Shortest time for which mining begins to wait.
pub const PAUSE_LEAST: Duration = Duration::from_secs(1);

/// The time to wait for branches grows again by one second in so many.
pub const PAUSE_REFILL: u32 = 60;

/// Each body on the way to the best header prolongs the pause by this part of the network's time between two blocks.
pub const PAUSE_PART: u32 = 4;

// ---- transport: a client's way to a relay

/// How long one attempt to connect may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The wait after the first failure, doubled with each further one.
pub const RECONNECT_FIRST: Duration = Duration::from_millis(250);

/// The longest wait between two attempts.
pub const RECONNECT_MOST: Duration = Duration::from_secs(10);

/// A connection that lasted this long makes the failures before it forgotten.
pub const STEADY_CONNECTION: Duration = Duration::from_secs(10);

/// Most bytes that wait to be sent on a transport: 8 MiB.
pub const TRANSPORT_QUEUE_BYTES: usize = 8 << 20;

/// Most bytes that one event of a transport brings: 64 KiB.
pub const TRANSPORT_READ: usize = 64 << 10;

/// Bytes that a message weighs in a queue beside its own, for the queue's memory.
pub const MESSAGE_WEIGHT: usize = 64;

// ---- what a node may have sent and not written yet, on each relay connection: shares of TRANSPORT_QUEUE_BYTES

/// Most bytes of answers to others' questions that wait to be written: 4 MiB, all peers together.
pub const ANSWER_SHARE: u64 = 4 << 20;

/// Most bytes of blocks found here that wait to be written: 1.5 MiB, which is more than the largest block.
pub const BLOCK_SHARE: u64 = 3 << 19;

/// Most bytes of others' transactions that wait to be passed on: 1 MiB.
pub const FORWARD_SHARE: u64 = 1 << 20;

/// Most bytes of payments submitted here that wait to be written: 1 MiB.
pub const OWN_PAYMENT_SHARE: u64 = 1 << 20;

/// Most bytes of statuses and of questions asked from here that wait to be written: 256 KiB.
pub const REQUEST_SHARE: u64 = 256 << 10;

/// Most bytes of the relay layer's own frames that wait to be written: 256 KiB.
pub const CLIENT_SHARE: u64 = 256 << 10;

/// On a connection of known speed, answers wait only as far as they are written within this time.
pub const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

/// On a connection of known speed, own payments wait only as far as they are written within this time.
pub const OWN_PAYMENT_PATIENCE: Duration = Duration::from_millis(500);

/// The least time over which a connection's speed is measured.
pub const PACE_WINDOW: Duration = Duration::from_millis(250);

// ---- mempool

/// Bytes of transactions that wait for a block, by formula: 20 MB.
pub const MEMPOOL_BYTES: u64 = 20_000_000;

/// Most transactions in the pool that one spends from, directly or not, and most that spend from one.
pub const MEMPOOL_RELATIVES: usize = 25;

/// Most transactions that one spends from which comes back from a disconnected block: twenty blocks' worth of
/// [`MEMPOOL_RELATIVES`], so that no payment is dropped for its place in a chain that was mined before.
pub const RETURNING_ANCESTORS: usize = 500;

/// Most coins that blocks spent in a move of the tip for which it is remembered which transaction spent them, for the
/// reason of a drop: about 40 full blocks' worth, some 20 MB. Beyond them the reason is that the coins are gone.
pub const REMEMBERED_SPENDS: usize = 200_000;

/// More transactions than a block holds: the order of what comes back counts with it.
pub const MOST_TRANSACTIONS_A_BLOCK: usize = 1 << 20;

/// After so many packages in a row that do not fit what is left of a block, no more are tried.
pub const SELECTION_MISFITS: usize = 1_000;

/// Most transactions that one can replace, descendants included.
pub const REPLACED: usize = 100;

/// Most transactions that wait for a parent.
pub const ORPHANS: usize = 100;

/// Most transactions of one peer that wait for a parent.
pub const ORPHANS_A_PEER: usize = 25;

/// Refused transactions that are remembered.
pub const REFUSED_TRANSACTIONS: usize = 1_000;

// ---- logs

/// Most log lines of one kind that are written at once.
pub const LOG_LINES: u32 = 10;

/// A kind of log line may write one more line after this time.
pub const LOG_REFILL: Duration = Duration::from_secs(2);

// ---- runtime

/// Nonces that a miner thread tries before it looks whether its job still stands.
pub const CHUNK_NONCES: u64 = 16_384;

/// Messages that wait for a node's machine; beyond them whoever sends waits.
pub const DRIVER_QUEUE: usize = 256;

/// Nonces that wait for a node's machine.
pub const MINED_QUEUE: usize = 64;

/// Events that wait for a listener; beyond them the oldest are lost, and it is told how many.
pub const EVENT_QUEUE: usize = 4_096;

/// Memory for pages of the store's database that were read, in bytes.
pub const STORE_CACHE: usize = 64 << 20;

/// Blocks that a store holds back at most while catching up, to write them together,
pub const GROUP_BLOCKS: usize = 10_000;

/// and about so many bytes,
pub const GROUP_BYTES: u64 = 16 << 20;

/// and not for longer than this.
pub const GROUP_TIME: Duration = Duration::from_secs(2);

/// A group of so few blocks is one at the tip: the time to give back what catching up has left behind.
pub const FEW_BLOCKS: usize = 8;

/// Bytes that a store's database may be longer than twice what it holds.
pub const INDEX_SLACK: u64 = 64 << 10;
