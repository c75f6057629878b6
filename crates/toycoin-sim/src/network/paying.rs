//! Which wallet pays which, and what becomes of each payment.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use toycoin_core::{
    Address, Amount, BuildError, CheckedBlock, FeeRate, Transaction, TransactionBuilder, Txid, utxo::Coin,
    wallet::PaymentStatus,
};
use toycoin_node::protocol::{Input, Request, RequestId, Response};

use crate::{
    network::{Happening, Network, payments::Paid},
    spending::SpendingPattern,
};

/// Interval at which a wallet resubmits its pending payments to its own node.
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

    /// Makes a randomly drawn wallet pay in its pattern, if its node is honest and up.
    pub(crate) fn pay_at_random(&mut self) {
        self.plan_payment();
        let payers = self.payments.payers.map_or(self.nodes.len(), |payers| payers.min(self.nodes.len()));
        if payers == 0 {
            return;
        }
        let dice = &mut self.dice.payments;
        let (by, to) = (dice.index(payers), dice.index(payers));
        let amount = self.nodes[by].spending.draw(dice);
        if !self.nodes[by].honest || self.nodes[by].machine.is_none() {
            return;
        }
        match self.nodes[by].spending.pattern {
            SpendingPattern::Silent => {}
            SpendingPattern::Single => drop(self.pay_once(by, self.nodes[to].wallet.address(), amount)),
            SpendingPattern::Burst(count) => {
                for _ in 0..count {
                    let to = self.dice.payments.index(payers);
                    let amount = self.nodes[by].spending.draw(&mut self.dice.payments);
                    self.pay_once(by, self.nodes[to].wallet.address(), amount);
                }
            }
            SpendingPattern::Wide(count) => self.pay_many(by, amount, count),
            SpendingPattern::Chain(length) => self.pay_in_a_row(by, to, amount, length),
            SpendingPattern::DoubleSpend => {
                let at = self.another(by);
                self.pay_twice(by, at, to, amount);
            }
            SpendingPattern::Halves(count) => {
                let at = self.another(by);
                for _ in 0..count {
                    let amount = self.nodes[by].spending.draw(&mut self.dice.payments);
                    self.pay_twice(by, at, to, amount);
                }
            }
        }
    }

    /// Makes one payment, unless the wallet has no free coins at the moment.
    fn pay_once(&mut self, by: usize, to: Address, (grains, fee_rate): (u64, u64)) -> Option<Transaction> {
        self.pay_to(by, to, Amount::from_grains(grains), FeeRate::grains_per_byte(fee_rate)).ok()
    }

    /// Makes one payment and submits it to the wallet's own node.
    ///
    /// # Errors
    /// When the wallet has too few free coins at the moment.
    pub(crate) fn pay_to(
        &mut self,
        by: usize,
        to: Address,
        amount: Amount,
        fee_rate: FeeRate,
    ) -> Result<Transaction, BuildError> {
        let transaction = self.nodes[by].wallet.pay(to, amount, fee_rate)?;
        self.submit_payment(by, &transaction);
        Ok(transaction)
    }

    /// Submits a wallet's payment to its own node.
    pub(crate) fn submit_payment(&mut self, by: usize, payment: &Transaction) {
        self.note_payment(by, by, payment, false);
        self.submit(by, payment.clone(), true);
    }

    /// Pays `count` random keys, which belong to nobody, in one transaction from the coin of the highest value.
    fn pay_many(&mut self, by: usize, (grains, fee_rate): (u64, u64), count: usize) {
        let key = crate::params::wallet_key(by);
        let waiting = |txid: &Txid| self.node(by).is_some_and(|node| node.mempool().contains(txid));
        let coins = self.nodes[by].wallet.spendable().filter(|(outpoint, _)| !waiting(&outpoint.txid));
        let Some(coin) = coins.max_by_key(|(outpoint, coin)| (coin.output.value, *outpoint)) else { return };
        let builder = TransactionBuilder::new(&self.params).spend([coin]);
        let builder = builder.fee_rate(FeeRate::grains_per_byte(fee_rate));
        let builder = (0..count).fold(builder, |builder, _| {
            let owner = toycoin_core::PublicKey::from_bytes(self.dice.payments.bytes());
            builder.pay(self.params.address(owner), Amount::from_grains(grains))
        });
        let Ok(payment) = builder.sign(&key) else { return };
        self.note_payment(by, by, &payment, true);
        self.submit(by, payment, true);
    }

    /// Pays a key of its own, then makes a chain of payments from the unconfirmed output and change.
    fn pay_in_a_row(&mut self, by: usize, to: usize, amount: (u64, u64), length: usize) {
        // a key other than the wallet's, so that no coin is spent without the wallet's knowledge
        let key = crate::params::change_key(by);
        let own = self.params.address(key.public_key());
        let to = self.nodes[to].wallet.address();
        let fee_rate = FeeRate::grains_per_byte(amount.1);
        let mut last = self.pay_once(by, own, amount);
        for _ in 1..length {
            let Some(parent) = last.take() else { return };
            let txid = parent.txid();
            let mine = parent.outpoints(txid).filter(|(_, output)| output.owner == own.owner());
            let coins = mine.map(|(outpoint, output)| (outpoint, Coin { output: *output, coinbase_height: 0 }));
            let builder = TransactionBuilder::new(&self.params).spend(coins);
            let builder = builder.pay(to, Amount::from_grains(1_000)).fee_rate(fee_rate);
            // the chain ends when the rest is too small
            let Ok(child) = builder.sign(&key) else { return };
            self.note_payment(by, by, &child, true);
            self.submit(by, child.clone(), true);
            last = Some(child);
        }
    }

    /// Draws a node other than this one, if there is one.
    fn another(&mut self, node: usize) -> usize {
        let count = self.nodes.len();
        (node + 1 + self.dice.payments.index(count.saturating_sub(1))) % count
    }

    /// Double spends: one payment goes to the wallet's own node, and a rival of it first reaches the node `at`.
    fn pay_twice(&mut self, by: usize, at: usize, to: usize, amount: (u64, u64)) {
        let count = self.nodes.len();
        let coins: BTreeMap<_, _> = self.nodes[by].wallet.spendable().collect();
        let Some(one) = self.pay_once(by, self.nodes[to].wallet.address(), amount) else { return };
        let rival = self.nodes[(to + 1) % count].wallet.address();
        let builder = TransactionBuilder::new(&self.params)
            .spend(one.inputs.iter().filter_map(|outpoint| Some((*outpoint, *coins.get(outpoint)?))))
            .pay(rival, Amount::from_grains(amount.0))
            .fee_rate(FeeRate::grains_per_byte(amount.1));
        let Ok(other) = builder.sign(&crate::params::wallet_key(by)) else { return };
        if at == by || !self.nodes[at].honest || self.nodes[at].machine.is_none() || other.txid() == one.txid() {
            return;
        }
        self.statistics.double_spends += 1;
        self.note_payment(by, at, &other, true);
        self.submit(at, other, true);
    }

    /// Records a payment; `apart` means that no wallet tracks it.
    fn note_payment(&mut self, by: usize, node: usize, transaction: &Transaction, apart: bool) {
        self.statistics.payments += 1;
        let paid = Paid {
            by,
            node,
            number: self.statistics.payments,
            at: self.now,
            accepted: false,
            confirmed_at: None,
            dropped: None,
            apart: apart.then(|| transaction.clone()),
        };
        self.payments.all.entry(transaction.txid()).or_insert(paid);
    }

    fn submit(&mut self, node: usize, transaction: Transaction, first: bool) {
        self.requests += 1;
        let id = RequestId(self.requests);
        self.payments.asked.insert(id, (node, transaction.txid(), first));
        self.node_input(node, Input::Request { id, request: Request::Submit(transaction) });
    }

    pub(crate) fn answered(&mut self, _: usize, id: RequestId, response: Response) {
        if self.outside.0 == Some(id) {
            self.outside.1 = Some(response);
            return;
        }
        let Some((node, txid, first)) = self.payments.asked.remove(&id) else { return };
        let Response::Submitted(result) = response else { return };
        match result {
            Ok(_) => {
                if let Some(paid) = self.payments.all.get_mut(&txid) {
                    paid.accepted = true;
                    if first {
                        // the same payment may have been dropped before
                        (paid.at, paid.dropped) = (self.now, None);
                    }
                }
            }
            // a payment that was accepted once is resubmitted until it confirms, even if a node that lost its chain
            // rejects it
            Err(error) if first => {
                self.nodes[node].wallet.reject(&txid, &error.to_string());
                self.statistics.payments_refused += 1;
            }
            Err(error) => {
                // a payment that no wallet tracks is lost once another transaction has spent its coins
                if self.payments.all.get(&txid).is_some_and(|paid| self.is_superseded(paid))
                    && let Some(paid) = self.payments.all.get_mut(&txid)
                {
                    paid.dropped.get_or_insert(error.to_string());
                }
            }
        }
    }

    /// Returns whether an input of a payment that no wallet tracks was spent, or will never exist.
    fn is_superseded(&self, paid: &Paid) -> bool {
        let Some(chain) = self.node(paid.node).map(|node| node.chain()) else { return false };
        paid.apart.iter().flat_map(|transaction| &transaction.inputs).any(|outpoint| {
            let is_coin = chain.coin(outpoint).is_ok_and(|coin| coin.is_some());
            let has_parent = chain.find_transaction(&outpoint.txid).is_ok_and(|place| place.is_some());
            let is_parent_lost = self.payments.all.get(&outpoint.txid).is_some_and(|parent| parent.dropped.is_some());
            !is_coin && (has_parent || is_parent_lost)
        })
    }

    /// Resubmits all unconfirmed payments to a node: its wallet's, and those that no wallet tracks.
    pub(crate) fn repeat(&mut self, node: usize) {
        if self.nodes[node].machine.is_none() {
            return;
        }
        let pending: Vec<_> = self.nodes[node].wallet.pending().map(|payment| payment.transaction.clone()).collect();
        let apart = self.payments.all.iter().filter(|(_, paid)| paid.node == node && paid.apart.is_some());
        let apart = apart.filter(|(txid, paid)| self.is_open(txid, paid));
        let mut apart: Vec<_> = apart.filter_map(|(_, paid)| Some((paid.number, paid.apart.clone()?))).collect();
        apart.sort_by_key(|(number, _)| *number);
        let told = pending.into_iter().chain(apart.into_iter().map(|(_, transaction)| transaction));
        let known = |txid: &Txid| self.node(node).is_some_and(|node| node.mempool().contains(txid));
        let lost: Vec<_> = told.filter(|payment| !known(&payment.txid())).collect();
        for transaction in lost {
            self.submit(node, transaction, false);
        }
        self.queue.push(self.now + REPEAT, Happening::Repeat { node });
    }

    pub(crate) fn dropped(&mut self, node: usize, txid: Txid, reason: &str) {
        self.nodes[node].wallet.reject(&txid, reason);
        if let Some(paid) = self.payments.all.get_mut(&txid).filter(|paid| paid.node == node) {
            paid.dropped = Some(reason.to_owned());
        }
    }

    pub(crate) fn follow_payments(&mut self, node: usize, block: &Arc<CheckedBlock>) {
        for (txid, _) in block.transactions() {
            if let Some(paid) = self.payments.all.get_mut(&txid).filter(|paid| paid.node == node) {
                paid.confirmed_at.get_or_insert(self.now);
            }
        }
    }

    /// Returns the payments that a node accepted and that are neither confirmed on its chain nor reported as dropped.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = (&Txid, &Paid)> {
        self.payments.all.iter().filter(|(txid, paid)| self.is_open(txid, paid))
    }

    /// Returns an [unsettled](Self::unsettled) payment: the one of an earlier answer if it still is one.
    pub(crate) fn first_unsettled(&self, before: Option<Txid>) -> Option<Txid> {
        let is_open = |txid: &Txid| self.payments.all.get(txid).is_some_and(|paid| self.is_open(txid, paid));
        before.filter(is_open).or_else(|| self.unsettled().next().map(|(txid, _)| *txid))
    }

    fn is_open(&self, txid: &Txid, paid: &Paid) -> bool {
        if !paid.accepted || paid.dropped.is_some() {
            return false;
        }
        match self.nodes[paid.by].wallet.payment(txid).map(|payment| &payment.status) {
            Some(PaymentStatus::Confirmed { .. } | PaymentStatus::Rejected { .. }) => false,
            Some(PaymentStatus::Pending) => true,
            None => {
                let chain = self.node(paid.node).map(|node| node.chain());
                !chain.is_some_and(|chain| chain.find_transaction(txid).is_ok_and(|place| place.is_some()))
            }
        }
    }
}
