//! The bounds of the carrier. Those of messages are in [`toycoin_wire::limits`], those of slots and of the address book
//! in [`toycoin_node::limits`].

use std::time::Duration;

use toycoin_wire::limits::{MAX_BLOCK_PAYLOAD, MAX_SMALL_PAYLOAD};

// ---- connections

/// Most inbound connections that are being established, and as many more that have not joined so far.
pub const MAX_PENDING_INBOUND: u32 = 64;

/// Most inbound connections from one address that have not joined so far.
pub const MAX_PENDING_OF_ADDRESS: usize = 4;

/// Most inbound connections from one group of addresses that have not joined so far.
pub const MAX_PENDING_OF_GROUP: usize = 8;

/// Most dials at a time.
pub const MAX_PENDING_OUTBOUND: u32 = 16;

/// Longest time for the handshakes of TCP, noise and yamux together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Age from which on a connection with a peer gives way to no other one. Two dials that cross are under way at the same
/// time, and none takes longer than this.
pub const MAX_CROSSING: Duration = CONNECT_TIMEOUT;

/// Longest time from a connection until identify shows the protocol of this network.
pub const JOIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time until the peer of a feeler has answered.
pub const FEELER_TIMEOUT: Duration = Duration::from_secs(5);

/// Time until the connection of a muted peer is closed, if a question to it is under way.
pub const LEAVE_TIME: Duration = Duration::from_secs(1);

/// Time between two pings.
pub const PING_INTERVAL: Duration = Duration::from_secs(15);

/// Longest time that a ping may take.
pub const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Failures of pings in a row, as the library reports them, that close a connection. It keeps the first one of a row to
/// itself, so that one report is two pings without an answer.
pub const MAX_LOST_PINGS: u32 = 1;

/// Most yamux streams of a connection: those for questions, and one each way for gossip, ping, identify and its push.
/// One more ends the connection.
pub const MAX_YAMUX_STREAMS: usize = MAX_ASK_STREAMS + 8;

/// Most streams of a connection that wait for the negotiation of their protocol: all of them. One that is not accepted
/// may fill its window of 256 KiB, and nobody reads it.
pub const MAX_NEGOTIATING_STREAMS: usize = MAX_YAMUX_STREAMS;

/// Most listen addresses that are taken from one peer's identify.
pub const MAX_LISTEN_ADDRESSES: usize = 8;

/// Shortest time between two identifies of a peer whose addresses are taken.
pub const LISTEN_ADDRESSES_REST: Duration = Duration::from_secs(60);

/// Most bytes of a datagram of multicast DNS that are read. One with 8 addresses has less than 2,000.
pub const MAX_MDNS_DATAGRAM: usize = 4_096;

/// Most datagrams of multicast DNS that are read per second.
pub const MAX_MDNS_DATAGRAMS: u32 = 100;

/// Most questions, and most records, of a datagram of multicast DNS that are looked at.
pub const MAX_MDNS_RECORDS: usize = 64;

/// Most addresses that a datagram of multicast DNS may name.
pub const MAX_MDNS_ADDRESSES: usize = 8;

/// Time for which it is remembered that an address was found by multicast DNS.
pub const MDNS_MEMORY: Duration = Duration::from_secs(3_600);

/// Most addresses of one IP address that are found by multicast DNS in that time.
pub const MAX_MDNS_OF_ADDRESS: usize = 8;

/// Most addresses that are found by multicast DNS in that time.
pub const MAX_MDNS_FOUND: usize = 512;

/// Most datagrams with new addresses that wait for the carrier.
pub const MAX_MDNS_WAITING: usize = 16;

/// Most interfaces on which multicast DNS is spoken.
pub const MAX_MDNS_INTERFACES: usize = 16;

/// Most peers that are gone and whose names are remembered, so that they can be muted for what they said last.
pub const MAX_GONE: usize = 256;

/// Most bytes of a peers file. A full address book has 20,480 lines of about 110 bytes.
pub const MAX_PEERS_FILE: u64 = 8 << 20;

/// Most peers whose mutes are remembered, as the machine remembers them.
pub const MAX_MUTES: usize = 4_096;

/// The first mute of a peer.
pub const MUTE_FIRST: Duration = Duration::from_secs(5);

/// The longest mute of a peer.
pub const MAX_MUTE: Duration = Duration::from_secs(600);

/// Each of these without a mute halves the count of a peer's mutes.
pub const MUTE_HALF_LIFE: Duration = Duration::from_secs(3_600);

// ---- gossip

/// Most bytes of a gossiped payload.
pub const MAX_GOSSIP: usize = 128 << 10;

/// What the protobuf message around a payload may take: its topic and the lengths.
pub const GOSSIP_OVERHEAD: usize = 1 << 10;

/// Most bytes of a gossipsub RPC.
pub const MAX_GOSSIP_RPC: usize = 512 << 10;

/// Most bytes of the control messages in an RPC, as the library counts them on both sides.
pub const MAX_GOSSIP_CONTROL: usize = 16 << 10;

