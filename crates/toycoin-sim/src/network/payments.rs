//! Payments: who pays whom, and what becomes of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use toycoin_core::{Amount, CheckedBlock, FeeRate, Txid, wallet::PaymentStatus};
use toycoin_node::protocol::{Input, Request, RequestId, Response};

use crate::network::{Happening, Network};

/// All payments of a run.
#[derive(Debug, Default)]
pub(crate) struct Payments {
    /// The mean time between two of them; zero for none.
    pub(crate) mean: Duration,
    /// When the last is made.
    pub(crate) until: Duration,
    pub(crate) all: BTreeMap<Txid, Paid>,
    asked: BTreeMap<RequestId, (usize, Txid, bool)>,
}

/// One payment.
#[derive(Debug, Clone)]
pub(crate) struct Paid {
    pub(crate) by: usize,
    pub(crate) at: Duration,
    pub(crate) accepted: bool,
    pub(crate) confirmed_at: Option<Duration>,
    pub(crate) dropped: Option<String>,
}

/// How often a wallet tells its payments again to its own node.
const REPEAT: Duration = Duration::from_secs(20);

impl Network {
    pub(crate) fn plan_payment(&mut self) {
        if self.payments.mean > Duration::ZERO {
            let at = self.now + self.dice.payments.exponential(self.payments.mean);
            if at <= self.payments.until {
                self.queue.push(at, Happening::Pay);
            }
        }
    }

    /// Somebody whose node is up pays somebody.
    pub(crate) fn pay(&mut self) {
        self.plan_payment();
        let dice = &mut self.dice.payments;
        let (by, to) = (dice.index(self.nodes.len()), dice.index(self.nodes.len()));
        let grains = 1_000 + dice.below(1_000_000_000);
        let fee_rate = FeeRate::grains_per_byte(dice.below(4));
        let to = self.nodes[to].wallet.address();
        let site = &mut self.nodes[by];
        if !site.honest || site.machine.is_none() {
            return;
        }
        // whoever has nothing free at the moment does not pay
        let Ok(transaction) = site.wallet.pay(to, Amount::from_grains(grains), fee_rate) else { return };
        let (txid, at) = (transaction.txid(), self.now);
        let paid = Paid { by, at, accepted: false, confirmed_at: None, dropped: None };
        self.payments.all.entry(txid).or_insert(paid);
        self.statistics.payments += 1;
        self.submit(by, transaction, true);
    }

    fn submit(&mut self, node: usize, transaction: toycoin_core::Transaction, first: bool) {
        self.requests += 1;
        let id = RequestId(self.requests);
        self.payments.asked.insert(id, (node, transaction.txid(), first));
        self.node_input(node, Input::Request { id, request: Request::Submit(transaction) });
    }

    pub(crate) fn answered(&mut self, _: usize, id: RequestId, response: Response) {
        let Some((node, txid, first)) = self.payments.asked.remove(&id) else { return };
        let Response::Submitted(result) = response else { return };
        match result {
            Ok(_) => {
                if let Some(paid) = self.payments.all.get_mut(&txid) {
                    paid.accepted = true;
                }
            }
            // what was taken once is told until it is confirmed, whatever a node that lost its chain says to it
            Err(error) if first => {
                self.nodes[node].wallet.reject(&txid, &error.reason);
                self.statistics.payments_refused += 1;
            }
            Err(_) => {}
        }
    }

    /// A wallet tells all its pending payments again.
    pub(crate) fn repeat(&mut self, node: usize) {
        if self.nodes[node].machine.is_none() {
            return;
        }
        let pending: Vec<_> = self.nodes[node].wallet.pending().map(|payment| payment.transaction.clone()).collect();
        let known = |txid: &Txid| {
            self.nodes[node].machine.as_ref().and_then(|m| m.node()).is_some_and(|n| n.mempool().contains(txid))
        };
        let lost: Vec<_> = pending.into_iter().filter(|payment| !known(&payment.txid())).collect();
        for transaction in lost {
            self.submit(node, transaction, false);
        }
        self.queue.push(self.now + REPEAT, Happening::Repeat { node });
    }

    pub(crate) fn dropped(&mut self, node: usize, txid: Txid, reason: &str) {
        self.nodes[node].wallet.reject(&txid, reason);
        if let Some(paid) = self.payments.all.get_mut(&txid).filter(|paid| paid.by == node) {
            paid.dropped = Some(reason.to_owned());
        }
    }

    pub(crate) fn follow_payments(&mut self, node: usize, block: &Arc<CheckedBlock>) {
        for (txid, _) in block.transactions() {
            if let Some(paid) = self.payments.all.get_mut(&txid).filter(|paid| paid.by == node) {
                paid.confirmed_at.get_or_insert(self.now);
            }
        }
    }

    /// Returns how many accepted payments are neither confirmed by their payer's chain nor reported as dropped.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = (&Txid, &Paid)> {
        self.payments.all.iter().filter(|(txid, paid)| {
            let status = self.nodes[paid.by].wallet.payment(txid).map(|payment| &payment.status);
            paid.accepted && paid.dropped.is_none() && !matches!(status, Some(PaymentStatus::Confirmed { .. }))
        })
    }
}
