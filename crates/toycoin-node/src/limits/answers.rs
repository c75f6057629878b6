//! Bounds on answers to peers' questions: token buckets, questions that wait, and rejects.

use std::time::Duration;

use crate::limits::{compact::QUESTION_COMPACT_BLOCKS, light::LIGHT_QUESTIONS, unwritten::ANSWER_SHARE};

/// Tokens in each relay connection's token bucket for answers, shared by all its peers: 4 MiB. One token pays for one
/// byte that is read or sent.
pub const ANSWER_TOKENS: u64 = ANSWER_SHARE;

/// Tokens that the bucket for answers gains per second: 16 MiB.
pub const ANSWER_TOKENS_PER_SECOND: u64 = 16 << 20;

/// Tokens that one answer costs for its lookups, beside its bytes. Some 32,000 lookups per second take a fifth of a core
/// from a store on disk, and a peer that catches up gets some 15,000 small blocks per second.
pub const LOOKUP_TOKENS: u64 = 1 << 9;

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

/// Most peers that wait for answers on one connection to a relay.
pub const QUESTION_PEERS: usize = 256;

/// Most questions of one mesh peer that wait for answers at a time.
pub const MESH_QUESTIONS_OF_A_PEER: usize = 32;

/// Most questions of all mesh peers that wait for answers: more than those of 125 peers.
pub const MESH_QUESTIONS: usize = 4_096;

/// Most blocks that one peer may wait for; on a mesh, in one question.
pub const QUESTION_BLOCKS: usize = 128;

/// Most transactions that one peer may wait for; on a mesh, in one question.
pub const QUESTION_TRANSACTIONS: usize = 256;

/// Most answers that one peer may wait for: one request for headers, its blocks and transactions, payments of blocks, and
/// the questions of a light client.
pub const QUESTIONS_OF_A_PEER: usize =
    1 + QUESTION_BLOCKS + QUESTION_TRANSACTIONS + QUESTION_COMPACT_BLOCKS + LIGHT_QUESTIONS;

/// Most answers that all peers of a connection, or of a mesh, may wait for.
pub const QUESTION_ITEMS: usize = QUESTION_PEERS * QUESTIONS_OF_A_PEER;

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

/// Most bytes of a reject's text: what the wire allows.
pub const REJECT_TEXT: usize = toycoin_wire::limits::MAX_REJECT_TEXT;

/// Most characters of a received reject's text that an event shows, escapes included.
pub const REJECT_TEXT_SHOWN: usize = 256;
