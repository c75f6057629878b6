//! A chain kept on disk: a database for what is looked up, a file that only grows for what is read whole. There is no
//! pruning: every body stays, stale blocks included.
//!
//! ```text
//!   insert_block, commit ─▶ Pending ── sync, or enough of it ─▶ blocks.dat: bodies, undo ── fsync
//!   coin, block, undo ◀── Pending, else the last written state   chain.redb: one transaction ── fsync
//! ```
//!
//! A move of the tip that is too large for memory arrives in parts, in a transaction that is open until the last has come
//! (`stage`).
//!
//! What was given since the last [`sync`](toycoin_core::store::ChainStore::sync) is a group: a crash takes it away whole,
//! never in part. Each record carries a check, and bodies are hashed anew when read, so a flipped bit is an error that
//! names the record. docs/storage.md has the format byte by byte.

mod bodies;
mod check;
mod error;
mod measured;
mod pending;
mod read;
mod record;
mod redb_store;
#[cfg(feature = "test-util")]
mod reencode;
mod reindex;
mod rot;
mod stage;
mod tables;
mod write;

pub use self::{
    check::{CheckReport, MAX_PROBLEMS, unwatched},
    error::StoreError,
    redb_store::RedbStore,
    reindex::{Reindexed, reindex},
};

#[cfg(feature = "test-util")]
pub use self::reencode::{TABLES, reencode};

/// The database's file.
pub const INDEX_FILE: &str = "chain.redb";
/// The file of bodies and undo data.
pub const BODIES_FILE: &str = "blocks.dat";
/// The version of the format, in both files.
pub const SCHEMA: u32 = 1;
