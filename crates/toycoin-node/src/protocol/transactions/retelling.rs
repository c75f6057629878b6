//! Own payments on their way to a relay: parents first, at a constant rate, and only while there is room.
//!
//! A node may have more pending payments than its transport can hold. So each connection has a queue of payments. A
//! token bucket limits its rate, so that other messages always find room.

use std::collections::{BTreeSet, VecDeque};

use toycoin_core::Txid;
use toycoin_wire::node::NodeMessage;

use super::own_payments::OwnPayments;
use crate::{
    limits,
    machine::Monotonic,
    mempool::Mempool,
    protocol::{backlog::Purpose, budget::TokenBucket, net::Net},
    relay::ConnectionId,
};

/// The own payments that wait to be sent on a connection.
#[derive(Debug)]
pub(in crate::protocol) struct Retelling {
    queue: VecDeque<Txid>,
    /// The same payments as a set, so that none is queued twice.
    queued: BTreeSet<Txid>,
    rate: TokenBucket,
    /// When the next payment is due; `None` while none waits or the connection has no room.
    next: Option<Monotonic>,
}

impl Retelling {
    pub(in crate::protocol) const fn new(now: Monotonic) -> Self {
        let rate = TokenBucket::new(limits::OWN_PAYMENT_BURST, limits::OWN_PAYMENT_BYTES_PER_SECOND, now);
        Self { queue: VecDeque::new(), queued: BTreeSet::new(), rate, next: None }
    }

    /// Appends a payment to the queue, unless it is already there.
    fn push(&mut self, txid: Txid, now: Monotonic) {
        if self.queued.insert(txid) {
            self.queue.push_back(txid);
            self.next.get_or_insert(now);
        }
    }

    fn pop(&mut self) {
        if let Some(txid) = self.queue.pop_front() {
            self.queued.remove(&txid);
        }
    }

    /// Records that the connection took bytes, so there may be room again.
    pub(in crate::protocol) fn has_room_again(&mut self, now: Monotonic) {
        if !self.queue.is_empty() {
            self.next.get_or_insert(now);
        }
    }

    pub(in crate::protocol) const fn next_timeout(&self) -> Option<Monotonic> {
        self.next
    }

    /// Returns the number of waiting payments.
    #[cfg(feature = "test-util")]
    pub(in crate::protocol) fn len(&self) -> usize {
        self.queue.len()
    }
}

impl OwnPayments {
    /// Queues the payments that are due on all connections, and sends those whose turn it is.
    pub(super) fn retell(&mut self, net: &mut Net, mempool: &Mempool) {
        let now = net.now.monotonic;
        let due = self.due(now);
        for txid in &due {
            self.repeat_later(*txid, net);
        }
        for txid in mempool.parents_first(due) {
            self.queue(txid, net);
        }
        let has_turn = net.links.iter().filter(|(_, link)| link.retelling.next.is_some_and(|next| next <= now));
        let connections: Vec<_> = has_turn.map(|(connection, _)| *connection).collect();
        for connection in connections {
            retell_on(net, mempool, connection);
        }
    }

    /// Queues a payment on all connections.
    pub(super) fn queue(&self, txid: Txid, net: &mut Net) {
        for link in net.links.values_mut().filter(|link| link.ready) {
            link.retelling.push(txid, net.now.monotonic);
        }
    }

    /// Queues all payments on a connection that has become ready.
    pub(super) fn queue_all(&self, net: &mut Net, mempool: &Mempool, connection: ConnectionId) {
        let own = mempool.parents_first(self.repeated().collect());
        if let Some(link) = net.links.get_mut(&connection) {
            own.into_iter().for_each(|txid| link.retelling.push(txid, net.now.monotonic));
        }
    }
}

/// Sends own payments on a connection until no payment, no room or no token is left.
fn retell_on(net: &mut Net, mempool: &Mempool, connection: ConnectionId) {
    let now = net.now.monotonic;
    while let Some(link) = net.links.get_mut(&connection) {
        let retelling = &mut link.retelling;
        retelling.next = None;
        let Some(txid) = retelling.queue.front() else { return };
        let Some(transaction) = mempool.get(txid) else {
            // confirmed or dropped meanwhile
            retelling.pop();
            continue;
        };
        let length = transaction.size() + ENVELOPE;
        if !link.backlog.has_room(Purpose::OwnPayment, length) {
            // tried again when bytes are written
            return;
        }
        if !retelling.rate.take(length, now) {
            retelling.next = Some(retelling.rate.ready_at(length, now));
            return;
        }
        retelling.pop();
        let message = NodeMessage::Transaction(transaction.clone());
        net.publish(Purpose::OwnPayment, None, &message, |other| other == connection);
    }
}

/// Upper bound of the bytes around a payment in its frame.
const ENVELOPE: u64 = 256;
