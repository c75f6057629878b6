//! Transactions of peers that wait to be judged.
//!
//! ```text
//!   TXN ───────────────▶ a queue of each connection ─▶ one batch a step ─▶ mempool ─┬▶ told on
//!   orphans whose    ──▶ shared fairly by sender       while the budget lasts       ├▶ kept as an orphan
//!   parents came                                                                    └▶ refused
//! ```
//!
//! Verifying signatures is the most that a stranger can make a node do for a few bytes, and an id costs nothing. So what
//! is in no block yet is judged when there is nothing else to do, a bounded number of signatures a step, and so many a
//! second for each connection, all its peers together. What is cheap and whoever has sent good payments before go first.
//! Overload drops and counts; it never mutes.
//!
//! Signatures are verified several times faster together than one by one, so what came waits for a moment: until nothing
//! else is to be done (a waiting transaction is an immediate timeout), or until there is a batch of it.

use std::collections::BTreeMap;

use toycoin_core::{IdentifiedTransaction, Transaction, store::ChainStore};

use crate::{
    limits,
    machine::Monotonic,
    mempool::Orphan,
    protocol::{
        MuteReason, NodeMachine,
        budget::TokenBucket,
        fair_queue::{FairQueue, Queued, Rank},
        peers::PeerKey,
    },
    relay::ConnectionId,
};

/// Transactions that came and were not judged yet.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    lanes: BTreeMap<ConnectionId, Lane>,
    /// The connection of which a transaction was taken last: the one behind it goes first.
    last: Option<ConnectionId>,
    /// Since when something waits that could have been judged.
    since: Monotonic,
    dropped: u64,
}

/// What waits of one connection.
#[derive(Debug)]
struct Lane {
    queue: FairQueue<PeerKey, IdentifiedTransaction>,
    /// Signatures that may be verified for its peers, all together.
    budget: TokenBucket,
}

/// Transactions that are judged together.
#[derive(Debug, Default)]
struct Batch {
    transactions: Vec<(PeerKey, IdentifiedTransaction)>,
    rank: Option<Rank>,
    signatures: u64,
}

