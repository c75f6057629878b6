//! The relay of transactions: each is judged once, then forwarded, kept as an orphan, or refused.

use std::{borrow::Cow, fmt::Display};

use toycoin_core::{
    IdentifiedTransaction, Rule, Txid,
    chain::{Chain, ChainError},
    consensus::SignatureVerifier,
    store::ChainStore,
};
use toycoin_wire::node::NodeMessage;

use super::{
    arrivals::{Arrival, Arrivals, Brought, DroppedGossip, cost},
    drops::Drops,
    own_payments::{self, OwnPayments},
    waits::{Waits, confirmed},
};
use crate::{
    limits,
    machine::Monotonic,
    mempool::{Admission, AdmitError, DropReason, Mempool, Orphan},
    protocol::{
        Event, Judgement, MuteReason, RequestId, Response, SubmitError, Ticket, TransactionOrigin, WaitError,
        backlog::Purpose, lanes::LaneKey, net::Net, peer_key::PeerKey,
    },
    relay::ConnectionId,
};

/// The mempool, the transactions on their way into it, and the memory of those that left it.
#[derive(Debug)]
pub(in crate::protocol) struct TransactionRelay {
    pub(super) pool: Mempool,
    pub(super) arrivals: Arrivals,
    pub(super) own: OwnPayments,
    pub(super) waits: Waits,
    pub(super) drops: Drops,
}

/// Who submits a transaction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sender {
    /// The embedder.
    Own,
    /// A peer.
    Peer { key: PeerKey, brought: Brought },
    /// The node itself, before it was last stopped.
    LastRun,
}

/// What became of a peer's transaction.
#[derive(Debug, Clone, Copy)]
struct Judged {
    judgement: Judgement,
    /// Whether its signatures were verified.
    was_verified: bool,
}

impl TransactionRelay {
    pub(in crate::protocol) fn new(pool: Mempool) -> Self {
        let (arrivals, own, waits, drops) = Default::default();
        Self { pool, arrivals, own, waits, drops }
    }

    pub(in crate::protocol) const fn pool(&self) -> &Mempool {
        &self.pool
    }

    /// Returns the payments that wait here: in the mempool, for their parents, or for validation.
    pub(in crate::protocol) fn payments(&self) -> impl Iterator<Item = &IdentifiedTransaction> {
        self.pool.waiting().chain(self.arrivals.iter())
    }

    /// Returns the number of those payments.
    pub(in crate::protocol) fn count_payments(&self) -> usize {
        self.pool.len() + self.pool.orphans() + self.arrivals.len()
    }

    /// Sets the time that transactions have as theirs when they enter the mempool.
    pub(in crate::protocol) const fn set_now(&mut self, now: Monotonic) {
        self.pool.set_now(now);
    }

    /// Returns when the next transaction may be validated, or an own payment is due to be sent again.
    pub(in crate::protocol) fn next_timeout(&self, now: Monotonic) -> Option<Monotonic> {
        self.arrivals.next_timeout(now).into_iter().chain(self.own.next_timeout()).min()
    }

    /// Processes a transaction from a peer.
    ///
    /// A `ticket` says that it was gossiped; the judgement follows at once or later.
    pub(in crate::protocol) fn on_transaction(
        &mut self,
        peer: PeerKey,
        transaction: Cow<'_, IdentifiedTransaction>,
        ticket: Option<Ticket>,
        net: &mut Net,
    ) {
        let txid = transaction.txid();
        // a transaction that was validated before costs nothing again
        if self.pool.contains(&txid) {
            net.missed.judged(peer, txid);
            return net.judge_any(ticket, Judgement::Ignore);
        }
        if let Some(rule) = self.pool.refused_for(&transaction.wtxid()) {
            net.judge_any(ticket, Judgement::Reject);
            return net.mute(peer, MuteReason::BrokenRule(rule));
        }
        let now = net.now.monotonic;
        let known = net.peers.get_mut(&peer);
        let Some(rank) = known.and_then(|known| known.signatures.take(cost(&transaction), now).then(|| known.rank()))
        else {
            self.arrivals.note_dropped();
            match ticket {
                Some(ticket) => miss(DroppedGossip { peer, txid, ticket }, net),
                None => net.missed.not_from(peer, [txid], now),
            }
            return;
        };
        let brought = match (ticket, net.missed.came(peer, txid, now)) {
            (Some(ticket), _) => Brought::ByGossip(ticket),
            (None, true) => Brought::AfterGossip,
            (None, false) => Brought::ByItself,
        };
        let transaction = transaction.into_owned();
        self.arrivals.push(peer, rank, Arrival { transaction, brought }, now);
        self.ignore_dropped(net);
    }

