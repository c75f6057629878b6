//! What waits in the mempool, page by page.

use std::collections::BTreeSet;

use toycoin_core::{Amount, OutPoint, Txid};

use crate::{
    limits,
    machine::Monotonic,
    mempool::{
        Mempool,
        entry::{Entry, MiningKey},
    },
};

/// A transaction that waits in the mempool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MempoolEntry {
    /// Its id.
    pub txid: Txid,
    /// Its fee.
    pub fee: Amount,
    /// Its size by formula, in bytes.
    pub size: u64,
    /// The time at which it entered this mempool, on the node's monotonic clock. A transaction that a reorganisation
    /// brought back, or that was restored at the start, counts from then.
    pub since: Monotonic,
    /// The fee of its package: of itself and all its unconfirmed ancestors.
    pub package_fee: Amount,
    /// The size of that package by formula, in bytes.
    pub package_size: u64,
    /// The coins that it spends.
    pub spends: Vec<OutPoint>,
    /// The transactions in the mempool whose outputs it spends, each once, in the order of their ids.
    pub parents: Vec<Txid>,
    /// The transactions in the mempool that spend its outputs, each once, in the order of their ids.
    pub children: Vec<Txid>,
}

/// A page of the mempool: some of its transactions, and the totals of all.
///
/// The order is that of mining: the highest fee rate of a package first, and of equal ones the first to arrive. So it
/// is the same on each call while the mempool does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MempoolPage {
    /// The transactions of this page.
    pub entries: Vec<MempoolEntry>,
    /// The number of transactions in the whole mempool.
    pub count: usize,
    /// Their size by formula, in bytes.
    pub bytes: u64,
    /// The present time on the clock of [`MempoolEntry::since`].
    pub now: Monotonic,
    /// Where the next page begins; `None` when this is the last one.
    pub next: Option<MempoolCursor>,
}

/// A position in the mempool, from one page to the next.
///
/// It stays valid whatever comes and goes. A transaction whose package changes between two pages may be in both or in
/// neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MempoolCursor(MiningKey);

impl Mempool {
    /// Returns the transactions after a position, or the first ones without it: at most `limit`, and at most
    /// [`MEMPOOL_PAGE`](limits::MEMPOOL_PAGE). A page also ends with the transaction that fills
    /// [`MEMPOOL_PAGE_BYTES`](limits::MEMPOOL_PAGE_BYTES). A limit of 0 counts as 1.
    pub fn page(&self, after: Option<MempoolCursor>, limit: usize) -> MempoolPage {
        let limit = limit.clamp(1, limits::MEMPOOL_PAGE);
        let mut rest = self.entries.by_mining_after(after.map(|cursor| cursor.0)).peekable();
        let (mut entries, mut bytes, mut last) = (Vec::new(), 0, None);
        while entries.len() < limit && bytes < limits::MEMPOOL_PAGE_BYTES {
            let Some((key, txid)) = rest.next() else { break };
            last = Some(MempoolCursor(*key));
            if let Some(entry) = self.entries.get(txid) {
                bytes += entry.own.bytes;
                entries.push(self.describe(*txid, entry));
            }
        }
        let next = last.filter(|_| rest.peek().is_some());
        MempoolPage { entries, count: self.len(), bytes: self.bytes(), now: self.now, next }
    }

    fn describe(&self, txid: Txid, entry: &Entry) -> MempoolEntry {
        let amount = |grains| Amount::from_grains(u64::try_from(grains).unwrap_or(u64::MAX));
        let parents: BTreeSet<_> = self.entries.parents(&entry.transaction).collect();
        let children: BTreeSet<_> = self.entries.children(&txid, &entry.transaction).collect();
        MempoolEntry {
            txid,
            fee: amount(entry.own.fees),
            size: entry.own.bytes,
            since: entry.since,
            package_fee: amount(entry.ancestors.fees),
            package_size: entry.ancestors.bytes,
            spends: entry.transaction.inputs.clone(),
            parents: parents.into_iter().collect(),
            children: children.into_iter().collect(),
        }
    }
}
