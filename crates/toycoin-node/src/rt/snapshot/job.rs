//! A thread for the snapshots that a store makes.

use std::thread;

use crate::store::SnapshotJob;

/// Runs a job on a thread of its own, for [`RedbStore::with_snapshot_jobs`](crate::RedbStore::with_snapshot_jobs).
///
/// Without a thread there is no snapshot, which a log line says.
pub fn run_snapshot_job(job: SnapshotJob) {
    let height = job.height();
    if let Err(error) = thread::Builder::new().name("snapshot".into()).spawn(move || job.run()) {
        tracing::warn!(height, %error, "the snapshot cannot be made: the system provides no thread");
    }
}
