//! What waits in a node's mempool, with the payments themselves.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use toycoin_core::{OutPoint, Transaction, TxOut, Txid};
use toycoin_node::mempool::MempoolEntry;

use crate::{
    index::Entries,
    limits::{INDEX_FETCHES, OPEN_REQUESTS},
    reader::{Down, NodeReader},
};

/// What waits in a mempool.
#[derive(Debug, Default)]
pub(crate) struct MempoolIndex {
    /// The entries in the order of mining.
    entries: Entries,
    /// The payment that spends each coin, and the index of that input.
    spenders: HashMap<OutPoint, (Txid, u32)>,
    /// The payments that were fetched so far.
    transactions: HashMap<Txid, Arc<Transaction>>,
}

/// A payment that waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting<'a> {
    /// What the mempool says of it.
    pub(crate) entry: &'a MempoolEntry,
    /// The payment.
    pub(crate) transaction: &'a Arc<Transaction>,
}

impl MempoolIndex {
    /// Returns the entries in the order of mining.
    pub(crate) fn entries(&self) -> &[MempoolEntry] {
        &self.entries
    }

    /// Returns the payment that spends a coin, and the index of that input.
    pub(crate) fn spender(&self, outpoint: &OutPoint) -> Option<(Txid, u32)> {
        self.spenders.get(outpoint).copied()
    }

    /// Returns an output of a payment that was fetched.
    pub(crate) fn output(&self, outpoint: &OutPoint) -> Option<TxOut> {
        let vout = usize::try_from(outpoint.vout).ok()?;
        self.transactions.get(&outpoint.txid)?.outputs.get(vout).copied()
    }

    /// Returns the payments that were fetched, in the order of mining.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = Waiting<'_>> {
        let transactions = &self.transactions;
        self.entries
            .iter()
            .filter_map(move |entry| transactions.get(&entry.txid).map(|transaction| Waiting { entry, transaction }))
    }

    /// Takes what the node says about its mempool.
    pub(super) fn take(&mut self, entries: Entries) {
        if Arc::ptr_eq(&self.entries, &entries) {
            return;
        }
        let spends =
            entries.iter().flat_map(|entry| (0..).zip(&entry.spends).map(|(vin, coin)| (*coin, (entry.txid, vin))));
        self.spenders = spends.collect();
        let waiting: HashSet<_> = entries.iter().map(|entry| entry.txid).collect();
        self.transactions.retain(|txid, _| waiting.contains(txid));
        self.entries = entries;
    }

    /// Fetches the payments that are new. Returns whether that were all; else the next call goes on.
    pub(super) async fn fetch(&mut self, reader: &NodeReader) -> Result<bool, Down> {
        let new = self.entries.iter().map(|entry| entry.txid).filter(|txid| !self.transactions.contains_key(txid));
        let mut new: Vec<_> = new.take(INDEX_FETCHES + 1).collect();
        let is_all = new.len() <= INDEX_FETCHES;
        new.truncate(INDEX_FETCHES);
        let fetch = |txid| async move { Ok::<_, Down>((txid, reader.transaction(txid).await?)) };
        let fetched: Vec<_> = stream::iter(new).map(fetch).buffer_unordered(OPEN_REQUESTS).try_collect().await?;
        for (txid, place) in fetched {
            // one that has left since is in no later answer either
            if let Some(transaction) = place.and_then(|place| place.transaction) {
                self.transactions.insert(txid, Arc::new(transaction));
            }
        }
        Ok(is_all)
    }
}
