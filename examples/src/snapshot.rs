//! Beginning a node with a snapshot of the UTXO set, and showing the progress.

use std::{convert::Infallible, error::Error, path::Path};

use toycoin_core::snapshot::{CHUNK_COINS, COIN_BYTES};
use toycoin_node::{SnapshotProgress, SnapshotSync, Validation, ValidationError, store::RedbStore};

use crate::{progress::Progress, say, words::count};

/// Returns whether a directory has no chain yet, so that a node can begin there with a snapshot.
pub fn is_needed(directory: &Path) -> bool {
    RedbStore::require_empty(directory).is_ok()
}

/// Fetches a snapshot, and creates a store in the directory that begins there. Dropping the future ends it, and leaves no
/// store.
///
/// # Errors
/// If the disk fails, or there is no room.
pub async fn begin(sync: SnapshotSync, directory: &Path) -> Result<(), Box<dyn Error>> {
    let mut progress = Progress::new("a snapshot", "{bar:16} {percent:>3} % {msg}")?;
    let begun = sync
        .run(directory, |now| match now {
            SnapshotProgress::Seeking { servers, height } => {
                let whose = count(servers as u64, "node");
                progress.show(0, 1, &whose, || format!("{whose}, work proved up to height {height}"));
            }
            SnapshotProgress::Fetching { height, chunks, of, bytes, servers } => {
                let of_bytes = (of * CHUNK_COINS * COIN_BYTES) as f64 / 1e6;
                let message = format!("of {of_bytes:.1} MB from {}", count(servers as u64, "node"));
                progress.show(chunks as u64, of as u64, &message, || {
                    let fetched = bytes as f64 / 1e6;
                    format!("of height {height}: {fetched:.1} MB {message}, {chunks} of {}", count(of as u64, "chunk"))
                });
            }
            SnapshotProgress::Writing { coins, of } => {
                let message = format!("of {} written", count(of, "coin"));
                progress.show(coins, of, &message, || format!("{coins} {message}"));
            }
            _ => {}
        })
        .await?;
    drop(progress);
    let coins = count(begun.state.coin_count, "coin");
    say!("begins with the snapshot of height {}: {coins}, assumed until somebody validates them", begun.header.height);
    Ok(())
}

/// Validates the blocks below a snapshot while the node runs. It returns only if they are not valid: then no balance of
/// the node means anything.
///
/// # Errors
/// If the snapshot is false, or the second node or its store failed.
pub async fn validate(validation: Option<&mut Validation>) -> Result<Infallible, ValidationError> {
    if let Some(validation) = validation {
        validation.run(|_, _| {}).await?;
        say!("all blocks up to the snapshot are valid; after the next start no balance is assumed");
    }
    std::future::pending().await
}
