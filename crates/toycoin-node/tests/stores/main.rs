//! The store on disk: what it keeps, through crashes, rot and pruning.

#![cfg(feature = "redb")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod across_restarts;
#[path = "../machines/common/mod.rs"]
mod common;
mod crash_consistency;
mod disk;
mod nothing_unearned_on_disk;
mod own_payments_at_a_pace;
mod prune;
mod prune_damage;
mod reindex_log;
mod returning_payments;
mod rot;
#[cfg(feature = "runtime")]
mod snapshot_sync;
mod snapshots_on_disk;
mod storage_format;
mod store_refusals;
mod store_suite;
