//! Bounds on answers to light clients: proofs, receipts, filters, and chunks of snapshots.

/// Bytes of proofs, receipts and filters in one peer's token bucket: 16 MiB.
pub const LIGHT_BYTES: u64 = 16 << 20;

/// Bytes that this bucket gains per second: 16 MiB per minute.
pub const LIGHT_BYTES_PER_SECOND: u64 = LIGHT_BYTES / 60;

/// Bytes of proofs, receipts and filters in the token bucket of a relay connection, over all its peers: 64 MiB.
pub const RELAY_LIGHT_BYTES: u64 = 4 * LIGHT_BYTES;

/// Bytes that this bucket gains per second: 64 MiB per minute.
pub const RELAY_LIGHT_BYTES_PER_SECOND: u64 = RELAY_LIGHT_BYTES / 60;

/// Bytes of snapshots' chunks in one peer's token bucket: 256 MiB, some 3 million coins.
pub const CHUNK_BYTES: u64 = 256 << 20;

/// Bytes that this bucket gains per second: 256 MiB per hour.
pub const CHUNK_BYTES_PER_SECOND: u64 = CHUNK_BYTES / 3_600;

/// Bytes of snapshots' chunks in the token bucket of a relay connection, over all its peers: 1 GiB.
pub const RELAY_CHUNK_BYTES: u64 = 4 * CHUNK_BYTES;

/// Bytes that this bucket gains per second: 1 GiB per hour.
pub const RELAY_CHUNK_BYTES_PER_SECOND: u64 = RELAY_CHUNK_BYTES / 3_600;

/// Most questions of a light client that one peer may wait for; on a mesh, in one question. A snapshot sync has 4 chunks
/// in flight, and may ask for a manifest and a proof beside them.
pub const LIGHT_QUESTIONS: usize = 6;

/// Tokens that each header of a proof costs beside its bytes: its opening is read, and the nodes that tie it to the tip
/// are hashed, which takes some 5 us. A proof of a million headers costs about as much as a page of headers.
pub const SAMPLE_TOKENS: u64 = 256;

/// Most tokens of the blocks whose receipts go into one message: 2 MiB. The first receipt may cost more.
pub const RECEIPT_TOKENS: u64 = 2 << 20;

/// Most bytes of the receipts in one message, unless the first one alone is longer: 1 MiB.
pub const RECEIPT_BYTES: u64 = 1 << 20;

/// Tokens that each filter costs beside its bytes, since each is looked up.
pub const FILTER_TOKENS: u64 = 256;

/// Bytes that a filter is expected to take. Who asks for the filters of many blocks gets as many as fit into that much
/// for each of them, or into [`FILTERS_BYTES`] if that is more.
pub const FILTER_BYTES: u64 = 1 << 10;

/// Bytes of filters that any question for them may get: 64 KiB.
pub const FILTERS_BYTES: u64 = 64 << 10;
