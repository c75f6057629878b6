//! Admission: the checks of a transaction on its way into the mempool.

use std::collections::BTreeSet;

use toycoin_core::{
    Amount, IdentifiedTransaction, Transaction, Txid, Wtxid,
    consensus::{JudgedTransaction, RuleError, SignatureVerifier, check_transaction_form, judge_transaction},
    store::ChainStore,
    utxo::{Coin, UtxoView},
};

use crate::{
    limits,
    mempool::{AdmitError, DropReason, Mempool, entry::Newcomer, orphans::Orphan, package::Package},
};

/// The outcome for a transaction that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// The transaction is in the mempool and waits for a block.
    Accepted(Accepted),
    /// The transaction is in the orphan pool and waits for a parent, perhaps since an earlier submission.
    Orphaned {
        /// Its id.
        txid: Txid,
        /// Unknown parents, each once: neither in the mempool nor on the chain.
        missing: Vec<Txid>,
    },
    /// The transaction is already in the mempool, perhaps with other signatures.
    Known {
        /// Its id.
        txid: Txid,
    },
}

/// A transaction that entered the mempool, and the effects on other transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub txid: Txid,
    /// Its fee.
    pub fee: Amount,
    /// Transactions that it replaced (replace-by-fee), each with its reason.
    pub replaced: Vec<(Txid, DropReason)>,
    /// Transactions that left to make room (eviction), each with its reason.
    pub evicted: Vec<(Txid, DropReason)>,
    /// Orphans that had waited for it, the oldest first. They have left the orphan pool; the caller submits them again
    /// when it has time for their signatures.
    pub unblocked: Vec<Orphan>,
}

/// The state against which transactions are judged.
pub(super) struct JudgeContext<'a, S> {
    /// The store: the UTXO set after the tip, and the index of transactions in blocks.
    pub(super) store: &'a S,
    /// Height of the block that might hold the transactions.
    pub(super) next_height: u64,
}

