//! Bounds on transactions: those that wait for validation, their signatures, and own payments.

use std::time::Duration;

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

/// Bytes of own payments that are told again in a burst to one peer of a mesh: 160 KiB, which is one of any size.
pub const OWN_PAYMENT_PEER_BURST: u64 = 160 << 10;

/// Bytes of own payments that are told again per second to one peer of a mesh: 64 KiB.
pub const OWN_PAYMENT_PEER_BYTES_PER_SECOND: u64 = 64 << 10;

/// Most bytes, by formula, of the mempool's best payments that a new peer of a mesh is told: 256 KiB.
pub const NEWCOMER_PAYMENT_BYTES: u64 = 256 << 10;

/// Most own payments that wait for their confirmation.
pub const OWN_PAYMENTS: usize = 10_000;

/// Most transaction ids per request message: what the wire allows.
pub const TXIDS_A_MESSAGE: usize = toycoin_wire::limits::MAX_GET_TRANSACTIONS;

/// Most dropped transactions whose reasons are remembered: this many that were submitted here, and as many others.
pub const REMEMBERED_DROPS: usize = 4_096;
