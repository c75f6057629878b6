//! Who comes in.

use std::collections::{BTreeSet, VecDeque};

use toycoin_core::{
    Amount, IdentifiedTransaction, Transaction, Txid, Wtxid,
    consensus::{RuleError, SignatureCheck, SignatureVerifier, check_transaction, check_transaction_form},
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
    /// Orphans that had waited for it, with their fees, parents first. One of them may have made room for the next.
    pub adopted: Vec<(Txid, Amount)>,
}

/// Where transactions are judged.
pub(super) struct Site<'a, V> {
    /// The coins after the tip.
    pub(super) view: &'a V,
    /// Of the block that might hold them.
    pub(super) next_height: u64,
    pub(super) verifier: &'a dyn SignatureVerifier,
}

/// Lets all signatures pass: they are looked at last, or were when a block was connected.
pub(super) struct SignaturesAside;

impl SignatureVerifier for SignaturesAside {
    fn first_invalid(&self, _: &[SignatureCheck]) -> Option<usize> {
        None
    }
}

impl Mempool {
    /// Offers a transaction. `source` names who sent it, for the bound on orphans; `view` has the coins after the tip, and
    /// `next_height` is the height of the block that might hold it.
    ///
    /// # Errors
    /// When it does not come in; see [`AdmitError`]. The pool is as it was then, unless the view fails for an orphan
    /// behind it.
    pub fn submit<V: UtxoView>(
        &mut self,
        transaction: impl Into<IdentifiedTransaction>,
        source: Option<u64>,
        view: &V,
        next_height: u64,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Admission, AdmitError<V::Error>> {
        let site = &Site { view, next_height, verifier };
        match self.admit(transaction.into(), source, site)? {
            Admission::Accepted(mut accepted) => {
                self.adopt(&mut accepted, site).map_err(AdmitError::Store)?;
                Ok(Admission::Accepted(accepted))
            }
            other => Ok(other),
        }
    }

    /// Judges one transaction and takes it in; everything is judged before anything is done.
    pub(super) fn admit<V: UtxoView>(
        &mut self,
        transaction: IdentifiedTransaction,
        source: Option<u64>,
        site: &Site<'_, V>,
    ) -> Result<Admission, AdmitError<V::Error>> {
        let txid = transaction.txid();
        if self.contains(&txid) {
            return Ok(Admission::Known { txid });
        }
        let wtxid = transaction.wtxid();
        if self.refused.contains(&wtxid) {
            return Err(AdmitError::RefusedBefore);
        }
        check_transaction_form(&self.params, &transaction).map_err(|error| self.refuse(wtxid, error))?;
        let (size, limit) = (transaction.size(), self.largest());
        if size > limit {
            return Err(AdmitError::TooLarge { size, limit });
        }

        let coins = self.coins(&transaction, site.view).map_err(AdmitError::Store)?;
        let fee = match self.judge(txid, &transaction, &coins, site.next_height, &SignaturesAside) {
            Ok(fee) => fee,
            Err(error @ RuleError::CoinExists { .. }) => {
                return self.orphan(Orphan { transaction, source }, &coins, error, site.view);
            }
            Err(error) => return Err(self.refuse(wtxid, error)),
        };
        let minimum = self.config.min_fee_rate;
        if fee < minimum.fee(size) {
            return Err(AdmitError::LowFee { fee, size, minimum });
        }
        let own = Package::one(fee, size);
        let limit = limits::MEMPOOL_RELATIVES;
        let too_many = AdmitError::TooManyRelatives { limit };
        let Some(ancestors) = self.entries.ancestors_within(&transaction, limit) else { return Err(too_many) };
        let replaced = self.replaced_by(&transaction, own, &ancestors)?;
        if ancestors.iter().any(|ancestor| self.entries.descendants_without(ancestor, &replaced.all).count > limit) {
            return Err(too_many);
        }
        let Some(leaving) = self.room_for(own, &ancestors, &replaced.all) else { return Err(AdmitError::Full) };
        self.judge(txid, &transaction, &coins, site.next_height, site.verifier)
            .map_err(|error| self.refuse(wtxid, error))?;

        let mut accepted = Accepted { txid, fee, replaced: Vec::new(), evicted: Vec::new(), adopted: Vec::new() };
        for conflict in replaced.direct {
            self.drop_family(conflict, DropReason::Replaced { by: txid }, &mut accepted.replaced);
        }
        for poor in leaving {
            self.drop_family(poor, DropReason::Evicted, &mut accepted.evicted);
        }
        self.orphans.remove(&txid);
        let coinbase_height = youngest_coinbase(&coins);
        self.entries.insert(Newcomer { transaction, fee, coinbase_height });
        Ok(Admission::Accepted(accepted))
    }

    /// Offers the orphans that had waited for a transaction, and those that had waited for them.
    pub(super) fn adopt<V: UtxoView>(&mut self, accepted: &mut Accepted, site: &Site<'_, V>) -> Result<(), V::Error> {
        let mut parents = VecDeque::from([accepted.txid]);
        while let Some(parent) = parents.pop_front() {
            for orphan in self.orphans.take_children_of(&parent) {
                match self.admit(orphan.transaction, orphan.source, site) {
                    Ok(Admission::Accepted(behind)) => {
                        parents.push_back(behind.txid);
                        accepted.adopted.push((behind.txid, behind.fee));
                        accepted.replaced.extend(behind.replaced);
                        accepted.evicted.extend(behind.evicted);
                    }
                    Err(AdmitError::Store(error)) => return Err(error),
                    // it waits for another parent, or is refused: nobody was promised anything
                    Ok(Admission::Orphaned { .. } | Admission::Known { .. }) | Err(_) => {}
                }
            }
        }
        Ok(())
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

    /// Judges a transaction by the rules and returns its fee.
    pub(super) fn judge(
        &self,
        txid: Txid,
        transaction: &Transaction,
        coins: &[Option<Coin>],
        next_height: u64,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Amount, RuleError> {
        check_transaction(&self.params, txid, transaction, coins, next_height, verifier)
    }

    /// Keeps a transaction whose coins are not all here, if they may still come.
    fn orphan<V: UtxoView>(
        &mut self,
        orphan: Orphan,
        coins: &[Option<Coin>],
        error: RuleError,
        view: &V,
    ) -> Result<Admission, AdmitError<V::Error>> {
        let transaction = &orphan.transaction;
        let txid = transaction.txid();
        let inputs = transaction.inputs.iter().zip(coins);
        let missing: BTreeSet<_> =
            inputs.filter(|(_, coin)| coin.is_none()).map(|(outpoint, _)| outpoint.txid).collect();
        // the parent is here and has no such output
        if missing.iter().any(|parent| self.contains(parent)) {
            return Err(AdmitError::Rule(error));
        }
        // its own coins on the chain say that a block holds it
        for (outpoint, _) in transaction.outpoints(txid) {
            if view.coin(&outpoint).map_err(AdmitError::Store)?.is_some() {
                return Err(AdmitError::AlreadyConfirmed { txid });
            }
        }
        self.orphans.insert(orphan);
        Ok(Admission::Orphaned { txid, missing: missing.into_iter().collect() })
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

/// Returns the height of the youngest coinbase among coins, 0 for none.
pub(super) fn youngest_coinbase(coins: &[Option<Coin>]) -> u64 {
    coins.iter().flatten().map(|coin| coin.coinbase_height).max().unwrap_or(0)
}