    /// Returns whether transactions may be asked for: fewer wait than one step validates.
    pub(in crate::protocol) fn has_room(&self) -> bool {
        self.arrivals.len() < limits::ADMISSION_TRANSACTIONS
    }

    /// Judges the tickets of transactions that were dropped unseen.
    fn ignore_dropped(&mut self, net: &mut Net) {
        self.arrivals.take_dropped_gossip().into_iter().for_each(|dropped| miss(dropped, net));
    }

    /// Queues orphans whose parents came, each under its sender's name. Orphans of senders that are gone or muted are
    /// dropped.
    pub(super) fn offer_orphans(&mut self, orphans: Vec<Orphan>, net: &Net) {
        if orphans.is_empty() {
            return;
        }
        let now = net.now.monotonic;
        let senders = net.peers.with_numbers(&orphans.iter().map(|orphan| orphan.source).collect());
        for Orphan { transaction, source } in orphans {
            if let Some((key, peer)) = senders.get(&source).filter(|(_, peer)| !peer.is_muted(now)) {
                self.arrivals.push(*key, peer.rank(), Arrival { transaction, brought: Brought::AfterGossip }, now);
            }
        }
    }

    /// Removes a muted peer's transactions that are not validated yet.
    pub(in crate::protocol) fn forget(&mut self, peer: &PeerKey, net: &mut Net) {
        self.arrivals.forget(peer);
        self.ignore_dropped(net);
        if let Some(known) = net.peers.get(peer) {
            self.pool.forget_orphans_of(known.number);
        }
    }

    /// Removes the arrivals of a connection that is gone.
    pub(in crate::protocol) fn forget_connection(&mut self, connection: ConnectionId) {
        self.arrivals.remove_connection(connection);
    }

    /// Validates a batch although more messages may wait, if the batch is full or has waited long enough. Returns whether
    /// it was.
    pub(in crate::protocol) fn admit_pressing<S: ChainStore<Error: Display>>(
        &mut self,
        net: &mut Net,
        chain: &mut Chain<S>,
    ) -> bool {
        let is_pressing = self.arrivals.is_pressing(net.now.monotonic);
        if is_pressing {
            self.admit_arrivals(net, chain);
        }
        is_pressing
    }

    /// Validates a batch of waiting transactions.
    pub(in crate::protocol) fn admit_arrivals<S: ChainStore<Error: Display>>(
        &mut self,
        net: &mut Net,
        chain: &mut Chain<S>,
    ) {
        let now = net.now.monotonic;
        let batch = self.arrivals.next_batch(now);
        self.ignore_dropped(net);
        if batch.transactions.is_empty() {
            return;
        }
        let verifier = chain.shared_verifier();
        let transactions = batch.transactions.iter().map(|(_, arrival)| &arrival.transaction);
        let ahead = self.pool.verify_ahead(transactions, chain.store(), chain.height() + 1, verifier.as_ref());
        let ahead = match ahead {
            Ok(ahead) => ahead,
            Err(error) => return net.halt(&error.to_string()),
        };
        if ahead.has_failed() {
            self.arrivals.charge_again(&batch, now);
        }
        for (peer, arrival) in batch.transactions {
            let (ticket, Arrival { transaction, brought }) = (arrival.ticket(), arrival);
            // transactions that a peer sent before it was muted are dropped too
            if net.halted || net.peers.is_muted(&peer, now) {
                if let Some(ticket) = ticket {
                    miss(DroppedGossip { peer, txid: transaction.txid(), ticket }, net);
                }
                continue;
            }
            let (cost, txid) = (cost(&transaction), transaction.txid());
            let judged = self.judge(peer, transaction, brought, &ahead, net, chain);
            net.judge_any(ticket, judged.judgement);
            if judged.judgement != Judgement::Reject {
                net.missed.judged(peer, txid);
            }
            if !judged.was_verified {
                self.arrivals.give_back(peer.0, cost);
            }
        }
    }

