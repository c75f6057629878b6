//! Transactions that wait for a block: policy, not consensus.
//!
//! ```text
//!   submit ─▶ form, fee, conflicts, coins (chain's, then the pool's own), signatures last ─▶ entry
//!      └─ a parent is missing ─▶ orphans, bounded, tried again when it comes
//!   block_connected ─▶ what it holds leaves by txid, what conflicts with it is dropped with a reason
//!   reorganised     ─▶ what left the chain comes back, oldest first
//!   select          ─▶ parents before children, the best fee rate first
//! ```
//!
//! Nothing leaves the pool but into a block, for a conflict, for a better payer, or for room; and each but the first is
//! told with its reason.

mod admission;
mod entries;
mod orphans;
mod select;

use std::{collections::BTreeSet, sync::Arc};

use toycoin_core::{
    Amount, ChainParams, CheckedBlock, FeeRate, OutPoint, Transaction, Txid, Wtxid,
    consensus::{RuleError, SignatureVerifier},
    utxo::UtxoView,
};

pub use self::admission::{Accepted, Admission, AdmitError};
use self::{entries::Entries, orphans::Orphans};

/// What a mempool takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MempoolConfig {
    /// The lowest fee rate.
    pub min_fee_rate: FeeRate,
    /// The most bytes by formula, all transactions together.
    pub max_bytes: u64,
}

/// Why a transaction that was in the pool, or in a block, will not be mined from here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DropReason {
    /// A block's transaction spends a coin that it spends.
    #[error("transaction {with} in a block spends the same coin")]
    Conflict {
        /// The block's.
        with: Txid,
    },
    /// One that pays more spends a coin that it spends.
    #[error("transaction {by} pays more for the same coin")]
    Replaced {
        /// The one that pays more.
        by: Txid,
    },
    /// The pool is full of transactions that pay more.
    #[error("the mempool is full of transactions that pay more")]
    Evicted,
    /// One that it spends from was dropped.
    #[error("its parent {parent} was dropped")]
    ParentDropped {
        /// The one that it spends from.
        parent: Txid,
    },
    /// After a reorganisation it breaks a rule.
    #[error("after a reorganisation: {0}")]
    Invalid(RuleError),
    /// After a reorganisation it spends coins that are nowhere.
    #[error("after a reorganisation its coins do not exist")]
    CoinsGone,
}

/// Transactions that wait for a block.
#[derive(Debug)]
pub struct Mempool {
    params: ChainParams,
    config: MempoolConfig,
    entries: Entries,
    orphans: Orphans,
    /// Transactions refused for ever, by wtxid: a third party can change signatures, so a txid would condemn the honest.
    refused: orphans::Recent<Wtxid>,
    generation: u64,
}

/// What a reorganisation did to the pool.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reorganised {
    /// Transactions of disconnected blocks that wait again, with their fees.
    pub readmitted: Vec<(Txid, Amount)>,
    /// Transactions that were dropped.
    pub dropped: Vec<(Txid, DropReason)>,
}

impl Mempool {
    /// Makes an empty pool.
    pub fn new(params: ChainParams, config: MempoolConfig) -> Self {
        Self {
            params,
            config,
            entries: Entries::default(),
            orphans: Orphans::default(),
            refused: orphans::Recent::default(),
            generation: 0,
        }
    }

    /// Returns a transaction that waits.
    pub fn get(&self, txid: &Txid) -> Option<&Transaction> {
        self.entries.get(txid).map(|entry| &entry.transaction)
    }

