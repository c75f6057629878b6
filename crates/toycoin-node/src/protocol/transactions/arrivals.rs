//! Transactions from peers that wait for validation.
//!
//! ```text
//!   TXN ───────────────▶ a queue per connection   ─▶ one batch per step ─▶ mempool ─┬▶ forwarded
//!   orphans whose    ──▶ shared fairly by sender       while the budget lasts       ├▶ kept as an orphan
//!   parents came                                                                    └▶ refused
//! ```
//!
//! Verifying signatures is the most expensive work that a stranger can cause with a few bytes, and a node id costs
//! nothing. So unconfirmed transactions are validated only when there is no other work. The number of signatures is
//! bounded per step, and a token bucket bounds it per second and connection, over all its peers. Cheap transactions and
//! senders of earlier valid payments go first. Overload drops transactions and counts them; it never mutes a peer.
//!
//! A batch of signatures is several times faster to verify than single ones. So a transaction waits a moment: until
//! there is no other work (a waiting transaction is an immediate timeout), or until the batch is full.

use std::collections::BTreeMap;

use toycoin_core::{IdentifiedTransaction, Transaction, Txid};

use super::fair_queue::{FairQueue, Queued, Rank};
use crate::{
    limits,
    machine::Monotonic,
    protocol::{Ticket, budget::TokenBucket, peer_key::PeerKey},
    relay::ConnectionId,
};

/// Transactions that arrived and are not validated yet.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    lanes: BTreeMap<ConnectionId, Lane>,
    /// Sums over all connections, since nearly every input asks whether something waits.
    waiting: Waiting,
    /// The connection whose transaction was taken last. The next one in order goes first.
    last: Option<ConnectionId>,
    /// When the present wait for validation began.
    since: Monotonic,
    dropped: u64,
    /// Those that were gossiped and dropped, until their tickets are judged.
    dropped_gossip: Vec<DroppedGossip>,
}

/// A transaction that waits for validation.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) transaction: IdentifiedTransaction,
    pub(super) brought: Brought,
}

/// A gossiped transaction that was dropped before its validation.
#[derive(Debug, Clone, Copy)]
pub(super) struct DroppedGossip {
    pub(super) peer: PeerKey,
    pub(super) txid: Txid,
    pub(super) ticket: Ticket,
}

/// How a transaction came to its validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brought {
    /// By gossip on a mesh, which takes it to others once the ticket is judged.
    ByGossip(Ticket),
    /// By itself, from a peer that tells or answers.
    ByItself,
    /// Gossip brought it before, when this node could not take it: before its parents, or when too much waited.
    AfterGossip,
}

impl Arrival {
    /// Returns what its judgement answers, if it was gossiped.
    pub(super) const fn ticket(&self) -> Option<Ticket> {
        match self.brought {
            Brought::ByGossip(ticket) => Some(ticket),
            Brought::ByItself | Brought::AfterGossip => None,
        }
    }

    /// Returns what is owed for it if it is dropped, if it was gossiped.
    fn dropped_of(&self, peer: PeerKey) -> Option<DroppedGossip> {
        self.ticket().map(|ticket| DroppedGossip { peer, txid: self.transaction.txid(), ticket })
    }
}

/// How much waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Waiting {
    transactions: usize,
    /// Size by formula.
    bytes: usize,
}

/// The waiting transactions of one connection.
#[derive(Debug)]
struct Lane {
    queue: FairQueue<PeerKey, Arrival>,
    /// Signatures that may be verified for all peers of the connection.
    budget: TokenBucket,
}

impl Lane {
    fn waiting(&self) -> Waiting {
        Waiting { transactions: self.queue.len(), bytes: self.queue.bytes() }
    }
}

/// Transactions that are validated together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) transactions: Vec<(PeerKey, Arrival)>,
    rank: Option<Rank>,
    signatures: u64,
}