    /// Validates a peer's transaction.
    fn judge<S: ChainStore<Error: Display>>(
        &mut self,
        peer: PeerKey,
        transaction: IdentifiedTransaction,
        brought: Brought,
        verifier: &dyn SignatureVerifier,
        net: &mut Net,
        chain: &mut Chain<S>,
    ) -> Judged {
        let txid = transaction.txid();
        let ignored = Judged { judgement: Judgement::Ignore, was_verified: false };
        match self.admit(transaction, Sender::Peer { key: peer, brought }, verifier, net, chain) {
            Ok(Admission::Orphaned { missing, .. }) => {
                // the parents of an orphan were requested when it came
                let parents = missing.into_iter().filter(|parent| !self.pool.contains_orphan(parent));
                let parents: Vec<_> = parents.take(limits::TXIDS_A_MESSAGE).collect();
                if !parents.is_empty() {
                    net.send_to(peer, &NodeMessage::GetTransactions(parents));
                }
                ignored
            }
            Ok(Admission::Accepted(_)) => {
                if let Some(peer) = net.peers.get_mut(&peer) {
                    peer.note_payment();
                }
                Judged { judgement: Judgement::Accept, was_verified: true }
            }
            Ok(Admission::Known { .. }) => ignored,
            Err(AdmitError::Store(error)) => {
                net.halt(&error.to_string());
                ignored
            }
            Err(error) => {
                tracing::debug!(%txid, %error, "transaction not taken");
                if let AdmitError::Rule(broken) = &error {
                    net.reject(peer, txid.to_bytes(), broken);
                }
                // a transaction that policy refuses, that is late, or that spends a spent coin costs its sender
                // nothing: nodes differ in policy and in what they heard first, and a node does not write what it
                // forwards
                let rule = error.broken_rule();
                let mut judgement = Judgement::Ignore;
                if let Some(rule) = rule.filter(|_| error.is_misbehaviour()) {
                    net.mute(peer, MuteReason::BrokenRule(rule));
                    judgement = Judgement::Reject;
                }
                Judged { judgement, was_verified: rule == Some(Rule::Signature) }
            }
        }
    }

    /// Submits a transaction to the mempool. One from a peer is forwarded once, on every connection but its own.
    pub(super) fn admit<S: ChainStore>(
        &mut self,
        transaction: IdentifiedTransaction,
        sender: Sender,
        verifier: &dyn SignatureVerifier,
        net: &mut Net,
        chain: &mut Chain<S>,
    ) -> Result<Admission, AdmitError<S::Error>> {
        let (from, origin) = match sender {
            Sender::Own => (None, TransactionOrigin::Own),
            Sender::LastRun => (None, TransactionOrigin::Restored),
            Sender::Peer { key, brought } => (Some((key, brought)), TransactionOrigin::Peer { id: key.1 }),
        };
        let source = from.and_then(|(peer, _)| net.peers.get(&peer)).map(|peer| peer.number);
        let mut admission = self.pool.submit(transaction, source, chain.store(), chain.height() + 1, verifier)?;
        if let Admission::Accepted(accepted) = &mut admission {
            let txid = accepted.txid;
            self.drops.remove(&txid);
            self.accepted(txid, accepted.fee, origin, net);
            if let Some(((from, brought), transaction)) = from.zip(self.pool.get(&txid)) {
                let message = NodeMessage::Transaction(transaction.clone());
                net.publish(Purpose::Forward, None, &message, |connection| connection != from.0);
                match brought {
                    Brought::ByGossip(_) => {}
                    // what was not gossiped there is now
                    Brought::ByItself => net.gossip(Purpose::Forward, &message, |connection| connection == from.0),
                    // gossip has seen it, and would drop it
                    Brought::AfterGossip => own_payments::tell_others(txid, from, net),
                }
            }
            let spent = self.pool.coins_spent_by(&txid, chain.store()).map_err(AdmitError::Store)?;
            if let Some((transaction, spent)) = self.pool.get_identified(&txid).zip(spent) {
                chain.prepare(transaction, &spent);
            }
            for (txid, reason) in accepted.replaced.iter().chain(&accepted.evicted) {
                self.dropped(*txid, reason.clone(), net);
            }
            self.offer_orphans(std::mem::take(&mut accepted.unblocked), net);
        }
        Ok(admission)
    }

    /// Accepts a transaction from the embedder and publishes it. The outer error is the store's.
    pub(in crate::protocol) fn submit<S: ChainStore>(
        &mut self,
        transaction: IdentifiedTransaction,
        net: &mut Net,
        chain: &mut Chain<S>,
    ) -> Result<Result<Txid, SubmitError>, S::Error> {
        let txid = transaction.txid();
        if self.own.is_full() {
            return Ok(Err(SubmitError::TooManyPending { limit: limits::OWN_PAYMENTS }));
        }
        let verifier = chain.shared_verifier();
        match self.admit(transaction, Sender::Own, verifier.as_ref(), net, chain) {
            Ok(Admission::Accepted(_)) => self.own.publish(txid, net, &self.pool),
            Ok(Admission::Known { .. } | Admission::Orphaned { .. }) => {}
            Err(error) => return Ok(Err(error.of_transaction()?.into())),
        }
        self.own.repeat_later(txid, net);
        Ok(Ok(txid))
    }

