//! The payments that were submitted here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use toycoin_core::Txid;
use toycoin_wire::node::NodeMessage;

use crate::{
    limits,
    machine::Monotonic,
    mempool::Mempool,
    protocol::{backlog::Purpose, lanes::LaneKey, net::Net, peer_key::PeerKey, peers::up_to},
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

    /// Returns whether no more payments may be submitted.
    pub(super) fn is_full(&self) -> bool {
        self.next.len() >= limits::OWN_PAYMENTS
    }

    /// Stops repeating the payments that are confirmed.
    pub(super) fn settle(&mut self, mempool: &Mempool) {
        self.confirmed.extend(self.next.extract_if(.., |txid, _| !mempool.contains(txid)).map(|(txid, _)| txid));
        let too_many = self.confirmed.len().saturating_sub(limits::OWN_PAYMENTS);
        self.confirmed.drain(..too_many);
    }

    /// Remembers a payment that is confirmed.
    pub(super) fn remember_confirmed(&mut self, txid: Txid, mempool: &Mempool) {
        self.confirmed.push_back(txid);
        self.settle(mempool);
    }

    /// Repeats payments that returned to the mempool with a stale block, because perhaps no other node has them: the
    /// confirmed own ones, and those that `is_waited_for`.
    pub(super) fn repeat_returned(
        &mut self,
        back: &BTreeSet<Txid>,
        is_waited_for: impl Fn(&Txid) -> bool,
        net: &mut Net,
    ) {
        let mut repeated: BTreeSet<_> = back.iter().copied().filter(is_waited_for).collect();
        repeated.extend(self.confirmed.iter().filter(|txid| back.contains(txid)));
        self.confirmed.retain(|txid| !back.contains(txid));
        // at the same time, so that parents are sent first
        let at = next_repeat(net);
        self.next.extend(repeated.into_iter().map(|txid| (txid, at)));
    }

    /// Removes a payment that was dropped. Returns whether it was one of our own.
    pub(super) fn remove(&mut self, txid: &Txid) -> bool {
        self.next.remove(txid).is_some()
    }

    /// Queues the payments that are due on all connections, and sends those whose turn it is.
    pub(super) fn rebroadcast(&mut self, net: &mut Net, mempool: &Mempool) {
        let now = net.now.monotonic;
        let due = self.due(now);
        for txid in &due {
            self.repeat_later(*txid, net);
        }
        for txid in mempool.parents_first(due) {
            self.queue(txid, net);
        }
        let has_turn = net.lanes().filter(|(_, lane)| lane.rebroadcast.is_due(now));
        let lanes: Vec<_> = has_turn.map(|(key, _)| key).collect();
        for lane in lanes {
            rebroadcast_on(net, mempool, lane);
        }
    }

    /// Publishes a new payment: it is queued on the lanes of relays, and gossiped on meshes.
    pub(super) fn publish(&self, txid: Txid, net: &mut Net, mempool: &Mempool) {
        let now = net.now.monotonic;
        for (_, lane) in net.lanes().filter(|(key, _)| key.to.is_none()) {
            lane.rebroadcast.push(txid, now);
        }
        if let Some(transaction) = mempool.get(&txid) {
            net.gossip(Purpose::OwnPayment, &NodeMessage::Transaction(transaction.clone()), |_| true);
        }
    }

    /// Queues a payment on all lanes. Gossip drops what it has seen, so each peer of a mesh is told by itself.
    fn queue(&self, txid: Txid, net: &mut Net) {
        let now = net.now.monotonic;
        for (_, lane) in net.lanes() {
            lane.rebroadcast.push(txid, now);
        }
    }

    /// Queues all payments on a lane that has become ready.
    pub(super) fn queue_all(&self, net: &mut Net, mempool: &Mempool, lane: LaneKey) {
        let (own, now) = (mempool.parents_first(self.repeated().collect()), net.now.monotonic);
        if let Some(lane) = net.lane(lane) {
            own.into_iter().for_each(|txid| lane.rebroadcast.push(txid, now));
        }
    }
}

/// Queues a payment on the lanes of a mesh but the one to the peer that brought it.
pub(super) fn tell_others(txid: Txid, from: PeerKey, net: &mut Net) {
    let now = net.now.monotonic;
    let is_other = |key: &LaneKey| key.connection == from.0 && key.to.is_some_and(|to| to != from.1);
    for (_, lane) in net.lanes().filter(|(key, _)| is_other(key)) {
        lane.rebroadcast.push(txid, now);
    }
}

/// Sends own payments on a lane until no payment, no room or no token is left.
fn rebroadcast_on(net: &mut Net, mempool: &Mempool, key: LaneKey) {
    let now = net.now.monotonic;
    while let Some(link) = net.links.get_mut(&key.connection) {
        let Some(lane) = link.lanes.get_mut(&key.to) else { return };
        let Some(txid) = lane.rebroadcast.begin() else { return };
        let Some(transaction) = mempool.get(&txid) else {
            // confirmed or dropped meanwhile
            lane.rebroadcast.pop();
            continue;
        };
        let length = transaction.size() + limits::MAX_ENVELOPE_BYTES;
        if !link.has_room(Purpose::OwnPayment, length) {
            // tried again when bytes are written
            return;
        }
        let Some(lane) = link.lanes.get_mut(&key.to) else { return };
        if !lane.rebroadcast.may_send(length, now) {
            return;
        }
        lane.rebroadcast.pop();
        let message = NodeMessage::Transaction(transaction.clone());
        net.publish(Purpose::OwnPayment, key.to, &message, |other| other == key.connection);
    }
}

/// Returns a random time at which a payment is published again.
fn next_repeat(net: &mut Net) -> Monotonic {
    let jitter = up_to(limits::PAYMENT_REPEAT, net.random());
    net.now.monotonic + limits::PAYMENT_REPEAT / 2 + jitter
}
