//! The effects of a reorganisation (reorg) on the mempool.
//!
//! The pool follows a move of the tip block by block, so that a deep one needs no more memory than the pool's bound and
//! one block:
//!
//! ```text
//!   block_connected, each block that entered    its transactions leave, conflicting ones are dropped
//!   block_returned, each block that left        transactions that no block holds now return, the oldest block first
//!   settle                                      immature spends are dropped; orphans whose parents came are returned
//! ```

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{
    Amount, CheckedBlock, IdentifiedTransaction, OutPoint, Transaction, Txid,
    consensus::{JudgedTransaction, RuleError, SignatureVerifier},
    store::ChainStore,
    utxo::{Coin, UtxoView},
};

use crate::{
    limits,
    mempool::{
        DropReason, Mempool, Orphan,
        admission::{JudgeContext, youngest_coinbase},
        entry::{Entry, Newcomer},
    },
};

/// A move of the tip that the pool is following.
#[derive(Debug, Default)]
pub struct Reorganisation {
    /// The spender of each coin in the blocks that entered, up to [`REMEMBERED_SPENDS`](limits::REMEMBERED_SPENDS)
    /// coins.
    spent: BTreeMap<OutPoint, Txid>,
    /// The coinbases of the blocks that left.
    coinbases: BTreeSet<Txid>,
    /// Arrival numbers of the transactions that returned: the first, and the next one to be given.
    arrivals: Option<(i64, i64)>,
}

impl Reorganisation {
    /// Records the spenders of a block that entered the chain, so that a conflicting transaction's drop names them.
    pub fn note_connected(&mut self, block: &CheckedBlock) {
        for (txid, transaction) in block.transactions() {
            let room = limits::REMEMBERED_SPENDS.saturating_sub(self.spent.len());
            self.spent.extend(transaction.inputs.iter().take(room).map(|outpoint| (*outpoint, txid)));
        }
    }
}

/// The effects of a move of the tip on the pool.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reorganised {
    /// Transactions that returned to the pool, with their fees, parents first.
    pub readmitted: Vec<(Txid, Amount)>,
    /// Transactions of the pool and of disconnected blocks that were dropped.
    pub dropped: Vec<(Txid, DropReason)>,
    /// Orphans whose coins may exist now. They have left the orphan pool; the caller submits them again when it has
    /// time for their signatures.
    pub unblocked: Vec<Orphan>,
}

impl Mempool {
    /// Returns the transactions of a block that left the chain to the pool. `blocks` is the number of blocks that left.
    /// Call this for each of them, the oldest first, after [`block_connected`](Self::block_connected) for all blocks
    /// that entered.
    ///
    /// The transactions were valid in their block. Coins, maturity and values are judged anew; signatures are not,
    /// because the signed data cannot have changed. Policy does not apply: a reorganisation drops no payment for its
    /// fee, or for a chain of up to [`RETURNING_ANCESTORS`](limits::RETURNING_ANCESTORS) ancestors. Only a pool over
    /// its bound evicts the worst payers, after each block.
    ///
    /// # Errors
    /// The store's error.
    pub fn block_returned<S: ChainStore>(
        &mut self,
        block: &CheckedBlock,
        reorganisation: &mut Reorganisation,
        blocks: usize,
        store: &S,
        next_height: u64,
    ) -> Result<Reorganised, S::Error> {
        let mut outcome = Reorganised::default();
        // returning transactions come before all others
        let (first, mut arrival) = reorganisation.arrivals.unwrap_or_else(|| {
            let first = self.entries.arrivals_in_front(blocks.saturating_mul(limits::MAX_TRANSACTIONS_A_BLOCK));
            (first, first)
        });
        reorganisation.coinbases.insert(block.coinbase_txid());
        for transaction in block.identified() {
            let txid = transaction.txid();
            // the coins that it spent exist again, unless it or another transaction spends them
            transaction.inputs.iter().for_each(|outpoint| self.orphans.unblock_spenders(outpoint));
            // a transaction that the new blocks hold does not return, even if its own coins are already spent there
            if self.contains(&txid) || store.find_transaction(&txid)?.is_some() {
                continue;
            }
            let coins = self.coins(&transaction, store)?;
            // its signatures were verified when its block was connected
            match self.judge_returning(&transaction, &coins, next_height) {
                Ok(judged) => {
                    let fee = judged.fee();
                    let coinbase_height = youngest_coinbase(&coins);
                    self.orphans.remove(&txid);
                    self.entries
                        .put(Newcomer { transaction, fee, coinbase_height, returned: true, since: self.now }, arrival);
                    arrival += 1;
                    outcome.readmitted.push((txid, fee));
                }
                Err(DropReason::CoinsGone) => {
                    let reason = self.why_coins_are_gone(&transaction, &coins, reorganisation, store)?;
                    outcome.dropped.push((txid, reason));
                }
                Err(reason) => outcome.dropped.push((txid, reason)),
            }
        }
        reorganisation.arrivals = Some((first, arrival));
        self.drop_coinless(block, store, &mut outcome)?;
        self.trim(&mut outcome.dropped);
        outcome.readmitted.retain(|(txid, _)| self.contains(txid));
        outcome.readmitted.iter().for_each(|(parent, _)| self.orphans.unblock_children_of(parent));
        Ok(outcome)
    }

