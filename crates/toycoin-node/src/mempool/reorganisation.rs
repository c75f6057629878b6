//! What a move of the tip brings back, and what it takes away.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use toycoin_core::{
    Amount, CheckedBlock, OutPoint, Transaction, Txid,
    consensus::{RuleError, SignatureVerifier},
    store::ChainStore,
    utxo::Coin,
};

use crate::{
    limits,
    mempool::{
        Admission, AdmitError, DropReason, Mempool,
        admission::{JudgeContext, SignaturesAside, youngest_coinbase},
        entry::Newcomer,
    },
};

/// What a move of the tip did to the pool.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reorganised {
    /// Transactions that wait now and did not before, with their fees: those of disconnected blocks, oldest first, then
    /// orphans whose parents came.
    pub readmitted: Vec<(Txid, Amount)>,
    /// Transactions of the pool and of disconnected blocks that wait no longer.
    pub dropped: Vec<(Txid, DropReason)>,
}

impl Mempool {
    /// Brings the pool up to a move of the tip: transactions of the `disconnected` blocks, which have the old tip first,
    /// wait again, unless `connected` blocks hold them too; [`block_connected`](Self::block_connected) was told of these
    /// before. Without a disconnected block it takes in the orphans whose parents a block brought.
    ///
    /// What comes back was valid in its block: coins, maturity and values are judged anew, signatures are not, since
    /// nothing that they sign can have changed. Policy does not hold it back: a lost race drops no payment for its fee or
    /// its place in a chain of up to [`RETURNING_ANCESTORS`](limits::RETURNING_ANCESTORS). Only a pool over its bound
    /// lets the worst payers go.
    ///
    /// # Errors
    /// The store's.
    pub fn reorganised<S: ChainStore>(
        &mut self,
        disconnected: &[Arc<CheckedBlock>],
        connected: &[Arc<CheckedBlock>],
        store: &S,
        next_height: u64,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Reorganised, S::Error> {
        let context = &JudgeContext { store, next_height, verifier };
        let mut outcome = Reorganised::default();
        if !disconnected.is_empty() {
            self.readmit(disconnected, connected, context, &mut outcome)?;
            self.drop_coinless(disconnected, context, &mut outcome)?;
            self.drop_immature(context, &mut outcome)?;
            self.trim(&mut outcome.dropped);
        }
        for orphan in self.orphans.drain() {
            match self.admit(orphan.transaction, Some(orphan.source), context) {
                Ok(Admission::Accepted(mut accepted)) => {
                    self.adopt(&mut accepted, context)?;
                    outcome.readmitted.push((accepted.txid, accepted.fee));
                    outcome.readmitted.extend(accepted.adopted);
                    outcome.dropped.extend(accepted.replaced.into_iter().chain(accepted.evicted));
                }
                Err(AdmitError::Store(error)) => return Err(error),
                // it still waits, or is refused: nobody was promised anything
                Ok(Admission::Orphaned { .. } | Admission::Known { .. }) | Err(_) => {}
            }
        }
        outcome.readmitted.retain(|(txid, _)| self.contains(txid));
        Ok(outcome)
    }

    /// Takes the transactions of disconnected blocks back in, in the order in which they were mined.
    fn readmit<S: ChainStore>(
        &mut self,
        disconnected: &[Arc<CheckedBlock>],
        connected: &[Arc<CheckedBlock>],
        context: &JudgeContext<'_, S>,
        outcome: &mut Reorganised,
    ) -> Result<(), S::Error> {
        // what the new blocks hold too is not waiting, even if its own coins are spent there already
        let held: BTreeSet<_> = connected.iter().flat_map(|block| block.ids()).map(|(txid, _)| *txid).collect();
        let spent: BTreeMap<_, _> = connected
            .iter()
            .flat_map(|block| block.transactions())
            .flat_map(|(txid, transaction)| transaction.inputs.iter().map(move |outpoint| (*outpoint, txid)))
            .collect();
        let back: Vec<_> = disconnected
            .iter()
            .rev()
            .flat_map(|block| block.identified())
            .filter(|back| !held.contains(&back.txid()) && !self.contains(&back.txid()))
            .collect();
        let first = self.entries.arrivals_in_front(back.len());
        let mut lost = BTreeSet::new();
        for (arrival, transaction) in (first..).zip(back) {
            let txid = transaction.txid();
            let coins = self.coins(&transaction, context.store)?;
            match self.judge_returning(txid, &transaction, &coins, context.next_height) {
                Ok(fee) => {
                    let coinbase_height = youngest_coinbase(&coins);
                    self.orphans.remove(&txid);
                    self.entries.put(Newcomer { transaction, fee, coinbase_height }, arrival);
                    outcome.readmitted.push((txid, fee));
                }
                Err(reason) => {
                    lost.insert(txid);
                    let reason = match reason {
                        DropReason::CoinsGone => why_coins_are_gone(&transaction, &spent, &lost),
                        other => other,
                    };
                    outcome.dropped.push((txid, reason));
                }
            }
        }
        Ok(())
    }

    /// Judges a transaction that was in a block by all that can have changed since.
    fn judge_returning(
        &self,
        txid: Txid,
        transaction: &Transaction,
        coins: &[Option<Coin>],
        next_height: u64,
    ) -> Result<Amount, DropReason> {
        if let Some(with) = transaction.inputs.iter().find_map(|outpoint| self.spender(outpoint)) {
            return Err(DropReason::Conflict { with });
        }
        if self.entries.ancestors_within(transaction, limits::RETURNING_ANCESTORS).is_none() {
            return Err(DropReason::PackageLimit);
        }
        let judged = self.judge(txid, transaction, coins, next_height, &SignaturesAside);
        judged.map_err(|error| match error {
            RuleError::CoinExists { .. } => DropReason::CoinsGone,
            other => DropReason::Invalid(other),
        })
    }

    /// Drops what spends coins of the disconnected blocks that nobody makes any more.
    fn drop_coinless<S: ChainStore>(
        &mut self,
        disconnected: &[Arc<CheckedBlock>],
        context: &JudgeContext<'_, S>,
        outcome: &mut Reorganised,
    ) -> Result<(), S::Error> {
        let lost: BTreeSet<_> = outcome.dropped.iter().map(|(txid, _)| *txid).collect();
        for block in disconnected.iter().rev() {
            let coinbase = block.block().coinbase.outpoints(block.coinbase_txid());
            let others = block.transactions().flat_map(|(txid, transaction)| transaction.outpoints(txid));
            for (outpoint, _) in coinbase.chain(others) {
                let Some(spender) = self.spender(&outpoint) else { continue };
                if self.entries.coin(&outpoint).is_none() && context.store.coin(&outpoint)?.is_none() {
                    let reason = match lost.contains(&outpoint.txid) {
                        true => DropReason::ParentDropped { parent: outpoint.txid },
                        false => DropReason::CoinsGone,
                    };
                    self.drop_family(spender, reason, &mut outcome.dropped);
                }
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
        let maturity = self.params.spec().maturity;
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
}

/// Returns who took the coins of a transaction that was in a block.
fn why_coins_are_gone(
    transaction: &Transaction,
    spent: &BTreeMap<OutPoint, Txid>,
    lost: &BTreeSet<Txid>,
) -> DropReason {
    let inputs = || transaction.inputs.iter();
    let conflict = inputs().find_map(|outpoint| spent.get(outpoint)).map(|with| DropReason::Conflict { with: *with });
    let parent = || inputs().find(|outpoint| lost.contains(&outpoint.txid));
    conflict
        .or_else(|| parent().map(|outpoint| DropReason::ParentDropped { parent: outpoint.txid }))
        .unwrap_or(DropReason::CoinsGone)
}
