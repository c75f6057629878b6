//! Who comes in.

use std::collections::BTreeSet;

use thiserror::Error;
use toycoin_core::{
    Amount, FeeRate, OutPoint, Rule, Transaction, Txid, Wtxid,
    consensus::{RuleError, SignatureVerifier, check_transaction, check_transaction_form},
    utxo::{Coin, UtxoView},
};

use crate::{
    limits,
    mempool::{DropReason, Mempool, entries::compare_rates, orphans::Orphan},
};

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It waits for a block.
    Accepted(Accepted),
    /// It waits for a parent.
    Orphaned {
        /// Its id.
        txid: Txid,
        /// The transactions that it spends from and that are not known, each once.
        missing: Vec<Txid>,
    },
    /// It waits already, perhaps with other signatures.
    Known {
        /// Its id.
        txid: Txid,
    },
}

/// A transaction that came in, and what that moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub txid: Txid,
    /// Its fee.
    pub fee: Amount,
    /// What it replaced.
    pub replaced: Vec<(Txid, DropReason)>,
    /// What made room.
    pub evicted: Vec<(Txid, DropReason)>,
    /// Orphans that had waited for it, with their fees.
    pub adopted: Vec<(Txid, Amount)>,
}

/// Why a transaction does not come in; `E` is the view's error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdmitError<E> {
    /// It breaks a rule.
    #[error(transparent)]
    Rule(RuleError),
    /// It was refused before.
    #[error("it was refused before")]
    RefusedBefore,
    /// It is in a block already: the chain has its coins.
    #[error("transaction {txid} is in a block already")]
    AlreadyConfirmed {
        /// Its id.
        txid: Txid,
    },
    /// Its fee is below what the pool takes.
    #[error("a fee of {fee} for {size} bytes is below {minimum}")]
    LowFee {
        /// Its fee.
        fee: Amount,
        /// Its size by formula.
        size: u64,
        /// The pool's lowest rate.
        minimum: FeeRate,
    },
    /// It spends a coin that one in the pool spends, and does not pay enough to replace that.
    #[error("transaction {with} spends the same coin, to replace it takes a fee of {required}")]
    Conflict {
        /// The one in the pool.
        with: Txid,
        /// What it would have to pay.
        required: Amount,
    },
    /// It spends from, or would evict, too many others.
    #[error("too many transactions depend on each other or would be replaced")]
    TooManyRelatives,
    /// The pool is full of transactions that pay more.
    #[error("the mempool is full of transactions that pay more")]
    Full,
    /// The view failed.
    #[error("the store failed: {0}")]
    Store(E),
}

impl<E> AdmitError<E> {
    /// Returns whether no honest peer sends such a transaction.
    ///
    /// Immaturity is another matter: the sender's tip may be another than ours.
    pub fn is_misbehaviour(&self) -> bool {
        matches!(self, Self::Rule(error) if error.rule() != Rule::CoinbaseMaturity && error.rule() != Rule::CoinExists)
    }
}

