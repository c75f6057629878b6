//! Persistence of waiting transactions. They are saved when the node ends and after each reorganisation, and restored
//! when it starts.
//!
//! Transactions that a reorganisation brought back are marked, because perhaps no other node has them. They are judged
//! again as when they came back, so policy does not refuse them after a restart.

use std::collections::BTreeSet;

use toycoin_core::{
    IdentifiedTransaction, RuleError,
    chain::ChainError,
    store::{ChainStore, WaitingTransaction},
};

use crate::{
    mempool::{Admission, AdmitError, DropReason},
    protocol::NodeMachine,
};

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Saves the waiting transactions for the next start, makes everything durable, and ends the node.
    ///
    /// # Errors
    /// When the store fails. A store that had failed before is not written.
    pub fn finish(mut self) -> Result<(), ChainError<S::Error>> {
        // the last move of the tip may still bring back transactions
        while !self.net.halted && self.following.is_some() {
            self.follow();
        }
        if self.net.halted {
            return Ok(());
        }
        let waiting = self.mempool.in_arrival_order().into_iter();
        let waiting = waiting.map(|(transaction, returned)| self.waiting(transaction, returned)).collect();
        self.chain.keep_waiting(waiting)?;
        self.chain.sync()
    }

    /// Saves the transactions that came back, and our own payments, with all their ancestors. So a node that is killed
    /// restores them too.
    pub(super) fn keep_returned(&mut self) {
        let mut kept = Vec::new();
        let mut wanted = BTreeSet::new();
        // children before parents, so that each parent is known to be needed when its turn comes
        for (transaction, returned) in self.mempool.in_arrival_order().into_iter().rev() {
            let txid = transaction.txid();
            if returned || wanted.contains(&txid) || self.own_payments.is_own(&txid) {
                wanted.extend(transaction.inputs.iter().map(|input| input.txid));
                kept.push(self.waiting(transaction, returned));
            }
        }
        kept.reverse();
        if let Err(error) = self.chain.keep_waiting(kept) {
            self.net.halt(&error.to_string());
        }
    }

    fn waiting(&self, transaction: &IdentifiedTransaction, returned: bool) -> WaitingTransaction {
        let own = self.own_payments.is_own(&transaction.txid());
        WaitingTransaction { transaction: transaction.transaction().clone(), own, returned }
    }

    /// Restores the waiting transactions of the last run, each judged again. Dropped ones are reported.
    pub(super) fn take_up_waiting(&mut self) {
        let waiting = match self.chain.store().waiting() {
            Ok(waiting) => waiting,
            Err(error) => return self.net.halt(&error.to_string()),
        };
        let mut lost = BTreeSet::new();
        for WaitingTransaction { transaction, own, returned } in waiting {
            let transaction = IdentifiedTransaction::from(transaction);
            let txid = transaction.txid();
            let lost_parent = transaction.inputs.iter().map(|input| input.txid).find(|parent| lost.contains(parent));
            let taken = match self.chain.find_transaction(&txid) {
                Ok(Some(_)) => {
                    // a block already holds it, and a reorganisation may remove that block
                    if own {
                        self.remember_confirmed(txid);
                    }
                    continue;
                }
                Ok(None) if returned => self.take_up_returned(transaction),
                Ok(None) => self.take_up_policed(transaction),
                Err(error) => Err(error.to_string()),
            };
            match taken {
                Ok(None) if own => self.own_payments.repeat_later(txid, &mut self.net),
                Ok(None) => {}
                Ok(Some(reason)) => {
                    lost.insert(txid);
                    let reason = match (reason, lost_parent) {
                        (DropReason::CoinsGone, Some(parent)) => DropReason::ParentDropped { parent },
                        (reason, _) => reason,
                    };
                    tracing::info!(%txid, %reason, "a payment that waited is not taken up again");
                    self.on_dropped(txid, reason);
                }
                Err(error) => return self.net.halt(&error),
            }
        }
        let dropped = self.mempool.keep_within_bound();
        for (txid, reason) in dropped {
            self.on_dropped(txid, reason);
        }
    }

    fn take_up_returned(&mut self, transaction: IdentifiedTransaction) -> Result<Option<DropReason>, String> {
        let (next_height, verifier) = (self.chain.height() + 1, self.chain.shared_verifier());
        let taken = self.mempool.take_up_returned(transaction, self.chain.store(), next_height, verifier.as_ref());
        Ok(taken.map_err(|error| error.to_string())?.err())
    }

    fn take_up_policed(&mut self, transaction: IdentifiedTransaction) -> Result<Option<DropReason>, String> {
        let refused = match self.admit(transaction, None, None, self.chain.shared_verifier().as_ref()) {
            Ok(Admission::Accepted(_) | Admission::Known { .. }) => return Ok(None),
            // without a source the orphan pool keeps nothing
            Ok(Admission::Orphaned { .. }) => return Ok(Some(DropReason::CoinsGone)),
            Err(error) => error.of_transaction().map_err(|error| error.to_string())?,
        };
        Ok(Some(match refused {
            AdmitError::Rule(RuleError::CoinExists { .. }) | AdmitError::UnknownParents { .. } => DropReason::CoinsGone,
            AdmitError::Rule(error) => DropReason::Invalid(error),
            AdmitError::Conflict { with, .. } => DropReason::Conflict { with },
            AdmitError::Full => DropReason::Evicted,
            other => DropReason::Refused(other),
        }))
    }
}