    /// Submits a transaction, and makes the request wait for its confirmations. Returns the answer if there is one at
    /// once.
    pub(in crate::protocol) fn submit_and_wait<S: ChainStore>(
        &mut self,
        id: RequestId,
        transaction: IdentifiedTransaction,
        confirmations: u64,
        net: &mut Net,
        chain: &mut Chain<S>,
    ) -> Result<Option<Response>, ChainError<S::Error>> {
        // a transaction whose confirmations cannot be waited for is not submitted either
        if self.waits.is_full() {
            return Ok(Some(Response::NotConfirmed(WaitError::TooMany)));
        }
        match self.submit(transaction, net, chain).map_err(ChainError::Store)? {
            Ok(txid) | Err(SubmitError::Refused(AdmitError::AlreadyConfirmed { txid })) => {
                self.wait(id, txid, confirmations, chain)
            }
            Err(error) => Ok(Some(Response::Submitted(Err(error)))),
        }
    }

    /// Makes a request wait for confirmations. Returns the answer if there is one at once.
    pub(in crate::protocol) fn wait<S: ChainStore>(
        &mut self,
        id: RequestId,
        txid: Txid,
        confirmations: u64,
        chain: &Chain<S>,
    ) -> Result<Option<Response>, ChainError<S::Error>> {
        let wanted = confirmations.max(1);
        if let Some((block, _)) = chain.find_transaction(&txid)? {
            if let Some(confirmed) = confirmed(block, wanted, chain) {
                return Ok(Some(Response::Confirmed(confirmed)));
            }
        } else if !self.pool.contains(&txid) {
            let dropped = self.drops.reason(&txid).cloned().map(WaitError::Dropped);
            return Ok(Some(Response::NotConfirmed(dropped.unwrap_or(WaitError::Unknown { txid }))));
        }
        if self.waits.is_full() {
            return Ok(Some(Response::NotConfirmed(WaitError::TooMany)));
        }
        self.waits.insert(id, txid, wanted);
        Ok(None)
    }

    /// Ends a wait on request.
    pub(in crate::protocol) fn cancel(&mut self, id: RequestId, net: &mut Net) {
        self.waits.cancel(id, net);
    }

    /// Queues all own payments on a lane that has become ready.
    pub(in crate::protocol) fn queue_own(&self, lane: LaneKey, net: &mut Net) {
        self.own.queue_all(net, &self.pool, lane);
    }

    /// Queues the best of the mempool on a lane, parents first.
    pub(in crate::protocol) fn queue_best(&self, lane: LaneKey, net: &mut Net) {
        let now = net.now.monotonic;
        let best = self.pool.select(limits::NEWCOMER_PAYMENT_BYTES);
        if let Some(lane) = net.lane(lane) {
            best.iter().for_each(|transaction| lane.rebroadcast.push(transaction.txid(), now));
        }
    }

    /// Tells own payments again that are due.
    pub(in crate::protocol) fn rebroadcast_own(&mut self, net: &mut Net) {
        self.own.rebroadcast(net, &self.pool);
    }

    /// Remembers why a transaction left the mempool without a block, and tells those who wait for it.
    pub(super) fn dropped(&mut self, txid: Txid, reason: DropReason, net: &mut Net) {
        let own = self.own.remove(&txid);
        self.waits.end(&txid, &reason, net);
        self.drops.insert(txid, own, reason.clone());
        net.emit(Event::TransactionDropped { txid, reason });
    }

    /// Fills in the counts of what is held for strangers.
    #[cfg(feature = "test-util")]
    pub(in crate::protocol) fn count(&self, counts: &mut crate::protocol::Counts) {
        counts.arrivals = self.arrivals.len();
        counts.arrival_bytes = self.arrivals.bytes();
        counts.dropped_arrivals = self.arrivals.dropped();
        counts.most_orphans_of_a_peer = self.pool.most_orphans_of_a_peer();
        counts.own_payments = self.own.len();
        counts.waits = self.waits.len();
        counts.drops = self.drops.len();
    }
}

/// Judges a gossiped transaction that was dropped unseen. It is asked of others later, because gossip does not bring it
/// again.
fn miss(dropped: DroppedGossip, net: &mut Net) {
    net.judge(dropped.ticket, Judgement::Ignore);
    net.note_missed(dropped.peer, dropped.txid);
}