    /// Ends a move of the tip. If blocks `left` the chain, drops transactions that spend coins which are immature
    /// again. Returns the orphans whose coins came.
    ///
    /// # Errors
    /// The store's error.
    pub fn settle<S: ChainStore>(&mut self, left: bool, store: &S, next_height: u64) -> Result<Reorganised, S::Error> {
        let context = &JudgeContext { store, next_height };
        let mut outcome = Reorganised::default();
        if left {
            self.drop_immature(context, &mut outcome)?;
        }
        outcome.unblocked = self.orphans.take_unblocked();
        Ok(outcome)
    }

    /// Takes in a transaction that a reorganisation had brought back before the node's last stop. It is judged as when
    /// it came back. Its signatures are verified too, because it was on a disk.
    ///
    /// # Errors
    /// The view's error. The inner error is the reason why the transaction is dropped.
    pub fn restore_returned<V: UtxoView>(
        &mut self,
        transaction: IdentifiedTransaction,
        view: &V,
        next_height: u64,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Result<Amount, DropReason>, V::Error> {
        let coins = self.coins(&transaction, view)?;
        let judged = self.judge_returning(&transaction, &coins, next_height);
        let verify = |judged: JudgedTransaction| judged.verify(&self.params, transaction.txid(), verifier);
        Ok(judged.and_then(|judged| verify(judged).map_err(DropReason::Invalid)).inspect(|fee| {
            let coinbase_height = youngest_coinbase(&coins);
            self.entries.insert(Newcomer { transaction, fee: *fee, coinbase_height, returned: true, since: self.now });
        }))
    }

    /// Drops the worst payers until the pool is within its bound (eviction).
    pub fn keep_within_bound(&mut self) -> Vec<(Txid, DropReason)> {
        let mut dropped = Vec::new();
        self.trim(&mut dropped);
        dropped
    }

    /// Returns the transactions in the order of arrival, parents before children. The flag says whether a
    /// reorganisation brought back the transaction or one of its ancestors.
    pub fn in_arrival_order(&self) -> Vec<(&IdentifiedTransaction, bool)> {
        let mut entries: Vec<_> = self.entries.iter_unordered().map(|(_, entry)| entry).collect();
        entries.sort_unstable_by_key(|entry| entry.arrival);
        let mut returned = BTreeSet::new();
        let mark = |entry: &'_ Entry| {
            let transaction = &entry.transaction;
            let back = entry.returned || transaction.inputs.iter().any(|input| returned.contains(&input.txid));
            if back {
                returned.insert(transaction.txid());
            }
            back
        };
        let marks: Vec<_> = entries.iter().copied().map(mark).collect();
        entries.iter().map(|entry| &entry.transaction).zip(marks).collect()
    }

    /// Returns the transactions that a move of the tip brought back and that still wait: the first `most` of them,
    /// parents before children, and the number of all.
    pub fn returned_by(&self, reorganisation: &Reorganisation, most: usize) -> (Vec<Txid>, usize) {
        let Some((first, next)) = reorganisation.arrivals.filter(|(first, next)| first < next) else {
            return (Vec::new(), 0);
        };
        let entries = self.entries.iter_unordered().filter(|(_, entry)| (first..next).contains(&entry.arrival));
        let mut back: Vec<_> = entries.map(|(txid, entry)| (entry.arrival, *txid)).collect();
        back.sort_unstable();
        let count = back.len();
        (back.into_iter().take(most).map(|(_, txid)| txid).collect(), count)
    }

