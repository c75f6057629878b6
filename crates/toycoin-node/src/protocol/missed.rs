//! Payments whose gossip was dropped before it was judged: they are asked of other peers.
//!
//! ```text
//!   dropped ─▶ remembered on its sender's account ─▶ room again ─▶ GTXN to another peer ─┬▶ it comes, and is judged
//!                                                        ▲                               │
//!                                                        └── not there, or no answer ◀───┘   the sender comes last
//! ```
//!
//! Gossip shows a message once in two minutes. So whoever fills this node's room for gossip would keep the payments of
//! others out, and so would a neighbour that spends its budget of signatures before it passes them on.
//!
//! An id costs nothing, and an invented one makes this node ask in vain. So the cost falls on whoever gossiped it: a
//! sender has a token bucket, and no more than a share of the places that are free. Each payment is asked for a few
//! times, one peer is asked for a few at a time, and all is forgotten soon.

use std::collections::BTreeMap;

use toycoin_core::{Txid, store::ChainStore};
use toycoin_wire::{NodeId, node::NodeMessage};

use crate::{
    limits,
    machine::Monotonic,
    protocol::{Missed, NodeMachine, backlog::Purpose, budget::TokenBucket, net::Net, peer_key::PeerKey},
    relay::ConnectionId,
};

/// The payments that were missed, by mesh and id.
#[derive(Debug)]
pub(super) struct MissedGossip {
    entries: BTreeMap<(ConnectionId, Txid), Entry>,
    /// Time before which nothing is due.
    next_due: Option<Monotonic>,
    /// Token bucket for what came from all peers that have not joined.
    strangers: TokenBucket,
}

/// A payment that was missed.
#[derive(Debug)]
struct Entry {
    /// The neighbour that gossiped it.
    sender: NodeId,
    /// The peers that were asked for it, the last one last.
    asked: Vec<NodeId>,
    /// Whether the last of them may still answer.
    is_awaited: bool,
    /// When the next peer is asked.
    due: Monotonic,
    /// When it is forgotten.
    until: Monotonic,
}

impl Entry {
    /// Returns whether a peer may still answer a question for it.
    fn awaits(&self, peer: NodeId) -> bool {
        self.is_awaited && self.asked.last() == Some(&peer)
    }
}

impl Default for MissedGossip {
    fn default() -> Self {
        let strangers = TokenBucket::new(limits::MISSED_BURST, limits::MISSED_PER_SECOND, Monotonic::ORIGIN);
        Self { entries: BTreeMap::new(), next_due: None, strangers }
    }
}

impl MissedGossip {
    /// Returns the number of payments that are remembered.
    #[cfg(feature = "test-util")]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns a time before which nothing is due.
    pub(super) const fn next_timeout(&self) -> Option<Monotonic> {
        self.next_due
    }

    /// Remembers a payment, unless its sender has its share of the places already.
    fn note(&mut self, (connection, sender): PeerKey, txid: Txid, now: Monotonic) {
        let of_sender = self.entries.iter().filter(|((at, _), entry)| *at == connection && entry.sender == sender);
        let free = limits::MISSED.saturating_sub(self.entries.len());
        if free == 0 || of_sender.count() >= (free / limits::MISSED_SHARE).max(1) {
            return;
        }
        let due = now + limits::MISSED_DELAY;
        let until = now + limits::MISSED_TIME;
        let entry = Entry { sender, asked: Vec::new(), is_awaited: false, due, until };
        self.entries.entry((connection, txid)).or_insert(entry);
        self.wake(due);
    }

    /// Processes that a payment came, which is judged soon. Returns whether it was missed on that peer's mesh.
    ///
    /// It is not forgotten before it is judged: an id does not cover the signatures, so a copy with bad ones would hide
    /// the payment.
    pub(super) fn came(&mut self, peer: PeerKey, txid: Txid, now: Monotonic) -> bool {
        let due = now + limits::ASK_PATIENCE;
        let Some(entry) = self.entries.get_mut(&(peer.0, txid)) else { return false };
        (entry.is_awaited, entry.due) = (false, due);
        self.wake(due);
        true
    }

    /// Forgets a payment that a peer brought, since it is judged.
    pub(super) fn judged(&mut self, peer: PeerKey, txid: Txid) {
        self.entries.remove(&(peer.0, txid));
    }

