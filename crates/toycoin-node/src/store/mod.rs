//! A chain on disk: a database for lookups, and an append-only file for bodies and undo data. Every body stays, stale
//! blocks included, until pruning cuts old ones off (`prune`). Snapshots of the UTXO set lie in files beside them
//! (`snapshots`).
//!
//! ```text
//!   insert_block, commit ─▶ Pending ── sync, or enough of it ─▶ blocks.dat: bodies, undo ── fsync
//!   coin, block, undo ◀── Pending, else the last written state   chain.redb: one transaction ── fsync
//! ```
//!
//! On request a thread writes a group while the next one comes in (`behind`).
//!
//! A move of the tip that is too large for memory arrives in parts. They go into one transaction that stays open until
//! the last part has come (`staging`).
//!
//! All changes since the last [`sync`](toycoin_core::store::ChainStore::sync) are one group: a crash loses it as a
//! whole, never in part. Each record carries a checksum, and bodies are hashed again when they are read. So a flipped
//! bit causes an error that names the record. docs/storage.md describes the format byte by byte.

mod behind;
mod bodies;
mod changes;
mod check;
mod check_active;
mod compact;
mod database;
mod error;
mod file_head;
mod files;
mod group;
mod head;
mod measured;
mod pending;
mod port;
mod prune;
mod read;
mod reader;
mod record;
mod redb_store;
#[cfg(feature = "test-util")]
mod reencode;
mod reindex;
mod rot;
mod snapshots;
mod stage;
mod staging;
mod tables;
mod work;
mod write;

pub use self::{
    check::{CheckReport, MAX_PROBLEMS, unwatched},
    error::StoreError,
    files::{BODIES_FILE, INDEX_FILE, SCHEMA},
    prune::Pruned,
    redb_store::RedbStore,
    reindex::{Reindexed, reindex},
    snapshots::{SnapshotJob, SnapshotPart},
    work::{Watch, Work},
};

#[cfg(feature = "test-util")]
pub use self::reencode::{TABLES, reencode};