impl Batch {
    /// Returns whether a transaction may join.
    fn takes(&self, rank: Rank, cost: u64) -> bool {
        // one bad signature makes all others of its batch be verified again: let it be those of newcomers
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
    /// Returns how many wait.
    pub(super) fn len(&self) -> usize {
        self.lanes.values().map(|lane| lane.queue.len()).sum()
    }

    /// Returns their bytes by formula.
    pub(super) fn bytes(&self) -> usize {
        self.lanes.values().map(|lane| lane.queue.bytes()).sum()
    }

    /// Returns how many were dropped since they were too many, or had waited for too long.
    #[cfg(feature = "test-util")]
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns when the next one may be judged, `None` if none waits.
    pub(super) fn next_timeout(&self, now: Monotonic) -> Option<Monotonic> {
        let ready = |lane: &Lane| Some(lane.budget.ready_at(lane.queue.next()?.1.cost, now));
        self.lanes.values().filter_map(ready).min()
    }

    /// Returns whether a batch is to be judged though there is more to hear.
    fn is_pressing(&self, now: Monotonic) -> bool {
        let len = self.len();
        len >= limits::ADMISSION_TRANSACTIONS
            || (len > 0 && now.saturating_since(self.since) >= limits::ADMISSION_DELAY)
    }

    /// Lets a transaction wait; beyond the bounds, who holds most makes room.
    fn push(&mut self, peer: PeerKey, rank: Rank, transaction: IdentifiedTransaction, now: Monotonic) {
        if self.len() == 0 {
            self.since = now;
        }
        let lane = self.lanes.entry(peer.0).or_insert_with(|| Lane {
            queue: FairQueue::default(),
            budget: TokenBucket::new(limits::CONNECTION_SIGNATURES, limits::CONNECTION_SIGNATURES_PER_SECOND, now),
        });
        let cost = cost(&transaction);
        let bytes = usize::try_from(transaction.size()).unwrap_or(usize::MAX);
        lane.queue.push(peer, rank, Queued { item: transaction, cost, bytes, came: now });
        while self.len() > limits::ARRIVALS || self.bytes() > limits::ARRIVAL_BYTES {
            let fullest = self.lanes.values_mut().max_by_key(|lane| lane.queue.bytes());
            if fullest.and_then(|lane| lane.queue.drop_one()).is_none() {
                return;
            }
            self.dropped += 1;
        }
    }

    /// Takes what is judged next, as far as budgets go: connections in turn, their senders fairly.
    fn next_batch(&mut self, now: Monotonic) -> Batch {
        self.since = now;
        self.drop_stale(now);
        let mut batch = Batch::default();
        while let Some((connection, rank)) = self.next_lane(&batch, now) {
            (self.last, batch.rank) = (Some(connection), Some(rank));
            let popped = self.lanes.get_mut(&connection).and_then(|lane| lane.queue.pop());
            let Some((peer, queued)) = popped else { break };
            batch.signatures += queued.cost;
            batch.transactions.push((peer, queued.item));
        }
        batch
    }

    /// Returns the connection whose next transaction joins a batch, and pays for it.
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

    /// Drops what has waited for its turn for too long: its sender tells it again, if it still matters.
    fn drop_stale(&mut self, now: Monotonic) {
        for lane in self.lanes.values_mut() {
            while lane.queue.next().is_some_and(|(_, next)| now.saturating_since(next.came) > limits::ARRIVAL_PATIENCE)
            {
                lane.queue.pop();
                self.dropped += 1;
            }
        }
    }

    /// Lets connections pay once more for what they sent: a batch that failed was verified twice.
    fn charge_again(&mut self, batch: &Batch, now: Monotonic) {
        for (peer, transaction) in &batch.transactions {
            if let Some(lane) = self.lanes.get_mut(&peer.0) {
                lane.budget.charge(cost(transaction), now);
            }
        }
    }

    /// Gives back most of what was paid for signatures that nobody looked at: only coins were looked up.
    fn give_back(&mut self, connection: ConnectionId, cost: u64) {
        if let Some(lane) = self.lanes.get_mut(&connection) {
            lane.budget.give_back(cost - cost.div_ceil(limits::COINS_A_SIGNATURE));
        }
    }

    /// Forgets what a peer sent.
    pub(super) fn forget(&mut self, peer: &PeerKey) {
        if let Some(lane) = self.lanes.get_mut(&peer.0) {
            lane.queue.remove(peer);
        }
    }

    /// Forgets a connection that is gone.
    pub(super) fn remove_connection(&mut self, connection: ConnectionId) {
        self.lanes.remove(&connection);
    }
}

/// Returns what judging a transaction costs, in signatures: as many coins are looked up first.
fn cost(transaction: &Transaction) -> u64 {
    let parts = transaction.inputs.len().max(transaction.signatures.len()).max(1);
    // what is larger is refused for its form or size
    (parts as u64).min(limits::CONNECTION_SIGNATURES)
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Takes a transaction from a peer.
    pub(super) fn on_transaction(&mut self, peer: PeerKey, transaction: Transaction) {
        let transaction = IdentifiedTransaction::from(transaction);
        // what was looked at before costs nothing again
        if self.mempool.contains(&transaction.txid()) {
            return;
        }
        if let Some(rule) = self.mempool.refused_for(&transaction.wtxid()) {
            return self.mute(peer, MuteReason::BrokenRule(rule));
        }
        let now = self.net.now.monotonic;
        let Some(known) = self.net.peers.get_mut(&peer) else { return };
        if known.signatures.take(cost(&transaction), now) {
            self.arrivals.push(peer, known.rank(), transaction, now);
        } else {
            self.arrivals.dropped += 1;
        }
    }

    /// Lets orphans whose parents came wait to be judged, each under the name of its sender; those of a sender that is
    /// gone or muted are forgotten.
    pub(super) fn offer_orphans(&mut self, orphans: Vec<Orphan>) {
        if orphans.is_empty() {
            return;
        }
        let now = self.net.now.monotonic;
        let senders = self.net.peers.with_numbers(&orphans.iter().map(|orphan| orphan.source).collect());
        for Orphan { transaction, source } in orphans {
            if let Some((key, peer)) = senders.get(&source).filter(|(_, peer)| !peer.is_muted(now)) {
                self.arrivals.push(*key, peer.rank(), transaction, now);
            }
        }
    }

    /// Forgets what a peer sent that was not judged yet.
    pub(super) fn forget_transactions_of(&mut self, peer: &PeerKey) {
        self.arrivals.forget(peer);
        if let Some(known) = self.net.peers.get(peer) {
            self.mempool.forget_orphans_of(known.number);
        }
    }

    /// Judges a batch though more may have come, if there is one or it has waited for long enough.
    pub(super) fn admit_pressing(&mut self) {
        if self.arrivals.is_pressing(self.net.now.monotonic) {
            self.admit_arrivals();
        }
    }

    /// Judges a batch of what waits.
    pub(super) fn admit_arrivals(&mut self) {
        let now = self.net.now.monotonic;
        let batch = self.arrivals.next_batch(now);
        if batch.transactions.is_empty() {
            return;
        }
        let verifier = self.chain.shared_verifier();
        let transactions = batch.transactions.iter().map(|(_, transaction)| transaction);
        let next_height = self.chain.height() + 1;
        let ahead = self.mempool.verify_ahead(transactions, self.chain.store(), next_height, verifier.as_ref());
        let ahead = match ahead {
            Ok(ahead) => ahead,
            Err(error) => return self.net.halt(&error.to_string()),
        };
        if ahead.has_failed() {
            self.arrivals.charge_again(&batch, now);
        }
        for (peer, transaction) in batch.transactions {
            // what a peer sent before it was muted is not looked at either
            if self.net.halted || self.net.peers.is_muted(&peer, now) {
                continue;
            }
            let cost = cost(&transaction);
            if !self.judge_arrival(peer, transaction, &ahead) {
                self.arrivals.give_back(peer.0, cost);
            }
        }
    }
}