    /// Processes that a peer does not have some payments, or that theirs is not taken from it now. Another one is asked
    /// after a moment.
    pub(super) fn not_from(&mut self, peer: PeerKey, txids: impl IntoIterator<Item = Txid>, now: Monotonic) {
        let due = now + limits::MISSED_DELAY;
        for txid in txids {
            if let Some(entry) = self.entries.get_mut(&(peer.0, txid)).filter(|entry| entry.awaits(peer.1)) {
                (entry.is_awaited, entry.due) = (false, due);
                self.next_due = Some(self.next_due.map_or(due, |next| next.min(due)));
            }
        }
    }

    /// Processes that a peer left payments out of an answer, for lack of room. It may be asked again at once.
    fn left_out(&mut self, peer: PeerKey, txids: &[Txid], now: Monotonic) {
        for txid in txids {
            if let Some(entry) = self.entries.get_mut(&(peer.0, *txid)).filter(|entry| entry.awaits(peer.1)) {
                entry.asked.pop();
                (entry.is_awaited, entry.due) = (false, now);
                self.wake(now);
            }
        }
    }

    /// Returns how many of some payments a peer may still answer.
    fn awaited_of(&self, peer: PeerKey, txids: &[Txid]) -> usize {
        let entries = txids.iter().filter_map(|txid| self.entries.get(&(peer.0, *txid)));
        entries.filter(|entry| entry.awaits(peer.1)).count()
    }

    /// Turns away from peers that are gone or muted.
    pub(super) fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool, now: Monotonic) {
        for ((connection, _), entry) in &mut self.entries {
            if entry.is_awaited && entry.asked.last().is_some_and(|peer| gone(&(*connection, *peer))) {
                (entry.is_awaited, entry.due) = (false, now);
                self.next_due = Some(now);
            }
        }
    }

    /// Forgets what was missed on a mesh that is gone.
    pub(super) fn forget_connection(&mut self, connection: ConnectionId) {
        self.entries.retain(|(at, _), _| *at != connection);
    }

    /// Returns the payments that are due, those that have waited for longest first.
    fn due(&self, now: Monotonic) -> Vec<(ConnectionId, Txid)> {
        let due = self.entries.iter().filter(|(_, entry)| entry.due <= now || entry.until <= now);
        let mut due: Vec<_> = due.map(|(key, entry)| (entry.due, *key)).collect();
        due.sort_unstable();
        due.into_iter().map(|(_, key)| key).collect()
    }

    /// Returns how many payments each peer may still answer.
    fn loads(&self) -> BTreeMap<PeerKey, usize> {
        let mut loads = BTreeMap::new();
        for ((connection, _), entry) in self.entries.iter().filter(|(_, entry)| entry.is_awaited) {
            if let Some(peer) = entry.asked.last() {
                *loads.entry((*connection, *peer)).or_default() += 1;
            }
        }
        loads
    }

    /// Looks again at a time, or before.
    fn wake(&mut self, at: Monotonic) {
        self.next_due = Some(self.next_due.map_or(at, |due| due.min(at)));
    }

    /// Plans the next look.
    fn plan(&mut self) {
        self.next_due = self.entries.values().map(|entry| entry.due.min(entry.until)).min();
    }
}

/// Whom to ask for a payment.
enum Whom {
    Peer(PeerKey),
    /// Those who may have it are asked for others.
    NobodyNow,
    NobodyLeft,
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Processes that a peer's gossip was dropped before it was judged.
    pub(super) fn on_missed(&mut self, peer: PeerKey, what: &Missed) {
        if self.net.peers.is_muted(&peer, self.net.now.monotonic) {
            return;
        }
        match what {
            Missed::Transaction(txid) if self.transactions.pool().contains(txid) => {}
            Missed::Transaction(txid) => self.net.note_missed(peer, *txid),
            Missed::Block(header) => {
                let is_here = self.net.lane_of(&peer).is_some() && self.net.peers.get(&peer).is_some();
                // what a stranger knows, others show by their statuses
                if is_here {
                    self.on_lone_header(peer, None, header);
                    self.forget_muted();
                }
            }
        }
    }