impl Mempool {
    /// Submits a transaction. `source` names the peer that sent it. If its parents are unknown, it waits for them in
    /// that peer's share of the orphan pool; without a source it is refused instead. `store` has the UTXO set after the
    /// tip, and `next_height` is the height of the block that might hold the transaction.
    ///
    /// # Errors
    /// [`AdmitError`] when the transaction is refused. The pool is unchanged then.
    pub fn submit<S: ChainStore>(
        &mut self,
        transaction: impl Into<IdentifiedTransaction>,
        source: Option<u64>,
        store: &S,
        next_height: u64,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Admission, AdmitError<S::Error>> {
        self.admit(transaction.into(), source, &JudgeContext { store, next_height }, verifier)
    }

    /// Judges one transaction and inserts it. All checks come before any change.
    fn admit<S: ChainStore>(
        &mut self,
        transaction: IdentifiedTransaction,
        source: Option<u64>,
        context: &JudgeContext<'_, S>,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Admission, AdmitError<S::Error>> {
        let txid = transaction.txid();
        if self.contains(&txid) {
            return Ok(Admission::Known { txid });
        }
        let wtxid = transaction.wtxid();
        if let Some(rule) = self.refused.rule(&wtxid) {
            return Err(AdmitError::RefusedBefore { rule });
        }
        check_transaction_form(&self.params, &transaction).map_err(|error| self.refuse(wtxid, error))?;
        let (size, limit) = (transaction.size(), self.largest());
        if size > limit {
            return Err(AdmitError::TooLarge { size, limit });
        }

        let coins = self.coins(&transaction, context.store).map_err(AdmitError::Store)?;
        // signatures cost most, so they are verified last
        let judged = match self.judge(txid, &transaction, &coins, context.next_height) {
            Ok(judged) => judged,
            Err(error @ RuleError::CoinExists { .. }) => {
                return self.orphan(transaction, source, &coins, error, context.store);
            }
            Err(error) => return Err(self.refuse(wtxid, error)),
        };
        let (fee, minimum) = (judged.fee(), self.config.min_fee_rate);
        if fee < minimum.fee(size) {
            return Err(AdmitError::FeeTooLow { fee, size, minimum });
        }
        let own = Package::one(fee, size);
        let limit = limits::MEMPOOL_RELATIVES;
        let too_many = AdmitError::PackageLimit { limit };
        let Some(ancestors) = self.entries.ancestors_within(&transaction, limit) else { return Err(too_many) };
        let replaced = self.replaced_by(&transaction, own, &ancestors)?;
        if ancestors.iter().any(|ancestor| self.entries.descendants_without(ancestor, &replaced.all).count > limit) {
            return Err(too_many);
        }
        let Some(leaving) = self.room_for(own, &ancestors, &replaced.all) else { return Err(AdmitError::Full) };
        judged.verify(&self.params, txid, verifier).map_err(|error| self.refuse(wtxid, error))?;

        let mut accepted = Accepted { txid, fee, replaced: Vec::new(), evicted: Vec::new(), unblocked: Vec::new() };
        for conflict in replaced.direct {
            self.drop_family(conflict, DropReason::Replaced { by: txid }, &mut accepted.replaced);
        }
        for poor in leaving {
            self.drop_family(poor, DropReason::Evicted, &mut accepted.evicted);
        }
        self.orphans.remove(&txid);
        let coinbase_height = youngest_coinbase(&coins);
        self.entries.insert(Newcomer { transaction, fee, coinbase_height, returned: false, since: self.now });
        accepted.unblocked = self.orphans.take_children_of(&txid);
        Ok(Admission::Accepted(accepted))
    }

    /// Returns the coins that a transaction spends, from the pool or else from the view.
    pub(super) fn coins<V: UtxoView>(
        &self,
        transaction: &Transaction,
        view: &V,
    ) -> Result<Vec<Option<Coin>>, V::Error> {
        let own = |outpoint| self.entries.coin(outpoint);
        transaction
            .inputs
            .iter()
            .map(|outpoint| own(outpoint).map_or_else(|| view.coin(outpoint), |coin| Ok(Some(coin))))
            .collect()
    }

    /// Returns the coins that a transaction of the pool spends; `None` if the pool does not have it.
    ///
    /// # Errors
    /// The view's error.
    pub fn coins_spent_by<V: UtxoView>(&self, txid: &Txid, view: &V) -> Result<Option<Vec<Coin>>, V::Error> {
        let Some(entry) = self.entries.get(txid) else { return Ok(None) };
        Ok(self.coins(&entry.transaction, view)?.into_iter().collect())
    }

    /// Judges a transaction by all rules except for its signatures.
    pub(super) fn judge(
        &self,
        txid: Txid,
        transaction: &Transaction,
        coins: &[Option<Coin>],
        next_height: u64,
    ) -> Result<JudgedTransaction, RuleError> {
        judge_transaction(&self.params, txid, transaction, coins, next_height)
    }

    /// Puts a peer's transaction with missing coins into the orphan pool, if the coins may still come.
    fn orphan<S: ChainStore>(
        &mut self,
        transaction: IdentifiedTransaction,
        source: Option<u64>,
        coins: &[Option<Coin>],
        error: RuleError,
        store: &S,
    ) -> Result<Admission, AdmitError<S::Error>> {
        let txid = transaction.txid();
        // its coins may be spent by now, so they do not show whether a block holds it
        if store.find_transaction(&txid).map_err(AdmitError::Store)?.is_some() {
            return Err(AdmitError::AlreadyConfirmed { txid });
        }
        let inputs = transaction.inputs.iter().zip(coins);
        let missing: BTreeSet<_> =
            inputs.filter(|(_, coin)| coin.is_none()).map(|(outpoint, _)| outpoint.txid).collect();
        for parent in &missing {
            // the parent is known, so the coin is spent or never existed
            if self.contains(parent) || store.find_transaction(parent).map_err(AdmitError::Store)?.is_some() {
                return Err(AdmitError::Rule(error));
            }
        }
        let missing = missing.into_iter().collect();
        let Some(source) = source else { return Err(AdmitError::UnknownParents { parents: missing }) };
        self.orphans.insert(Orphan { transaction, source });
        Ok(Admission::Orphaned { txid, missing })
    }

    /// Remembers a transaction that will always be refused, and returns the error.
    fn refuse<E>(&mut self, wtxid: Wtxid, error: RuleError) -> AdmitError<E> {
        let rule = error.rule();
        let refused = AdmitError::Rule(error);
        if refused.is_misbehaviour() {
            self.refused.insert(wtxid, rule);
        }
        refused
    }
}

/// Returns the height of the youngest coinbase among the coins, 0 for none.
pub(super) fn youngest_coinbase(coins: &[Option<Coin>]) -> u64 {
    coins.iter().flatten().map(|coin| coin.coinbase_height).max().unwrap_or(0)
}