impl Batch {
    /// Returns whether a transaction may join the batch.
    fn takes(&self, rank: Rank, cost: u64) -> bool {
        // one invalid signature makes all others of its batch be verified again, so newcomers' batches are small
        let most = match rank {
            Rank::Proven => limits::ADMISSION_SIGNATURES,
            Rank::Newcomer => limits::ADMISSION_NEWCOMER_SIGNATURES,
        };
        self.rank.is_none_or(|of_batch| {
            of_batch == rank
                && self.signatures + cost <= most
                && self.transactions.len() < limits::ADMISSION_TRANSACTIONS
        })
    }
}

impl Arrivals {
    /// Returns the number of waiting transactions.
    pub(super) const fn len(&self) -> usize {
        self.waiting.transactions
    }

    /// Returns the size of all waiting transactions by formula, in bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.waiting.bytes
    }

    /// Changes a connection's queue, if there is one, and keeps the sums right.
    fn change<R>(&mut self, connection: ConnectionId, change: impl FnOnce(&mut Lane) -> R) -> Option<R> {
        let lane = self.lanes.get_mut(&connection)?;
        let before = lane.waiting();
        let result = change(lane);
        let after = lane.waiting();
        self.waiting.transactions = self.waiting.transactions - before.transactions + after.transactions;
        self.waiting.bytes = self.waiting.bytes - before.bytes + after.bytes;
        Some(result)
    }

    /// Returns the number of transactions that were dropped because there were too many, or because they waited too
    /// long.
    #[cfg(feature = "test-util")]
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns the waiting transactions.
    pub(super) fn iter(&self) -> impl Iterator<Item = &IdentifiedTransaction> {
        self.lanes.values().flat_map(|lane| lane.queue.iter()).map(|arrival| &arrival.transaction)
    }

    /// Returns when the next transaction may be validated; `None` if none waits.
    pub(super) fn next_timeout(&self, now: Monotonic) -> Option<Monotonic> {
        if self.len() == 0 {
            return None;
        }
        let ready = |lane: &Lane| Some(lane.budget.ready_at(lane.queue.next()?.1.cost, now));
        self.lanes.values().filter_map(ready).min()
    }

    /// Returns whether a batch must be validated although more messages wait to be read.
    pub(super) fn is_pressing(&self, now: Monotonic) -> bool {
        let len = self.len();
        len >= limits::ADMISSION_TRANSACTIONS
            || (len > 0 && now.saturating_since(self.since) >= limits::ADMISSION_DELAY)
    }

    /// Queues a transaction. Beyond the bounds, the connection that holds most drops one.
    pub(super) fn push(&mut self, peer: PeerKey, rank: Rank, arrival: Arrival, now: Monotonic) {
        if self.len() == 0 {
            self.since = now;
        }
        self.lanes.entry(peer.0).or_insert_with(|| Lane {
            queue: FairQueue::default(),
            budget: TokenBucket::new(limits::CONNECTION_SIGNATURES, limits::CONNECTION_SIGNATURES_PER_SECOND, now),
        });
        let cost = cost(&arrival.transaction);
        let bytes = usize::try_from(arrival.transaction.size()).unwrap_or(usize::MAX);
        let queued = Queued { item: arrival, cost, bytes, came: now };
        self.change(peer.0, |lane| lane.queue.push(peer, rank, queued));
        while self.len() > limits::ARRIVALS || self.bytes() > limits::ARRIVAL_BYTES {
            let fullest = self.lanes.iter().max_by_key(|(_, lane)| lane.queue.bytes()).map(|(at, _)| *at);
            let dropped = fullest.and_then(|fullest| self.change(fullest, |lane| lane.queue.drop_one()));
            let Some((sender, dropped)) = dropped.flatten() else { return };
            self.dropped += 1;
            self.dropped_gossip.extend(dropped.item.dropped_of(sender));
        }
    }

    /// Counts a transaction that its sender's budget does not allow.
    pub(super) const fn note_dropped(&mut self) {
        self.dropped += 1;
    }

    /// Takes the gossiped transactions that were dropped.
    pub(super) fn take_dropped_gossip(&mut self) -> Vec<DroppedGossip> {
        std::mem::take(&mut self.dropped_gossip)
    }

    /// Takes the next batch within the budgets: connections in turn, and within each the senders fairly.
    pub(super) fn next_batch(&mut self, now: Monotonic) -> Batch {
        self.since = now;
        let mut batch = Batch::default();
        if self.len() == 0 {
            return batch;
        }
        self.drop_stale(now);
        while let Some((connection, rank)) = self.next_lane(&batch, now) {
            (self.last, batch.rank) = (Some(connection), Some(rank));
            let popped = self.change(connection, |lane| lane.queue.pop());
            let Some((peer, queued)) = popped.flatten() else { break };
            batch.signatures += queued.cost;
            batch.transactions.push((peer, queued.item));
        }
        batch
    }

    /// Returns the connection whose next transaction joins the batch, and charges the connection for it.
    fn next_lane(&mut self, batch: &Batch, now: Monotonic) -> Option<(ConnectionId, Rank)> {
        let is_behind = |connection: &ConnectionId| self.last.is_none_or(|last| *connection > last);
        let (behind, before): (Vec<_>, Vec<_>) = self.lanes.keys().copied().partition(is_behind);
        for rank in [Rank::Proven, Rank::Newcomer] {
            for connection in behind.iter().chain(&before) {
                let Some(lane) = self.lanes.get_mut(connection) else { continue };
                let Some((of_next, next)) = lane.queue.next() else { continue };
                if of_next == rank && batch.takes(rank, next.cost) && lane.budget.take(next.cost, now) {
                    return Some((*connection, rank));
                }
            }
        }
        None
    }

    /// Drops transactions that waited too long. A sender that still wants one confirmed announces it again.
    fn drop_stale(&mut self, now: Monotonic) {
        let is_stale = |queued: &Queued<Arrival>| now.saturating_since(queued.came) > limits::ARRIVAL_PATIENCE;
        let has_stale = |lane: &Lane| lane.queue.next().is_some_and(|(_, next)| is_stale(next));
        while let Some(connection) = self.lanes.iter().find(|(_, lane)| has_stale(lane)).map(|(at, _)| *at) {
            let popped = self.change(connection, |lane| lane.queue.pop()).flatten();
            self.dropped_gossip.extend(popped.and_then(|(peer, queued)| queued.item.dropped_of(peer)));
            self.dropped += 1;
        }
    }

    /// Charges connections a second time for a batch that failed, because it was verified twice.
    pub(super) fn charge_again(&mut self, batch: &Batch, now: Monotonic) {
        for (peer, arrival) in &batch.transactions {
            if let Some(lane) = self.lanes.get_mut(&peer.0) {
                lane.budget.charge(cost(&arrival.transaction), now);
            }
        }
    }

    /// Refunds most of the price of signatures that were not verified, since only coins were looked up.
    pub(super) fn give_back(&mut self, connection: ConnectionId, cost: u64) {
        if let Some(lane) = self.lanes.get_mut(&connection) {
            lane.budget.give_back(cost - cost.div_ceil(limits::COINS_A_SIGNATURE));
        }
    }

    /// Drops a peer's waiting transactions.
    pub(super) fn forget(&mut self, peer: &PeerKey) {
        let dropped = self.change(peer.0, |lane| lane.queue.remove(peer)).into_iter().flatten();
        self.dropped_gossip.extend(dropped.filter_map(|arrival| arrival.dropped_of(*peer)));
    }

    /// Removes a connection that is gone.
    pub(super) fn remove_connection(&mut self, connection: ConnectionId) {
        let gone = self.lanes.remove(&connection).map(|lane| lane.waiting()).unwrap_or_default();
        self.waiting.transactions -= gone.transactions;
        self.waiting.bytes -= gone.bytes;
    }
}

/// Returns the price of validating a transaction, in signatures: one per signature or coin lookup.
pub(super) fn cost(transaction: &Transaction) -> u64 {
    let parts = transaction.inputs.len().max(transaction.signatures.len()).max(1);
    // larger transactions are refused for their form or size
    (parts as u64).min(limits::CONNECTION_SIGNATURES)
}
