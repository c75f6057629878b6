//! Gossip of transactions: into the mempool, on to other relays, and again until they are confirmed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use toycoin_core::{IdentifiedTransaction, Rule, Txid, consensus::SignatureVerifier, store::ChainStore};
use toycoin_wire::node::NodeMessage;

use crate::{
    limits,
    machine::Monotonic,
    mempool::{Admission, AdmitError, DropReason},
    protocol::{
        Event, MuteReason, NodeMachine, SubmitError,
        backlog::Purpose,
        net::Net,
        peers::{PeerKey, up_to},
    },
    relay::ConnectionId,
};

/// Payments that were submitted here and are not confirmed yet.
///
/// They are published again at intervals, so that nodes that were offline at first receive them in the end.
#[derive(Debug, Default)]
pub(super) struct OwnPayments {
    /// When each payment is published again.
    next: BTreeMap<Txid, Monotonic>,
    /// Confirmed payments, the oldest first. A reorganisation may remove them from their blocks.
    confirmed: VecDeque<Txid>,
}

impl OwnPayments {
    #[cfg(feature = "test-util")]
    pub(super) fn len(&self) -> usize {
        self.next.len().max(self.confirmed.len())
    }

    pub(super) fn is_own(&self, txid: &Txid) -> bool {
        self.next.contains_key(txid)
    }

    /// Returns the payments that are published again at intervals.
    pub(super) fn repeated(&self) -> impl Iterator<Item = Txid> {
        self.next.keys().copied()
    }

