//! What a move of the tip brings back, and what it takes away.
//!
//! The pool is brought up to a move block by block, so that a deep one takes no more memory than the pool's bound and a
//! block:
//!
//! ```text
//!   block_connected, each block that entered    what it holds leaves, what conflicts with it is dropped
//!   block_returned, each block that left        what nobody holds now waits again, the oldest block first
//!   settle                                      what is immature again; orphans whose parents came are handed back
//! ```

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{
    Amount, CheckedBlock, IdentifiedTransaction, OutPoint, Transaction, Txid,
    consensus::{RuleError, SignatureVerifier},
    store::ChainStore,
    utxo::{Coin, UtxoView},
};

use crate::{
    limits,
    mempool::{
        DropReason, Mempool, Orphan,
        admission::{JudgeContext, SignaturesAside, youngest_coinbase},
        entry::{Entry, Newcomer},
    },
};

/// A move of the tip that the pool is being brought up to.
#[derive(Debug, Default)]
pub struct Reorganisation {
    /// Who spends what in the blocks that entered, as far as it is remembered.
    spent: BTreeMap<OutPoint, Txid>,
    /// The coinbases of the blocks that left.
    coinbases: BTreeSet<Txid>,
    /// Where the next transaction that returns stands among those that wait.
    next_arrival: Option<i64>,
}

impl Reorganisation {
    /// Notes a block that entered the chain, so that what conflicts with it can be told who took its coins.
    pub fn note_connected(&mut self, block: &CheckedBlock) {
        for (txid, transaction) in block.transactions() {
            let room = limits::REMEMBERED_SPENDS.saturating_sub(self.spent.len());
            self.spent.extend(transaction.inputs.iter().take(room).map(|outpoint| (*outpoint, txid)));
        }
    }
}

/// What a move of the tip did to the pool.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reorganised {
    /// Transactions that wait again, with their fees, parents first.
    pub readmitted: Vec<(Txid, Amount)>,
    /// Transactions of the pool and of disconnected blocks that wait no longer.
    pub dropped: Vec<(Txid, DropReason)>,
    /// Orphans whose coins may be there now. They wait no longer: whoever offers transactions offers them again, when there
    /// is time for their signatures.
    pub unblocked: Vec<Orphan>,
}

