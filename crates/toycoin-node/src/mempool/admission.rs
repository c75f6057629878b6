//! Who comes in.

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

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It waits for a block.
    Accepted(Accepted),
    /// It waits for a parent, perhaps since an earlier time.
    Orphaned {
        /// Its id.
        txid: Txid,
        /// The transactions that it spends from and that are not in the pool nor on the chain, each once.
        missing: Vec<Txid>,
    },
    /// It waits for a block already, perhaps with other signatures.
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
    /// What it, or an orphan behind it, replaced.
    pub replaced: Vec<(Txid, DropReason)>,
    /// What made room.
    pub evicted: Vec<(Txid, DropReason)>,
    /// Orphans that had waited for it, the oldest first. They wait no longer: whoever offers transactions offers them again,
    /// when there is time for their signatures.
    pub unblocked: Vec<Orphan>,
}

/// By what transactions are judged.
pub(super) struct JudgeContext<'a, S> {
    /// The coins after the tip, and which transactions blocks hold.
    pub(super) store: &'a S,
    /// Of the block that might hold them.
    pub(super) next_height: u64,
}

impl Mempool {
    /// Offers a transaction. `source` names the peer that sent it: if its parents are not known, it waits for them in that
    /// peer's share of the orphan pool. Without a source it is refused then, and nothing of it is kept. `store` has the
    /// coins after the tip, and `next_height` is the height of the block that might hold the transaction.
    ///
    /// # Errors
    /// When it does not come in; see [`AdmitError`]. The pool is as it was then.
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

    /// Judges one transaction and takes it in; everything is judged before anything is done.
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
        let (fee, minimum) = (judged.fee, self.config.min_fee_rate);
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
        self.entries.insert(Newcomer { transaction, fee, coinbase_height, returned: false });
        accepted.unblocked = self.orphans.take_children_of(&txid);
        Ok(Admission::Accepted(accepted))
    }

    /// Returns the coins that a transaction spends: the pool's own, else the view's.
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

    /// Returns the coins that a transaction of the pool spends, `None` if it is not there.
    ///
    /// # Errors
    /// The view's.
    pub fn coins_spent_by<V: UtxoView>(&self, txid: &Txid, view: &V) -> Result<Option<Vec<Coin>>, V::Error> {
        let Some(entry) = self.entries.get(txid) else { return Ok(None) };
        Ok(self.coins(&entry.transaction, view)?.into_iter().collect())
    }

    /// Judges a transaction by the rules, all but its signatures.
    pub(super) fn judge(
        &self,
        txid: Txid,
        transaction: &Transaction,
        coins: &[Option<Coin>],
        next_height: u64,
    ) -> Result<JudgedTransaction, RuleError> {
        judge_transaction(&self.params, txid, transaction, coins, next_height)
    }

    /// Keeps a peer's transaction whose coins are not all here, if they may still come.
    fn orphan<S: ChainStore>(
        &mut self,
        transaction: IdentifiedTransaction,
        source: Option<u64>,
        coins: &[Option<Coin>],
        error: RuleError,
        store: &S,
    ) -> Result<Admission, AdmitError<S::Error>> {
        let txid = transaction.txid();
        // its own coins may be spent by now, so they do not tell whether a block holds it
        if store.find_transaction(&txid).map_err(AdmitError::Store)?.is_some() {
            return Err(AdmitError::AlreadyConfirmed { txid });
        }
        let inputs = transaction.inputs.iter().zip(coins);
        let missing: BTreeSet<_> =
            inputs.filter(|(_, coin)| coin.is_none()).map(|(outpoint, _)| outpoint.txid).collect();
        for parent in &missing {
            // the parent is here: the coin is spent, or there never was one
            if self.contains(parent) || store.find_transaction(parent).map_err(AdmitError::Store)?.is_some() {
                return Err(AdmitError::Rule(error));
            }
        }
        let missing = missing.into_iter().collect();
        let Some(source) = source else { return Err(AdmitError::UnknownParents { parents: missing }) };
        self.orphans.insert(Orphan { transaction, source });
        Ok(Admission::Orphaned { txid, missing })
    }

    /// Remembers what is refused for ever.
    fn refuse<E>(&mut self, wtxid: Wtxid, error: RuleError) -> AdmitError<E> {
        let rule = error.rule();
        let refused = AdmitError::Rule(error);
        if refused.is_misbehaviour() {
            self.refused.insert(wtxid, rule);
        }
        refused
    }
}

/// Returns the height of the youngest coinbase among coins, 0 for none.
pub(super) fn youngest_coinbase(coins: &[Option<Coin>]) -> u64 {
    coins.iter().flatten().map(|coin| coin.coinbase_height).max().unwrap_or(0)
}