    /// Returns the payments that are due to be published again.
    pub(super) fn due(&self, now: Monotonic) -> Vec<Txid> {
        self.next.iter().filter(|(_, at)| **at <= now).map(|(txid, _)| *txid).collect()
    }

    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.next.values().min().copied()
    }

    /// Plans to publish a payment again after about [`PAYMENT_REPEAT`](limits::PAYMENT_REPEAT).
    pub(super) fn repeat_later(&mut self, txid: Txid, net: &mut Net) {
        self.next.insert(txid, next_repeat(net));
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Validates a peer's transaction, and returns whether its signatures were verified.
    pub(super) fn judge_arrival(
        &mut self,
        peer: PeerKey,
        transaction: IdentifiedTransaction,
        verifier: &dyn SignatureVerifier,
    ) -> bool {
        let source = self.net.peers.get(&peer).map(|peer| peer.number);
        let txid = transaction.txid();
        match self.admit(transaction, source, Some(peer.0), verifier) {
            Ok(Admission::Orphaned { missing, .. }) => {
                // the parents of an orphan were requested when it came
                let parents = missing.into_iter().filter(|parent| !self.mempool.contains_orphan(parent));
                let parents: Vec<_> = parents.take(limits::TXIDS_A_MESSAGE).collect();
                if !parents.is_empty() {
                    self.net.send_to(peer, &NodeMessage::GetTransactions(parents));
                }
                false
            }
            Ok(Admission::Accepted(_)) => {
                if let Some(peer) = self.net.peers.get_mut(&peer) {
                    peer.note_payment();
                }
                true
            }
            Ok(Admission::Known { .. }) => false,
            Err(AdmitError::Store(error)) => {
                self.net.halt(&error.to_string());
                false
            }
            Err(error) => {
                tracing::debug!(%txid, %error, "transaction not taken");
                if let AdmitError::Rule(broken) = &error {
                    self.reject(peer, txid.to_bytes(), broken);
                }
                // a transaction that policy refuses, that is late, or that spends a spent coin costs its sender
                // nothing: nodes differ in policy and in what they heard first, and a node does not write what it
                // forwards
                let rule = error.broken_rule();
                if let Some(rule) = rule.filter(|_| error.is_misbehaviour()) {
                    self.mute(peer, MuteReason::BrokenRule(rule));
                }
                rule == Some(Rule::Signature)
            }
        }
    }

    /// Accepts a transaction from the embedder and publishes it. The outer error is the store's.
    pub(super) fn submit(&mut self, transaction: IdentifiedTransaction) -> Result<Result<Txid, SubmitError>, S::Error> {
        let txid = transaction.txid();
        if self.own_payments.next.len() >= limits::OWN_PAYMENTS {
            return Ok(Err(SubmitError::TooManyPending { limit: limits::OWN_PAYMENTS }));
        }
        match self.admit(transaction, None, None, self.chain.shared_verifier().as_ref()) {
            Ok(Admission::Accepted(_)) => self.own_payments.queue(txid, &mut self.net),
            Ok(Admission::Known { .. } | Admission::Orphaned { .. }) => {}
            Err(error) => return Ok(Err(error.of_transaction()?.into())),
        }
        self.own_payments.repeat_later(txid, &mut self.net);
        Ok(Ok(txid))
    }

    /// Submits a transaction to the mempool. One from a peer is forwarded once, on every connection but its own.
    pub(super) fn admit(
        &mut self,
        transaction: IdentifiedTransaction,
        source: Option<u64>,
        from: Option<ConnectionId>,
        verifier: &dyn SignatureVerifier,
    ) -> Result<Admission, AdmitError<S::Error>> {
        let next_height = self.chain.height() + 1;
        let store = self.chain.store();
        let mut admission = self.mempool.submit(transaction, source, store, next_height, verifier)?;
        if let Admission::Accepted(accepted) = &mut admission {
            let txid = accepted.txid;
            self.drops.remove(&txid);
            self.net.emit(Event::TransactionAccepted { txid, fee: accepted.fee });
            if let Some(from) = from {
                self.forward(txid, from);
            }
            let spent = self.mempool.coins_spent_by(&txid, self.chain.store()).map_err(AdmitError::Store)?;
            if let Some((transaction, spent)) = self.mempool.get(&txid).zip(spent) {
                self.chain.prepare(txid, transaction, &spent);
            }
            for (txid, reason) in accepted.replaced.iter().chain(&accepted.evicted) {
                self.on_dropped(*txid, reason.clone());
            }
            let unblocked = std::mem::take(&mut accepted.unblocked);
            self.offer_orphans(unblocked);
        }
        Ok(admission)
    }

    /// Publishes a transaction of the mempool on every connection but the one it came from.
    fn forward(&mut self, txid: Txid, from: ConnectionId) {
        let Some(transaction) = self.mempool.get(&txid) else { return };
        let message = NodeMessage::Transaction(transaction.clone());
        self.net.publish(Purpose::Forward, None, &message, |connection| connection != from);
    }

    /// Stops repeating our own payments that are confirmed.
    pub(super) fn own_payments_confirmed(&mut self) {
        let (mempool, own) = (&self.mempool, &mut self.own_payments);
        own.confirmed.extend(own.next.extract_if(.., |txid, _| !mempool.contains(txid)).map(|(txid, _)| txid));
        let too_many = own.confirmed.len().saturating_sub(limits::OWN_PAYMENTS);
        own.confirmed.drain(..too_many);
    }

    /// Remembers an own payment that is confirmed.
    pub(super) fn remember_confirmed(&mut self, txid: Txid) {
        self.own_payments.confirmed.push_back(txid);
        self.own_payments_confirmed();
    }

    /// Repeats own payments that returned to the mempool with a stale block, because perhaps no other node has them.
    pub(super) fn repeat_returned(&mut self, left: impl Iterator<Item = Txid>) {
        let (mempool, waits, own) = (&self.mempool, &self.waits, &mut self.own_payments);
        let back: BTreeSet<_> = left.filter(|txid| mempool.contains(txid)).collect();
        let waited_for = back.iter().copied().filter(|txid| waits.len() > 0 && waits.is_waited_for(txid));
        let mut repeated: BTreeSet<_> = waited_for.collect();
        repeated.extend(own.confirmed.iter().filter(|txid| back.contains(txid)));
        own.confirmed.retain(|txid| !back.contains(txid));
        // at the same time, so that parents are sent first
        let at = next_repeat(&mut self.net);
        self.own_payments.next.extend(repeated.into_iter().map(|txid| (txid, at)));
    }

    pub(super) fn on_dropped(&mut self, txid: Txid, reason: DropReason) {
        let own = self.own_payments.next.remove(&txid).is_some();
        self.end_waits(&txid, &reason);
        self.drops.insert(txid, own, reason.clone());
        self.net.emit(Event::TransactionDropped { txid, reason });
    }
}

/// Returns a random time at which a payment is published again.
fn next_repeat(net: &mut Net) -> Monotonic {
    let jitter = up_to(limits::PAYMENT_REPEAT, net.random());
    net.now.monotonic + limits::PAYMENT_REPEAT / 2 + jitter
}
