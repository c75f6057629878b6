//! Own payments on their way to a relay: parents first, at a constant rate, and only while there is room.
//!
//! A node may have more pending payments than its transport can hold. So each connection has a queue of payments. A
//! token bucket limits its rate, so that other messages always find room.

use std::collections::{BTreeSet, VecDeque};

use toycoin_core::Txid;

use crate::{limits, machine::Monotonic, protocol::budget::TokenBucket};

/// The own payments that wait to be sent on a connection.
#[derive(Debug)]
pub(in crate::protocol) struct Rebroadcast {
    queue: VecDeque<Txid>,
    /// The same payments as a set, so that none is queued twice.
    queued: BTreeSet<Txid>,
    rate: TokenBucket,
    /// When the next payment is due; `None` while none waits or the connection has no room.
    next: Option<Monotonic>,
}

impl Rebroadcast {
    /// Returns the queue to all peers of a relay.
    pub(in crate::protocol) const fn to_all(now: Monotonic) -> Self {
        Self::new(TokenBucket::new(limits::OWN_PAYMENT_BURST, limits::OWN_PAYMENT_BYTES_PER_SECOND, now))
    }

    /// Returns the queue to one peer of a mesh. There are many of those, so each has a smaller rate.
    pub(in crate::protocol) const fn to_peer(now: Monotonic) -> Self {
        Self::new(TokenBucket::new(limits::OWN_PAYMENT_PEER_BURST, limits::OWN_PAYMENT_PEER_BYTES_PER_SECOND, now))
    }

    const fn new(rate: TokenBucket) -> Self {
        Self { queue: VecDeque::new(), queued: BTreeSet::new(), rate, next: None }
    }

    /// Appends a payment to the queue, unless it is already there.
    pub(super) fn push(&mut self, txid: Txid, now: Monotonic) {
        if self.queued.insert(txid) {
            self.queue.push_back(txid);
            self.next.get_or_insert(now);
        }
    }

    pub(super) fn pop(&mut self) {
        if let Some(txid) = self.queue.pop_front() {
            self.queued.remove(&txid);
        }
    }

    /// Returns the next payment, which is not due before it is planned again.
    pub(super) fn begin(&mut self) -> Option<Txid> {
        self.next = None;
        self.queue.front().copied()
    }

    /// Returns whether the next payment is due.
    pub(super) fn is_due(&self, now: Monotonic) -> bool {
        self.next.is_some_and(|next| next <= now)
    }

    /// Pays for a payment of so many bytes. Without enough tokens it returns false, and plans the payment for later.
    pub(super) fn may_send(&mut self, bytes: u64, now: Monotonic) -> bool {
        let may = self.rate.take(bytes, now);
        if !may {
            self.next = Some(self.rate.ready_at(bytes, now));
        }
        may
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
