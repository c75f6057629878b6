//! What a node last said about its mempool, which readers share.
//!
//! A mempool may hold 130,000 payments, and anybody may ask about it as often as they like. So it is read at most once in
//! [`MEMPOOL_INTERVAL`], and then only if it may have changed. In between, readers get what is there.

use std::{collections::HashSet, sync::Arc};

use tokio::{sync::Mutex, time::Instant};
use toycoin_core::BlockHash;
use toycoin_node::{mempool::MempoolEntry, protocol::Status};

use crate::{
    limits::{MEMPOOL_AGE, MEMPOOL_INTERVAL},
    reader::{Down, NodeReader},
};

/// The entries of a mempool in the order of mining.
pub(crate) type Entries = Arc<[MempoolEntry]>;

/// What a node last said about its mempool.
#[derive(Debug, Default)]
pub(crate) struct Listing(Mutex<Option<Listed>>);

#[derive(Debug)]
struct Listed {
    entries: Entries,
    /// When it was read.
    at: Instant,
    /// What the node said of itself before.
    mark: Mark,
}

/// What changes if a mempool changes, nearly always: a payment that replaces another of its size may leave it as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    tip: BlockHash,
    payments: usize,
    bytes: u64,
    /// Number of changes that were made through this server.
    changes: u64,
}

impl Mark {
    const fn of(status: &Status, changes: u64) -> Self {
        Self { tip: status.tip.hash, payments: status.mempool, bytes: status.mempool_bytes, changes }
    }

    /// Returns whether the mempool must be read again at once: a block came, or somebody changed it through this server
    /// and wants to see that.
    fn is_behind(&self, now: &Self) -> bool {
        (self.tip, self.changes) != (now.tip, now.changes)
    }
}

impl Listing {
    /// Returns the entries of the node's mempool, which is read if it may have changed. `changes` is the number of changes
    /// so far that were made through this server.
    ///
    /// # Errors
    /// When the node is down.
    pub(crate) async fn read(&self, reader: &NodeReader, changes: u64, now: Instant) -> Result<Entries, Down> {
        let mut listed = self.0.lock().await;
        let mark = Mark::of(&reader.status().await?, changes);
        if let Some(listed) = &*listed
            && !listed.mark.is_behind(&mark)
        {
            let age = now.saturating_duration_since(listed.at);
            if age < MEMPOOL_INTERVAL || (listed.mark == mark && age < MEMPOOL_AGE) {
                return Ok(Arc::clone(&listed.entries));
            }
        }
        let entries = read_all(reader).await?;
        *listed = Some(Listed { entries: Arc::clone(&entries), at: now, mark });
        Ok(entries)
    }
}

/// Reads a whole mempool, page by page. A mempool holds at most 20 MB, which are 130,000 payments.
async fn read_all(reader: &NodeReader) -> Result<Entries, Down> {
    let (mut entries, mut after) = (Vec::new(), None);
    loop {
        let page = reader.mempool(after, usize::MAX).await?;
        entries.extend(page.entries);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    // one that moved between two pages may be on both
    let mut seen = HashSet::with_capacity(entries.len());
    entries.retain(|entry| seen.insert(entry.txid));
    Ok(entries.into())
}
