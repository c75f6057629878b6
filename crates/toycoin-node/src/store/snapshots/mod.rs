//! Snapshots of the UTXO set: making and serving them, and beginning a store with one.
//!
//! ```text
//!   making     tip at 2,048 * k ─▶ flush ─▶ job: read transaction ─▶ snapshot-H.new ── fsync, rename ─▶ snapshot-H.dat
//!   serving    snapshot-H.dat ─▶ chunk, hashed again
//!   beginning  chunks in any order ─▶ snapshot.part ─▶ one transaction in chain.new ── rename ─▶ chain.redb
//! ```
//!
//! Snapshots lie in files beside the database, and not in it. The database has a single writer, so a snapshot in the
//! making would keep blocks from being written. Its read transaction does not: the job sees the coins as they were, while
//! the tip moves on. A crash leaves a file with another name, which the next start deletes.
//!
//! A store on other media than a directory's files keeps no snapshots.

mod adopt;
mod file;
mod import;
mod job;
mod making;
mod part;
mod shelf;

pub use self::{job::SnapshotJob, part::SnapshotPart};
pub(super) use self::{making::Runner, shelf::Shelf};