/// Most message ids that are announced or asked for in an RPC. An id takes 22 bytes there; the library's default of
/// 5,000 would fill 110,000 bytes, and every receiver would cut the stream for them.
pub const MAX_GOSSIP_IDS: usize = 512;

/// Most messages in an RPC: as many as are asked for in one. Our library sends one, others answer all at once.
pub const MAX_GOSSIP_MESSAGES: usize = MAX_GOSSIP_IDS;

/// Most gossip that waits to be written to a peer, in messages: what [`TICKET_SHARE`] lets a neighbour have in judgement
/// at first, of transactions. A peer that reads none holds 8 MiB with the largest ones.
pub const MAX_GOSSIP_QUEUE: usize = 64;

/// Messages that were lost because a peer read too slowly, after which its connection is closed.
pub const MAX_GOSSIP_LOST: usize = 256;

/// Commands of the node in a row, after which its connections have their turn: less than what a peer's queue holds.
pub const COMMANDS_IN_A_ROW: u32 = 32;

/// Time without a lost message after which those before it are forgotten.
pub const GOSSIP_LOST_MEMORY: Duration = Duration::from_secs(60);

/// Time for which gossipsub remembers the score of a peer that is gone. Each stranger that ends a handshake costs some
/// 500 bytes for so long, and a look per second. A peer that breaks rules is muted anyway, whatever its score is.
pub const GOSSIP_SCORE_MEMORY: Duration = Duration::from_secs(30);

/// Most gossiped messages that wait for their judgement.
pub const MAX_TICKETS: usize = 256;

/// Those of them that blocks alone may take.
pub const BLOCK_TICKETS: usize = 32;

/// Part of the free tickets that one neighbour may hold, of transactions and of blocks each: a fourth, but at least one.
/// So however many fill them together, the next one finds some free.
pub const TICKET_SHARE: usize = 4;

/// Interval in which gossip that gets no ticket is counted.
pub const MISSES_INTERVAL: Duration = Duration::from_secs(1);

/// Most messages of one neighbour in that interval that get no ticket and whose ids are told to the node.
pub const MISSES_OF_PEER: usize = 32;

/// Most messages of all neighbours in that interval that get no ticket and whose ids are told to the node.
pub const MISSES_OF_ALL: usize = 256;

/// Most such ids that wait for a node that is behind.
pub const MAX_WAITING_MISSES: usize = 256;

/// Part of the free places for such ids that those of one neighbour may take: an eighth, but at least one.
pub const WAITING_MISSES_SHARE: usize = 8;

/// Most bytes of gossiped messages that wait for their judgement.
pub const MAX_TICKET_BYTES: usize = 32 << 20;

/// Longest time until a judgement. A message that is judged later does not go on.
pub const JUDGE_TIMEOUT: Duration = Duration::from_secs(4);

// ---- questions and answers

/// Longest time from a question to the end of its answer.
pub const ASK_TIMEOUT: Duration = toycoin_node::limits::ASK_PATIENCE;

/// Most streams of questions of a connection, in both directions together: 32 of the peer, and ours.
pub const MAX_ASK_STREAMS: usize = 32 + MAX_ASKING;

/// Most questions of ours that a peer has at a time.
pub const MAX_ASKING: usize = 16;

/// Most questions of ours that wait for a peer, beside payments that are told again.
pub const MAX_UNASKED: usize = 256;

/// Most payments that are told again and wait for a peer.
pub const MAX_UNTOLD: usize = 512;

/// Most bytes of the questions of ours that wait for a peer, and as many more of payments.
pub const MAX_UNASKED_BYTES: usize = 1 << 20;

/// Most bytes of all frames of an answer, their tags included.
pub const MAX_ANSWER: usize = MAX_BLOCK_PAYLOAD;

/// Most bytes of a peer's answers that it has not read.
pub const MAX_UNREAD: usize = 2 << 20;

/// Most bytes of all peers' answers that they have not read.
pub const MAX_UNREAD_OF_ALL: usize = 16 << 20;

/// Most bytes of all peers' questions that wait for their answers.
pub const MAX_UNANSWERED_OF_ALL: usize = 64 << 20;

/// Most bytes of all peers' questions that have arrived in part.
pub const MAX_PARTIAL_QUESTIONS: usize = 32 << 20;

/// Most bytes of all peers' answers that have arrived in part.
pub const MAX_PARTIAL_ANSWERS: usize = 64 << 20;

/// Most questions that are kept from a peer that has not joined on this side so far.
pub const MAX_EARLY: usize = 4;

/// Most bytes of a question that is kept from such a peer.
pub const MAX_EARLY_BYTES: usize = 4 << 10;

/// Most bytes of a question with an unknown tag.
pub const MAX_UNKNOWN_QUESTION: usize = MAX_SMALL_PAYLOAD;

/// Most bytes of answers that wait for a node that is behind.
pub const MAX_WAITING_ANSWERS: usize = 8 << 20;