impl Mempool {
    /// Takes the transactions of a block that left the chain back in. `blocks` is how many blocks left it; they come one
    /// after the other, the oldest first, after [`block_connected`](Self::block_connected) was told of all that entered.
    ///
    /// What comes back was valid in its block: coins, maturity and values are judged anew, signatures are not, since
    /// nothing that they sign can have changed. Policy does not hold it back: a lost race drops no payment for its fee or
    /// its place in a chain of up to [`RETURNING_ANCESTORS`](limits::RETURNING_ANCESTORS). Only a pool over its bound
    /// lets the worst payers go, after each block.
    ///
    /// # Errors
    /// The store's.
    pub fn block_returned<S: ChainStore>(
        &mut self,
        block: &CheckedBlock,
        reorganisation: &mut Reorganisation,
        blocks: usize,
        store: &S,
        next_height: u64,
    ) -> Result<Reorganised, S::Error> {
        let mut outcome = Reorganised::default();
        // all that return stand before all others
        let first = reorganisation.next_arrival.unwrap_or_else(|| {
            self.entries.arrivals_in_front(blocks.saturating_mul(limits::MOST_TRANSACTIONS_A_BLOCK))
        });
        let mut arrival = first;
        reorganisation.coinbases.insert(block.coinbase_txid());
        for transaction in block.identified() {
            let txid = transaction.txid();
            // what it spent is there again, unless it or another spends it
            transaction.inputs.iter().for_each(|outpoint| self.orphans.unblock_spenders(outpoint));
            // what the new blocks hold too is not waiting, even if its own coins are spent there already
            if self.contains(&txid) || store.find_transaction(&txid)?.is_some() {
                continue;
            }
            let coins = self.coins(&transaction, store)?;
            match self.judge_returning(&transaction, &coins, next_height, &SignaturesAside) {
                Ok(fee) => {
                    let coinbase_height = youngest_coinbase(&coins);
                    self.orphans.remove(&txid);
                    self.entries.put(Newcomer { transaction, fee, coinbase_height, returned: true }, arrival);
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
        reorganisation.next_arrival = Some(arrival);
        self.drop_coinless(block, store, &mut outcome)?;
        self.trim(&mut outcome.dropped);
        outcome.readmitted.retain(|(txid, _)| self.contains(txid));
        outcome.readmitted.iter().for_each(|(parent, _)| self.orphans.unblock_children_of(parent));
        Ok(outcome)
    }

    /// Ends a move of the tip: drops what spends coins that are immature again, where blocks `left` the chain, and hands
    /// back the orphans whose coins came.
    ///
    /// # Errors
    /// The store's.
    pub fn settle<S: ChainStore>(&mut self, left: bool, store: &S, next_height: u64) -> Result<Reorganised, S::Error> {
        let context = &JudgeContext { store, next_height, verifier: &SignaturesAside };
        let mut outcome = Reorganised::default();
        if left {
            self.drop_immature(context, &mut outcome)?;
        }
        outcome.unblocked = self.orphans.take_unblocked();
        Ok(outcome)
    }

    /// Takes in a transaction that a reorganisation had brought back before the node ended: judged as when it came back,
    /// and its signatures too, since it was kept on a disk.
    ///
    /// # Errors
    /// Why it does not wait any longer; the view's error within.
    pub fn take_up_returned<V: UtxoView>(
        &mut self,
        transaction: IdentifiedTransaction,
        view: &V,
        next_height: u64,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Result<Amount, DropReason>, V::Error> {
        let coins = self.coins(&transaction, view)?;
        Ok(self.judge_returning(&transaction, &coins, next_height, verifier).inspect(|fee| {
            let coinbase_height = youngest_coinbase(&coins);
            self.entries.insert(Newcomer { transaction, fee: *fee, coinbase_height, returned: true });
        }))
    }

    /// Drops the worst payers until the pool is within its bound.
    pub fn keep_within_bound(&mut self) -> Vec<(Txid, DropReason)> {
        let mut dropped = Vec::new();
        self.trim(&mut dropped);
        dropped
    }

    /// Returns the transactions that wait, as they came, parents before children, each with whether a reorganisation
    /// brought it back, or one that it spends from.
    pub fn in_arrival_order(&self) -> Vec<(&IdentifiedTransaction, bool)> {
        let mut entries: Vec<_> = self.entries.iter().map(|(_, entry)| entry).collect();
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

    /// Judges a transaction that was in a block by all that can have changed since.
    fn judge_returning(
        &self,
        transaction: &IdentifiedTransaction,
        coins: &[Option<Coin>],
        next_height: u64,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Amount, DropReason> {
        if let Some(with) = transaction.inputs.iter().find_map(|outpoint| self.spender(outpoint)) {
            return Err(DropReason::Conflict { with });
        }
        if self.entries.ancestors_within(transaction, limits::RETURNING_ANCESTORS).is_none() {
            return Err(DropReason::PackageLimit);
        }
        let judged = self.judge(transaction.txid(), transaction, coins, next_height, verifier);
        judged.map_err(|error| match error {
            RuleError::CoinExists { .. } => DropReason::CoinsGone,
            other => DropReason::Invalid(other),
        })
    }

    /// Drops what spends coins of a block that left the chain which nobody makes any more.
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

    /// Drops what spends coins that are too young again: the new chain may be shorter, with more work.
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
            // it may have gone with a parent
            let Some(entry) = self.entries.get(&txid) else { continue };
            let coins = self.coins(&entry.transaction, context.store)?;
            if let Err(error) = self.judge(txid, &entry.transaction, &coins, context.next_height, &SignaturesAside) {
                self.drop_family(txid, DropReason::Invalid(error), &mut outcome.dropped);
            }
        }
        Ok(())
    }

    /// Returns who took the coins of a transaction that was in a block.
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
            // a coinbase never comes back
            let is_gone = !reorganisation.coinbases.contains(&parent) && !self.contains(&parent);
            if is_gone && store.find_transaction(&parent)?.is_none() {
                return Ok(DropReason::ParentDropped { parent });
            }
        }
        Ok(DropReason::CoinsGone)
    }
}