    /// Returns whether a transaction waits.
    pub fn contains(&self, txid: &Txid) -> bool {
        self.entries.get(txid).is_some()
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

    /// Returns which transaction of the pool spends a coin.
    pub fn spender(&self, outpoint: &OutPoint) -> Option<Txid> {
        self.entries.spender(outpoint)
    }

    /// Returns the transactions by id.
    pub fn iter(&self) -> impl Iterator<Item = (&Txid, &Transaction)> {
        self.entries.iter().map(|(txid, entry)| (txid, &entry.transaction))
    }

    /// Returns a number that changes whenever the pool does.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Brings the pool up to a block that entered the chain. A block may hold a transaction under another wtxid than
    /// ours: it leaves by txid.
    ///
    /// Returns what is dropped since it conflicts with the block.
    pub fn block_connected(&mut self, block: &CheckedBlock) -> Vec<(Txid, DropReason)> {
        self.generation += 1;
        let mut dropped = Vec::new();
        for (txid, transaction) in block.transactions() {
            self.entries.remove(&txid);
            self.orphans.remove(&txid);
            for outpoint in &transaction.inputs {
                if let Some(conflict) = self.entries.spender(outpoint) {
                    dropped.extend(self.drop_with_descendants(conflict, &DropReason::Conflict { with: txid }));
                }
            }
        }
        dropped
    }

    /// Brings the pool up to a move of the tip that took blocks off the chain; `disconnected` has the old tip first, and
    /// [`block_connected`](Self::block_connected) was told of the `connected` ones before. Also tries orphans whose parents a
    /// block brought, so it is of use without a disconnected block too.
    ///
    /// # Errors
    /// The view's.
    pub fn reorganised<V: UtxoView>(
        &mut self,
        disconnected: &[Arc<CheckedBlock>],
        connected: &[Arc<CheckedBlock>],
        view: &V,
        next_height: u64,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Reorganised, V::Error> {
        let mut outcome = Reorganised::default();
        if !disconnected.is_empty() {
            self.generation += 1;
            // children in the pool may spend what comes back, so everything is offered anew: oldest blocks, then the pool
            let back = disconnected.iter().rev().flat_map(|block| block.transactions().map(|(_, tx)| tx.clone()));
            // what the new blocks hold too is not waiting, even if its own coins are spent there already
            let held: BTreeSet<_> = connected.iter().flat_map(|block| block.ids()).map(|(txid, _)| *txid).collect();
            let back: Vec<_> = back.filter(|tx: &Transaction| !held.contains(&tx.txid())).collect();
            let waiting = self.entries.drain_in_order();
            let known: BTreeSet<_> = waiting.iter().map(Transaction::txid).collect();
            let offered = back.into_iter().chain(waiting).map(|tx| (tx.txid(), tx));
            for (txid, transaction) in offered {
                match self.submit(transaction, None, view, next_height, verifier) {
                    Ok(Admission::Accepted(accepted)) => {
                        if !known.contains(&txid) {
                            outcome.readmitted.push((txid, accepted.fee));
                        }
                        outcome.readmitted.extend(accepted.adopted);
                        outcome.dropped.extend(accepted.replaced.into_iter().chain(accepted.evicted));
                    }
                    // on the new chain too, or there already
                    Ok(Admission::Known { .. }) | Err(AdmitError::AlreadyConfirmed { .. }) => {}
                    Ok(Admission::Orphaned { .. }) => outcome.dropped.push((txid, DropReason::CoinsGone)),
                    Err(AdmitError::Store(error)) => return Err(error),
                    Err(AdmitError::Rule(error)) => outcome.dropped.push((txid, DropReason::Invalid(error))),
                    Err(AdmitError::Conflict { with, .. }) => {
                        outcome.dropped.push((txid, DropReason::Replaced { by: with }));
                    }
                    Err(_) => outcome.dropped.push((txid, DropReason::Evicted)),
                }
            }
        }
        for orphan in self.orphans.drain() {
            let admitted = self.submit(orphan.transaction, orphan.source, view, next_height, verifier);
            match admitted {
                Ok(Admission::Accepted(accepted)) => {
                    outcome.readmitted.push((accepted.txid, accepted.fee));
                    outcome.readmitted.extend(accepted.adopted);
                    outcome.dropped.extend(accepted.replaced.into_iter().chain(accepted.evicted));
                }
                Err(AdmitError::Store(error)) => return Err(error),
                _ => {}
            }
        }
        Ok(outcome)
    }

    /// Chooses transactions for a block: parents before children, the best fee rate of a whole package first, at most
    /// `max_bytes` by formula.
    pub fn select(&self, max_bytes: u64) -> Vec<Transaction> {
        select::select(&self.entries, max_bytes)
    }

    /// Drops a transaction and all that spends from it.
    fn drop_with_descendants(&mut self, txid: Txid, reason: &DropReason) -> Vec<(Txid, DropReason)> {
        self.generation += 1;
        let mut dropped = Vec::new();
        for gone in self.entries.descendants(&txid) {
            self.entries.remove(&gone);
            let why = if gone == txid { reason.clone() } else { DropReason::ParentDropped { parent: txid } };
            dropped.push((gone, why));
        }
        dropped
    }
}
