//! Bounds on whom a node connects to: the address book, the slots for connections, and the times between dials.

use std::time::Duration;

use super::MUTES;

/// Buckets for addresses that were heard of and not yet tried.
pub const NEW_BUCKETS: u16 = 256;

/// Buckets for addresses that this node was connected to.
pub const TRIED_BUCKETS: u16 = 64;

/// Places per bucket, each for one address.
pub const BUCKET_PLACES: u16 = 64;

/// Most new buckets that sources of one netgroup can reach, however many addresses they name.
pub const SOURCE_BUCKETS: u16 = 16;

/// Default number of outbound connections.
pub const OUTBOUND_SLOTS: usize = 8;

/// Default number of inbound connections.
pub const INBOUND_SLOTS: usize = 117;

/// Most outbound connections to one netgroup.
pub const OUTBOUND_PER_GROUP: usize = 2;

/// Most inbound connections from one IP address.
pub const INBOUND_PER_ADDRESS: usize = 8;

/// Most inbound connections from one netgroup.
pub const INBOUND_PER_GROUP: usize = 32;

/// Most dials that are in flight at a time.
pub const DIALS_IN_FLIGHT: usize = 16;

/// Time after which a dial without any answer counts as failed. TCP and the handshake have 10 seconds each, and the
/// driver reports their failure long before this.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(60);

/// Backoff after the first failed dial of an address. It doubles with each further one.
pub const DIAL_BACKOFF: Duration = Duration::from_secs(2);

/// Longest backoff between two dials of an address.
pub const MAX_DIAL_BACKOFF: Duration = Duration::from_secs(600);

/// Failed dials in a row after which an address is forgotten, unless it answered within [`ADDRESS_HORIZON`].
pub const MAX_DIAL_FAILURES: u32 = 10;

/// Shortest connection that counts as a success. A shorter one counts as a failed dial, or a peer that closes each
/// connection at once would be dialled every 2 seconds.
pub const SHORT_CONNECTION: Duration = Duration::from_secs(30);

/// Interval between two feelers.
pub const FEELER_INTERVAL: Duration = Duration::from_secs(120);

/// Interval between two writes of the peers file.
pub const PEERS_SAVE_INTERVAL: Duration = Duration::from_secs(600);

/// Interval between two searches for an outbound peer whose tip is behind.
pub const BEHIND_INTERVAL: Duration = Duration::from_secs(600);

/// Time for which an outbound peer's tip may be behind.
pub const BEHIND_TIME: Duration = Duration::from_secs(1_200);

/// Most addresses that one source may name at once (token bucket).
pub const ADDRESS_BURST: u32 = 1_000;

/// Time after which a source may name one more address.
pub const ADDRESS_REFILL: Duration = Duration::from_secs(10);

/// Most sources whose allowance of addresses is remembered.
pub const ADDRESS_SOURCES: usize = 1_024;

/// Time for which all askers are told the same part of the address book.
pub const ADDRESS_DRAW_TIME: Duration = Duration::from_secs(86_400);

/// Age at which an address that was not seen again is worth nothing, and time since the last success after which one
/// that fails may be forgotten.
pub const ADDRESS_HORIZON: Duration = Duration::from_secs(30 * 86_400);

/// Time by which an address may seem to be from the future, because clocks differ.
pub const ADDRESS_MAX_FUTURE: Duration = Duration::from_secs(600);

/// Time that is taken off the timestamp of an address which another node names.
pub const ADDRESS_PENALTY: Duration = Duration::from_secs(7_200);

/// Failed dials after which an address that never answered may be replaced.
pub const REPLACEABLE_FAILURES: u32 = 3;

/// Most tried addresses that wait for their test before eviction.
pub const TRIED_TESTS: usize = 10;

/// Time after a success during which a tried address needs no test to keep its place.
pub const TRIED_FRESH: Duration = Duration::from_secs(4 * 3_600);

/// Anchors: outbound peers that are dialled first after a restart.
pub const ANCHORS: usize = 2;

/// Shortest connection that makes an outbound peer an anchor.
pub const ANCHOR_AGE: Duration = Duration::from_secs(300);

/// Most addresses that are remembered as this node's own.
pub const OWN_ADDRESSES: usize = 16;

/// Most muted peers that are remembered.
pub const SHUNNED_PEERS: usize = MUTES;

/// Longest time for which a peer is shunned, whatever the peers file says.
pub const MAX_SHUN: Duration = Duration::from_secs(86_400);

/// Inbound peers that eviction spares for their netgroup, by a keyed hash that nobody can predict.
pub const SPARED_BY_GROUP: usize = 4;

/// Inbound peers that eviction spares for their low ping.
pub const SPARED_BY_PING: usize = 8;

/// Inbound peers that eviction spares because they brought a block last.
pub const SPARED_BY_BLOCK: usize = 4;

/// Inbound peers that eviction spares because they brought a transaction last.
pub const SPARED_BY_TRANSACTION: usize = 4;
