//! Persistence of waiting transactions. They are saved when the node ends and after each reorganisation, and restored
//! when it starts.
//!
//! Transactions that a reorganisation brought back are marked, because perhaps no other node has them. They are judged
//! again as when they came back, so policy does not refuse them after a restart.

use std::{collections::BTreeSet, fmt::Display};

use toycoin_core::{
    IdentifiedTransaction, RuleError,
    chain::{Chain, ChainError},
    store::{ChainStore, WaitingTransaction},
};

use super::relay::{Sender, TransactionRelay};
use crate::{
    mempool::{Admission, AdmitError, DropReason},
    protocol::{TransactionOrigin, net::Net},
};

impl TransactionRelay {
    /// Saves all waiting transactions for the next start.
    pub(in crate::protocol) fn keep_all<S: ChainStore>(
        &self,
        chain: &mut Chain<S>,
    ) -> Result<(), ChainError<S::Error>> {
        let waiting = self.pool.in_arrival_order().into_iter();
        chain.keep_waiting(waiting.map(|(transaction, returned)| self.waiting(transaction, returned)).collect())
    }

    /// Saves the transactions that came back, and our own payments, with all their ancestors. So a node that is killed
    /// restores them too.
    pub(in crate::protocol) fn keep_returned<S: ChainStore<Error: Display>>(
        &self,
        net: &mut Net,
        chain: &mut Chain<S>,
    ) {
        let mut kept = Vec::new();
        let mut wanted = BTreeSet::new();
        // children before parents, so that each parent is known to be needed when its turn comes
        for (transaction, returned) in self.pool.in_arrival_order().into_iter().rev() {
            let txid = transaction.txid();
            if returned || wanted.contains(&txid) || self.own.is_own(&txid) {
                wanted.extend(transaction.inputs.iter().map(|input| input.txid));
                kept.push(self.waiting(transaction, returned));
            }
        }
        kept.reverse();
        if let Err(error) = chain.keep_waiting(kept) {
            net.halt(&error.to_string());
        }
    }

    fn waiting(&self, transaction: &IdentifiedTransaction, returned: bool) -> WaitingTransaction {
        let own = self.own.is_own(&transaction.txid());
        WaitingTransaction { transaction: transaction.transaction().clone(), own, returned }
    }

    /// Restores the waiting transactions of the last run, each judged again. Dropped ones are reported.
    pub(in crate::protocol) fn restore<S: ChainStore<Error: Display>>(&mut self, net: &mut Net, chain: &mut Chain<S>) {
        let waiting = match chain.store().waiting() {
            Ok(waiting) => waiting,
            Err(error) => return net.halt(&error.to_string()),
        };
        let mut lost = BTreeSet::new();
        for WaitingTransaction { transaction, own, returned } in waiting {
            let transaction = IdentifiedTransaction::from(transaction);
            let txid = transaction.txid();
            let lost_parent = transaction.inputs.iter().map(|input| input.txid).find(|parent| lost.contains(parent));
            let taken = match chain.find_transaction(&txid) {
                Ok(Some(_)) => {
                    // a block already holds it, and a reorganisation may remove that block
                    if own {
                        self.own.remember_confirmed(txid, &self.pool);
                    }
                    continue;
                }
                Ok(None) if returned => self.restore_returned(transaction, net, chain),
                Ok(None) => self.restore_by_policy(transaction, net, chain),
                Err(error) => Err(error.to_string()),
            };
            match taken {
                Ok(None) if own => self.own.repeat_later(txid, net),
                Ok(None) => {}
                Ok(Some(reason)) => {
                    lost.insert(txid);
                    let reason = match (reason, lost_parent) {
                        (DropReason::CoinsGone, Some(parent)) => DropReason::ParentDropped { parent },
                        (reason, _) => reason,
                    };
                    tracing::info!(%txid, %reason, "a payment that waited is not restored");
                    self.dropped(txid, reason, net);
                }
                Err(error) => return net.halt(&error),
            }
        }
        let dropped = self.pool.keep_within_bound();
        self.all_dropped(dropped, net);
    }

    fn restore_returned<S: ChainStore<Error: Display>>(
        &mut self,
        transaction: IdentifiedTransaction,
        net: &mut Net,
        chain: &Chain<S>,
    ) -> Result<Option<DropReason>, String> {
        let (next_height, verifier) = (chain.height() + 1, chain.shared_verifier());
        let txid = transaction.txid();
        let taken = self.pool.restore_returned(transaction, chain.store(), next_height, verifier.as_ref());
        match taken.map_err(|error| error.to_string())? {
            Ok(fee) => {
                self.accepted(txid, fee, TransactionOrigin::Restored, net);
                Ok(None)
            }
            Err(reason) => Ok(Some(reason)),
        }
    }

    fn restore_by_policy<S: ChainStore<Error: Display>>(
        &mut self,
        transaction: IdentifiedTransaction,
        net: &mut Net,
        chain: &mut Chain<S>,
    ) -> Result<Option<DropReason>, String> {
        let verifier = chain.shared_verifier();
        let refused = match self.admit(transaction, Sender::LastRun, verifier.as_ref(), net, chain) {
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
