//! The pool itself: what it holds, and what a block does to it.

use std::collections::BTreeSet;

use toycoin_core::{
    ChainParams, CheckedBlock, FeeRate, IdentifiedTransaction, OutPoint, Rule, Transaction, Txid, Wtxid,
};

use crate::mempool::{DropReason, entries::Entries, orphans::Orphans, refused::Refused, select::select};

/// What a mempool takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MempoolConfig {
    /// The lowest fee rate.
    pub min_fee_rate: FeeRate,
    /// The most bytes by formula, all transactions together.
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
}

impl Mempool {
    /// Makes an empty pool.
    pub fn new(params: ChainParams, config: MempoolConfig) -> Self {
        let (entries, orphans, refused) = Default::default();
        Self { params, config, entries, orphans, refused }
    }

    /// Returns a transaction that waits.
    pub fn get(&self, txid: &Txid) -> Option<&Transaction> {
        self.entries.get(txid).map(|entry| entry.transaction.transaction())
    }

    /// Returns whether a transaction waits.
    pub fn contains(&self, txid: &Txid) -> bool {
        self.entries.contains(txid)
    }

    /// Returns how many wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns their size by formula, in bytes.
    pub const fn bytes(&self) -> u64 {
        self.entries.bytes()
    }

    /// Returns how many wait for a parent.
    pub fn orphans(&self) -> usize {
        self.orphans.len()
    }

    /// Returns whether one waits for a parent, whatever its signatures.
    pub fn contains_orphan(&self, txid: &Txid) -> bool {
        self.orphans.contains(txid)
    }

    /// Forgets what waits for a parent and came from this source.
    pub fn forget_orphans_of(&mut self, source: u64) {
        self.orphans.remove_source(source);
    }

    /// Returns the rule for which a transaction was refused before, with these very signatures.
    pub fn refused_for(&self, wtxid: &Wtxid) -> Option<Rule> {
        self.refused.rule(wtxid)
    }

    /// Returns how many of those the peer with most of them sent.
    #[cfg(feature = "test-util")]
    pub(crate) fn most_orphans_of_a_peer(&self) -> usize {
        self.orphans.most_of_a_peer()
    }

    /// Returns which transaction of the pool spends a coin.
    pub fn spender(&self, outpoint: &OutPoint) -> Option<Txid> {
        self.entries.spender(outpoint)
    }

    /// Returns the transactions by id.
    pub fn iter(&self) -> impl Iterator<Item = (&Txid, &Transaction)> {
        self.entries.iter().map(|(txid, entry)| (txid, entry.transaction.transaction()))
    }

    /// Returns a number that changes whenever the pool does.
    pub const fn generation(&self) -> u64 {
        self.entries.generation()
    }

    /// Brings the pool up to a block that entered the chain. A block may hold a transaction under another wtxid than
    /// ours: it leaves by txid.
    ///
    /// Returns what is dropped since it conflicts with the block. Orphans whose parents the block brought are handed back by
    /// [`settle`](Self::settle).
    pub fn block_connected(&mut self, block: &CheckedBlock) -> Vec<(Txid, DropReason)> {
        // all at once: a chain of payments that leaves one by one would move its rest each time
        let held: BTreeSet<_> = block.transactions().map(|(txid, _)| txid).filter(|txid| self.contains(txid)).collect();
        self.entries.remove_all(&held);
        let mut dropped = Vec::new();
        self.orphans.unblock_children_of(&block.coinbase_txid());
        for (txid, transaction) in block.transactions() {
            self.orphans.remove(&txid);
            self.orphans.unblock_children_of(&txid);
            for outpoint in &transaction.inputs {
                self.orphans.take_spenders(outpoint);
                if let Some(conflict) = self.entries.spender(outpoint) {
                    self.drop_family(conflict, DropReason::Conflict { with: txid }, &mut dropped);
                }
            }
        }
        dropped
    }

    /// Chooses transactions for a block: parents before children, the best fee rate of a whole package first, at most
    /// `max_bytes` by formula.
    pub fn select(&self, max_bytes: u64) -> Vec<IdentifiedTransaction> {
        select(&self.entries, max_bytes)
    }

    /// Returns the size of the largest transaction that is taken: one that fits a block. Only a network of small blocks
    /// has a bound below that of rule R33.
    pub(super) fn largest(&self) -> u64 {
        self.params.max_transaction_size()
    }

    /// Drops a transaction and all that spends from it, and tells of each, parents first.
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
