//! The mempool itself: its contents, and the effect of a connected block.

use toycoin_core::{
    ChainParams, CheckedBlock, FeeRate, IdentifiedTransaction, OutPoint, Rule, Transaction, Txid, Wtxid,
};

use crate::{
    machine::Monotonic,
    mempool::{DropReason, entries::Entries, orphans::Orphans, refused::Refused, select::select},
};

/// The mempool's policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MempoolConfig {
    /// The lowest fee rate.
    pub min_fee_rate: FeeRate,
    /// Most bytes by formula, over all transactions.
    pub max_bytes: u64,
}

/// Transactions that wait for a block.
#[derive(Debug)]
pub struct Mempool {
    pub(super) params: ChainParams,
    pub(super) config: MempoolConfig,
    pub(super) entries: Entries,
    pub(super) orphans: Orphans,
    pub(super) refused: Refused,
    /// The time that newcomers get as theirs.
    pub(super) now: Monotonic,
}

impl Mempool {
    /// Makes an empty pool.
    pub fn new(params: ChainParams, config: MempoolConfig) -> Self {
        let (entries, orphans, refused) = Default::default();
        Self { params, config, entries, orphans, refused, now: Monotonic::ORIGIN }
    }

    /// Sets the time, which transactions that enter from now on have as [theirs](crate::mempool::MempoolEntry::since).
    /// It decides nothing.
    pub const fn set_now(&mut self, now: Monotonic) {
        self.now = now;
    }

    /// Returns a transaction of the pool.
    pub fn get(&self, txid: &Txid) -> Option<&Transaction> {
        self.get_identified(txid).map(IdentifiedTransaction::transaction)
    }

    /// Returns a transaction of the pool, with its ids.
    pub fn get_identified(&self, txid: &Txid) -> Option<&IdentifiedTransaction> {
        self.entries.get(txid).map(|entry| &entry.transaction)
    }

    /// Returns whether a transaction is in the pool.
    pub fn contains(&self, txid: &Txid) -> bool {
        self.entries.contains(txid)
    }

    /// Returns the number of transactions in the pool.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether the pool is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the size of all transactions by formula, in bytes.
    pub const fn bytes(&self) -> u64 {
        self.entries.bytes()
    }

    /// Returns the number of transactions in the orphan pool.
    pub fn orphans(&self) -> usize {
        self.orphans.len()
    }

    /// Returns whether a transaction is in the orphan pool, with any signatures.
    pub fn contains_orphan(&self, txid: &Txid) -> bool {
        self.orphans.contains(txid)
    }

    /// Removes the orphans that came from this source.
    pub fn forget_orphans_of(&mut self, source: u64) {
        self.orphans.remove_source(source);
    }

    /// Returns the rule for which a transaction was refused before, with the same signatures.
    pub fn refused_for(&self, wtxid: &Wtxid) -> Option<Rule> {
        self.refused.rule(wtxid)
    }

    /// Returns the number of orphans of the peer that has most.
    #[cfg(feature = "test-util")]
    pub(crate) fn most_orphans_of_a_peer(&self) -> usize {
        self.orphans.most_of_a_peer()
    }

    /// Returns the transaction of the pool that spends a coin.
    pub fn spender(&self, outpoint: &OutPoint) -> Option<Txid> {
        self.entries.spender(outpoint)
    }

    /// Returns the transactions in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&Txid, &Transaction)> {
        self.entries.iter().map(|(txid, entry)| (txid, entry.transaction.transaction()))
    }

    /// Returns all payments that wait, in no particular order.
    pub fn waiting(&self) -> impl Iterator<Item = &IdentifiedTransaction> {
        self.entries.iter_unordered().map(|(_, entry)| &entry.transaction).chain(self.orphans.iter())
    }

    /// Returns a number that changes whenever the pool does.
    pub const fn generation(&self) -> u64 {
        self.entries.generation()
    }

    /// Applies a block that entered the chain. The block may hold a transaction under another wtxid than the pool, so
    /// its transactions leave by txid.
    ///
    /// Returns the transactions that are dropped because they conflict with the block. [`settle`](Self::settle) returns
    /// the orphans whose parents were in the block.
    pub fn block_connected(&mut self, block: &CheckedBlock) -> Vec<(Txid, DropReason)> {
        // all at once: removing a chain of payments one by one would update its rest each time
        let is_held: Vec<_> = block.transactions().map(|(txid, _)| self.contains(&txid)).collect();
        let held = block.transactions().zip(&is_held).filter(|(_, is_held)| **is_held).map(|((txid, _), _)| txid);
        self.entries.remove_all(&held.collect());
        let mut dropped = Vec::new();
        self.orphans.unblock_children_of(&block.coinbase_txid());
        for ((txid, transaction), is_held) in block.transactions().zip(is_held) {
            self.orphans.remove(&txid);
            self.orphans.unblock_children_of(&txid);
            for outpoint in &transaction.inputs {
                self.orphans.take_spenders(outpoint);
                // what the pool held was the only spender there
                if !is_held && let Some(conflict) = self.entries.spender(outpoint) {
                    self.drop_family(conflict, DropReason::Conflict { with: txid }, &mut dropped);
                }
            }
        }
        dropped
    }

    /// Selects transactions for a block template: parents before children, the package with the best fee rate first, at
    /// most `max_bytes` by formula.
    pub fn select(&self, max_bytes: u64) -> Vec<IdentifiedTransaction> {
        select(&self.entries, max_bytes)
    }

    /// Returns the size of the largest transaction that the pool accepts, which is one that fits a block. This is below
    /// the bound of rule R33 only on a network of small blocks.
    pub(super) fn largest(&self) -> u64 {
        self.params.max_transaction_size()
    }

    /// Drops a transaction and its descendants, and reports each of them, parents first.
    pub(super) fn drop_family(&mut self, txid: Txid, reason: DropReason, dropped: &mut Vec<(Txid, DropReason)>) {
        let family = self.entries.descendants(&txid);
        let members: Vec<_> = self.entries.in_order(&family).into_iter().map(|(member, _)| member).collect();
        let parent = |member: &Txid| {
            let inputs = &self.get(member)?.inputs;
            inputs.iter().map(|outpoint| outpoint.txid).find(|parent| family.contains(parent))
        };
        for member in members {
            let why = parent(&member).map_or_else(|| reason.clone(), |parent| DropReason::ParentDropped { parent });
            dropped.push((member, why));
        }
        self.entries.remove_all(&family);
    }
}