impl Mempool {
    /// Offers a transaction. `source` names who sent it, for the bound on orphans; `view` has the coins after the tip, and
    /// `next_height` is the height of the block that might hold it.
    ///
    /// # Errors
    /// When it does not come in; see [`AdmitError`].
    pub fn submit<V: UtxoView>(
        &mut self,
        transaction: Transaction,
        source: Option<u64>,
        view: &V,
        next_height: u64,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Admission, AdmitError<V::Error>> {
        let txid = transaction.txid();
        if self.contains(&txid) || self.orphans.contains(&txid) {
            return Ok(Admission::Known { txid });
        }
        let wtxid = transaction.wtxid(txid);
        if self.refused.contains(&wtxid) {
            return Err(AdmitError::RefusedBefore);
        }
        check_transaction_form(&self.params, &transaction).map_err(|error| self.refuse(wtxid, error))?;
        if transaction.size() > limits::TRANSACTION_SIZE {
            return Err(AdmitError::TooManyRelatives);
        }

        let coins = self.coins(&transaction, view)?;
        let missing: BTreeSet<Txid> = transaction
            .inputs
            .iter()
            .zip(&coins)
            .filter(|(_, coin)| coin.is_none())
            .map(|(outpoint, _)| outpoint.txid)
            .collect();
        if !missing.is_empty() {
            return self.orphan(txid, transaction, source, missing, view);
        }

        let (fee, size) = (fee_of(&transaction, &coins), transaction.size());
        if fee < self.config.min_fee_rate.fee(size) {
            return Err(AdmitError::LowFee { fee, size, minimum: self.config.min_fee_rate });
        }
        let evicts = self.conflicts(txid, &transaction, fee)?;
        if self.entries.ancestors(&transaction).len() > limits::MEMPOOL_RELATIVES {
            return Err(AdmitError::TooManyRelatives);
        }
        // signatures last
        let fee = check_transaction(&self.params, txid, &transaction, &coins, next_height, verifier)
            .map_err(|error| self.refuse(wtxid, error))?;

        let mut replaced = Vec::new();
        for conflict in evicts {
            replaced.extend(self.drop_with_descendants(conflict, &DropReason::Replaced { by: txid }));
        }
        self.entries.insert(txid, transaction, fee);
        self.generation += 1;
        let evicted = self.make_room();
        if !self.contains(&txid) {
            // the newcomer itself paid least
            return Err(AdmitError::Full);
        }
        let adopted = self.adopt(txid, view, next_height, verifier)?;
        Ok(Admission::Accepted(Accepted { txid, fee, replaced, evicted, adopted }))
    }

    /// Returns the coins that a transaction spends: the pool's own, else the view's.
    fn coins<V: UtxoView>(
        &self,
        transaction: &Transaction,
        view: &V,
    ) -> Result<Vec<Option<Coin>>, AdmitError<V::Error>> {
        let coin = |outpoint: &OutPoint| match self.entries.coin(outpoint) {
            Some(coin) => Ok(Some(coin)),
            None => view.coin(outpoint).map_err(AdmitError::Store),
        };
        transaction.inputs.iter().map(coin).collect()
    }

    fn orphan<V: UtxoView>(
        &mut self,
        txid: Txid,
        transaction: Transaction,
        source: Option<u64>,
        missing: BTreeSet<Txid>,
        view: &V,
    ) -> Result<Admission, AdmitError<V::Error>> {
        // its own coins on the chain say that a block holds it
        for (outpoint, _) in transaction.outpoints(txid) {
            if view.coin(&outpoint).map_err(AdmitError::Store)?.is_some() {
                return Err(AdmitError::AlreadyConfirmed { txid });
            }
        }
        self.orphans.insert(Orphan { txid, transaction, source });
        Ok(Admission::Orphaned { txid, missing: missing.into_iter().collect() })
    }

    /// Returns the transactions that would have to go: it must pay what they and their descendants pay, and a grain a
    /// byte of its own on top, and must not spend from them.
    fn conflicts<E>(
        &self,
        txid: Txid,
        transaction: &Transaction,
        fee: Amount,
    ) -> Result<BTreeSet<Txid>, AdmitError<E>> {
        let direct: BTreeSet<Txid> = transaction
            .inputs
            .iter()
            .filter_map(|outpoint| self.spender(outpoint))
            .filter(|other| *other != txid)
            .collect();
        let Some(with) = direct.first().copied() else { return Ok(direct) };
        let all: BTreeSet<Txid> = direct.iter().flat_map(|conflict| self.entries.descendants(conflict)).collect();
        let ancestors = self.entries.ancestors(transaction);
        if all.len() > limits::REPLACED || !ancestors.is_disjoint(&all) {
            return Err(AdmitError::TooManyRelatives);
        }
        let required = self.entries.worth(&all).0.saturating_add(Amount::from_grains(transaction.size()));
        if fee < required {
            return Err(AdmitError::Conflict { with, required });
        }
        Ok(direct)
    }

    /// Drops what pays least, with what spends from it, until the pool is within its bound.
    fn make_room(&mut self) -> Vec<(Txid, DropReason)> {
        let mut dropped = Vec::new();
        while self.bytes() > self.config.max_bytes {
            let worth = |txid: &Txid| self.entries.worth(&self.entries.descendants(txid));
            // of equals the last that came goes first
            let least = self
                .entries
                .iter()
                .min_by(|(one, a), (other, b)| compare_rates(worth(one), worth(other)).then(b.arrival.cmp(&a.arrival)));
            let Some(least) = least.map(|(txid, _)| *txid) else { break };
            dropped.extend(self.drop_with_descendants(least, &DropReason::Evicted));
        }
        dropped
    }

    /// Offers the orphans that had waited for a transaction, and those that had waited for them.
    fn adopt<V: UtxoView>(
        &mut self,
        parent: Txid,
        view: &V,
        next_height: u64,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Vec<(Txid, Amount)>, AdmitError<V::Error>> {
        let mut adopted = Vec::new();
        // the orphans' own bound bounds the depth: each is taken out before it is offered
        for orphan in self.orphans.take_children_of(&parent) {
            match self.submit(orphan.transaction, orphan.source, view, next_height, verifier) {
                Ok(Admission::Accepted(accepted)) => {
                    adopted.push((accepted.txid, accepted.fee));
                    adopted.extend(accepted.adopted);
                }
                Err(AdmitError::Store(error)) => return Err(AdmitError::Store(error)),
                _ => {}
            }
        }
        Ok(adopted)
    }

    /// Remembers what is refused for ever.
    fn refuse<E>(&mut self, wtxid: Wtxid, error: RuleError) -> AdmitError<E> {
        let refused = AdmitError::Rule(error);
        if refused.is_misbehaviour() {
            self.refused.insert(wtxid);
        }
        refused
    }
}

/// Returns what inputs leave over, zero if they do not even cover the outputs: that rule is judged later.
fn fee_of(transaction: &Transaction, coins: &[Option<Coin>]) -> Amount {
    let spent: Amount = coins.iter().flatten().map(|coin| coin.output.value).sum();
    let paid: Amount = transaction.outputs.iter().map(|output| output.value).sum();
    spent.saturating_sub(paid)
}