    /// Processes that a peer answers a question for payments not at all, or in part.
    pub(super) fn on_unanswered_transactions(&mut self, peer: PeerKey, txids: &[Txid], is_not_now: bool) {
        let now = self.net.now.monotonic;
        let awaited = self.net.missed.awaited_of(peer, txids);
        if (1..txids.len()).contains(&awaited) {
            return self.net.missed.left_out(peer, txids, now);
        }
        if awaited > 0 && is_not_now {
            self.net.not_now(peer);
        }
        self.net.missed.not_from(peer, txids.iter().copied(), now);
    }

    /// Asks for missed payments, if it is time and there is room for them.
    pub(super) fn ask_missed(&mut self) {
        let now = self.net.now.monotonic;
        if self.net.missed.next_due.is_none_or(|due| due > now) {
            return;
        }
        if !self.transactions.has_room() {
            self.net.missed.next_due = Some(now + limits::MISSED_DELAY);
            return;
        }
        let mut loads = self.net.missed.loads();
        let mut questions: BTreeMap<PeerKey, Vec<Txid>> = BTreeMap::new();
        for key in self.net.missed.due(now) {
            let is_here = self.transactions.pool().contains(&key.1);
            let Some(mut entry) = self.net.missed.entries.remove(&key).filter(|entry| entry.until > now && !is_here)
            else {
                continue;
            };
            // whoever was asked has had its time
            entry.is_awaited = false;
            match whom(&mut self.net, key.0, &entry, &loads) {
                Whom::Peer(peer) => {
                    *loads.entry(peer).or_default() += 1;
                    questions.entry(peer).or_default().push(key.1);
                    entry.asked.push(peer.1);
                    (entry.is_awaited, entry.due) = (true, now + limits::ASK_PATIENCE);
                }
                Whom::NobodyNow => entry.due = now + limits::MISSED_DELAY,
                Whom::NobodyLeft => continue,
            }
            self.net.missed.entries.insert(key, entry);
        }
        self.net.missed.plan();
        for ((connection, peer), txids) in questions {
            let question = NodeMessage::GetTransactions(txids);
            self.net.publish(Purpose::Request, Some(peer), &question, |at| at == connection);
        }
    }
}

impl Net {
    /// Remembers a payment that a neighbour of a mesh gossiped and that was dropped before it was judged.
    pub(super) fn note_missed(&mut self, peer: PeerKey, txid: Txid) {
        let now = self.now.monotonic;
        if !self.links.get(&peer.0).is_some_and(super::links::Link::is_mesh) {
            return;
        }
        let budget = match self.peers.get_mut(&peer) {
            Some(known) => &mut known.misses,
            None => &mut self.missed.strangers,
        };
        if budget.take(1, now) {
            self.missed.note(peer, txid, now);
        }
    }
}

/// Returns whom to ask for a payment: at random one of the peers that were not asked for it, first among those that
/// brought valid payments before. Its sender is asked only when nobody else is left, because it is the sender that sends
/// more than this node takes.
fn whom(net: &mut Net, connection: ConnectionId, entry: &Entry, loads: &BTreeMap<PeerKey, usize>) -> Whom {
    let now = net.now.monotonic;
    let Some(link) = net.links.get(&connection) else { return Whom::NobodyLeft };
    let names = link.lanes.keys().flatten().filter(|id| !entry.asked.contains(id));
    let left = names.filter_map(|id| Some(((connection, *id), net.peers.get(&(connection, *id))?)));
    let left = left.filter(|(_, peer)| !peer.is_muted(now));
    let (mut left, others): (Vec<_>, Vec<_>) = left.partition(|((_, id), _)| *id == entry.sender);
    // others have had their chance after a few
    if !others.is_empty() && entry.asked.len() < limits::MISSED_ASKS {
        left = others;
    }
    if left.is_empty() {
        return Whom::NobodyLeft;
    }
    left.retain(|(key, peer)| {
        let is_free = loads.get(key).copied().unwrap_or(0) < limits::MISSED_OF_A_PEER;
        is_free && !peer.standing.rests(now) && peer.signatures.ready_at(1, now) <= now
    });
    let best = left.iter().map(|(_, peer)| peer.rank()).min();
    let best: Vec<_> = left.iter().filter(|(_, peer)| Some(peer.rank()) == best).map(|(key, _)| *key).collect();
    net.choose(&best).copied().map_or(Whom::NobodyNow, Whom::Peer)
}