    /// Sorts transactions so that parents come before children, and leaves out those that are not in the pool.
    pub(crate) fn parents_first(&self, txids: Vec<Txid>) -> Vec<Txid> {
        let with_arrival = |txid: Txid| Some((self.entries.get(&txid)?.arrival, txid));
        let mut sorted: Vec<_> = txids.into_iter().filter_map(with_arrival).collect();
        sorted.sort_unstable();
        sorted.into_iter().map(|(_, txid)| txid).collect()
    }

    /// Judges a transaction from a former block by all that can have changed since.
    fn judge_returning(
        &self,
        transaction: &IdentifiedTransaction,
        coins: &[Option<Coin>],
        next_height: u64,
    ) -> Result<JudgedTransaction, DropReason> {
        if let Some(with) = transaction.inputs.iter().find_map(|outpoint| self.spender(outpoint)) {
            return Err(DropReason::Conflict { with });
        }
        if self.entries.ancestors_within(transaction, limits::RETURNING_ANCESTORS).is_none() {
            return Err(DropReason::PackageLimit);
        }
        let judged = self.judge(transaction.txid(), transaction, coins, next_height);
        judged.map_err(|error| match error {
            RuleError::CoinExists { .. } => DropReason::CoinsGone,
            other => DropReason::Invalid(other),
        })
    }

    /// Drops transactions that spend a coin of a block that left the chain, if no transaction creates that coin any
    /// more.
    fn drop_coinless<S: ChainStore>(
        &mut self,
        block: &CheckedBlock,
        store: &S,
        outcome: &mut Reorganised,
    ) -> Result<(), S::Error> {
        let coinbase = block.block().coinbase.outpoints(block.coinbase_txid());
        let others = block.transactions().flat_map(|(txid, transaction)| transaction.outpoints(txid));
        for (outpoint, _) in coinbase.chain(others) {
            let Some(spender) = self.spender(&outpoint) else { continue };
            if self.entries.coin(&outpoint).is_none() && store.coin(&outpoint)?.is_none() {
                let is_gone =
                    outpoint.txid != block.coinbase_txid() && store.find_transaction(&outpoint.txid)?.is_none();
                let reason = match is_gone {
                    true => DropReason::ParentDropped { parent: outpoint.txid },
                    false => DropReason::CoinsGone,
                };
                self.drop_family(spender, reason, &mut outcome.dropped);
            }
        }
        Ok(())
    }

    /// Drops transactions that spend coins which are immature again, since the new chain may be shorter and have more
    /// work.
    fn drop_immature<S: ChainStore>(
        &mut self,
        context: &JudgeContext<'_, S>,
        outcome: &mut Reorganised,
    ) -> Result<(), S::Error> {
        let maturity = self.params.spec().coinbase_maturity;
        let young: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.coinbase_height > 0)
            .filter(|(_, entry)| context.next_height.saturating_sub(entry.coinbase_height) < maturity)
            .map(|(txid, _)| *txid)
            .collect();
        for txid in young {
            // it may have been dropped with a parent
            let Some(entry) = self.entries.get(&txid) else { continue };
            let coins = self.coins(&entry.transaction, context.store)?;
            if let Err(error) = self.judge(txid, &entry.transaction, &coins, context.next_height) {
                self.drop_family(txid, DropReason::Invalid(error), &mut outcome.dropped);
            }
        }
        Ok(())
    }

    /// Returns the reason why the coins of a transaction from a former block are gone.
    fn why_coins_are_gone<S: ChainStore>(
        &self,
        transaction: &Transaction,
        coins: &[Option<Coin>],
        reorganisation: &Reorganisation,
        store: &S,
    ) -> Result<DropReason, S::Error> {
        let inputs = || transaction.inputs.iter();
        if let Some(with) = inputs().find_map(|outpoint| reorganisation.spent.get(outpoint)) {
            return Ok(DropReason::Conflict { with: *with });
        }
        for (outpoint, _) in inputs().zip(coins).filter(|(_, coin)| coin.is_none()) {
            let parent = outpoint.txid;
            // a coinbase never returns
            let is_gone = !reorganisation.coinbases.contains(&parent) && !self.contains(&parent);
            if is_gone && store.find_transaction(&parent)?.is_none() {
                return Ok(DropReason::ParentDropped { parent });
            }
        }
        Ok(DropReason::CoinsGone)
    }
}
