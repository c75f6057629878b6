//! Statuses: when a node announces its chain, and to whom.
//!
//! A node announces a new tip only on connections where it has seen neither its block nor its status. It waits for a
//! random time first, in which another node may announce it. Without that, a thousand nodes would cause a million
//! deliveries per tip.

use std::{
    collections::{BTreeSet, VecDeque},
    fmt::Display,
};

use toycoin_core::{BlockHash, chain::Chain, store::ChainStore};
use toycoin_wire::node::{NodeMessage, Status};

use crate::{
    limits,
    machine::Monotonic,
    protocol::{
        budget::TokenBucket,
        durability::Durability,
        net::Net,
        peers::{PeerKey, up_to},
    },
    relay::ConnectionId,
};

/// What was announced on a connection, and what will be.
#[derive(Debug)]
pub(super) struct Announcements {
    /// Blocks that the peers of the connection have seen.
    seen: Seen,
    /// When to announce the tip, if no peer has done so by then.
    tip_at: Option<Monotonic>,
    /// When the next regular status is due.
    status_at: Monotonic,
    /// Token bucket for answers to statuses with less work, over all peers of the connection.
    answers: TokenBucket,
}

impl Announcements {
    pub(super) fn new(now: Monotonic) -> Self {
        Self {
            seen: Seen::default(),
            tip_at: None,
            status_at: now,
            answers: TokenBucket::new(limits::STATUS_ANSWERS_AT_ONCE, limits::STATUS_ANSWERS_A_SECOND, now),
        }
    }

    /// Returns when the next status is due; `is_ready` says whether regular ones are sent yet.
    pub(super) fn next_timeout(&self, is_ready: bool) -> Option<Monotonic> {
        self.tip_at.into_iter().chain(is_ready.then_some(self.status_at)).min()
    }

    /// Records a block, or a status with it as tip, that a peer published.
    pub(super) fn saw(&mut self, hash: BlockHash) {
        self.seen.insert(hash);
    }

    /// Plans to announce the tip, unless the peers have seen it.
    fn plan(&mut self, tip: &BlockHash, at: Monotonic) {
        if !self.seen.contains(tip) {
            self.tip_at.get_or_insert(at);
        }
    }

    /// Returns whether a status is due. `is_held_back` says whether the tip is our own block and not published yet; it
    /// is not announced before.
    fn is_due(&mut self, tip: &BlockHash, is_held_back: bool, now: Monotonic) -> bool {
        let is_new = self.tip_at.take_if(|at| *at <= now).is_some() && !self.seen.contains(tip);
        (is_new && !is_held_back) || self.status_at <= now
    }

    #[cfg(feature = "test-util")]
    pub(super) fn seen(&self) -> usize {
        self.seen.order.len()
    }
}

/// Plans the announcement of the new tip on connections where it was not seen.
pub(super) fn plan_announcements(net: &mut Net, tip: &BlockHash) {
    let at = net.now.monotonic + up_to(limits::ANNOUNCE_SPREAD, net.random());
    for link in net.links.values_mut().filter(|link| link.ready) {
        link.announcements.plan(tip, at);
    }
}

/// Sends the announcements that are due. `is_held_back` says whether an own block waits to be published.
pub(super) fn announce<S: ChainStore<Error: Display>>(
    net: &mut Net,
    chain: &mut Chain<S>,
    durability: &mut Durability,
    is_held_back: bool,
) {
    let (now, tip) = (net.now.monotonic, chain.tip().hash);
    let ready = net.links.iter_mut().filter(|(_, link)| link.ready);
    let due = ready.filter_map(|(at, link)| link.announcements.is_due(&tip, is_held_back, now).then_some(*at));
    for connection in due.collect::<Vec<_>>() {
        send_status(net, chain, durability, connection);
    }
}

/// Publishes our status on a connection, and plans the next one.
pub(super) fn send_status<S: ChainStore<Error: Display>>(
    net: &mut Net,
    chain: &mut Chain<S>,
    durability: &mut Durability,
    connection: ConnectionId,
) {
    if !durability.make_durable(net, chain) {
        return;
    }
    let message = status(net, chain);
    let jitter = up_to(limits::STATUS_INTERVAL, net.random());
    let now = net.now.monotonic;
    let has_no_room = !net.broadcast(&message, |other| other == connection).is_empty();
    if let Some(link) = net.links.get_mut(&connection) {
        if has_no_room {
            link.announcements.status_at = now + limits::ANNOUNCE_SPREAD;
        } else {
            link.announcements.status_at = now + limits::STATUS_INTERVAL / 2 + jitter;
            link.announcements.saw(chain.tip().hash);
        }
    }
}

/// Sends our status to a peer that is behind, or to a new one that is level. The probability makes about eight of all
/// peers answer, and each connection has a rate limit of a few answers per second.
pub(super) fn answer_status<S: ChainStore>(net: &mut Net, chain: &Chain<S>, peer: PeerKey) {
    let now = net.now.monotonic;
    let peers = net.peers.on_connection(peer.0).max(1) as u64;
    let is_chosen = net.random() % peers < limits::STATUS_ANSWERS;
    if is_chosen && net.links.get_mut(&peer.0).is_some_and(|link| link.announcements.answers.take(1, now)) {
        net.send_to(peer, &status(net, chain));
    }
}

/// Records that a block was published, except on the connections that had no room for it. There its tip is announced,
/// so that peers can request it.
pub(super) fn published(net: &mut Net, hash: BlockHash, had_no_room: &[ConnectionId]) {
    let now = net.now.monotonic;
    for (connection, link) in net.links.iter_mut().filter(|(_, link)| link.ready) {
        if had_no_room.contains(connection) {
            link.announcements.tip_at.get_or_insert(now);
        } else {
            link.announcements.saw(hash);
        }
    }
}

fn status<S: ChainStore>(net: &Net, chain: &Chain<S>) -> NodeMessage {
    let tip = chain.tip();
    NodeMessage::Status(Status {
        genesis: chain.params().genesis_hash(),
        tip: tip.hash,
        height: tip.height,
        work: tip.work.to_be_bytes(),
        time: net.now.unix_ms,
    })
}

/// The most recent block hashes that were seen on a connection.
#[derive(Debug, Default)]
struct Seen {
    hashes: BTreeSet<BlockHash>,
    order: VecDeque<BlockHash>,
}

impl Seen {
    fn insert(&mut self, hash: BlockHash) {
        if !self.hashes.insert(hash) {
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > limits::SEEN_BLOCKS
            && let Some(oldest) = self.order.pop_front()
        {
            self.hashes.remove(&oldest);
        }
    }

    fn contains(&self, hash: &BlockHash) -> bool {
        self.hashes.contains(hash)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START: Monotonic = Monotonic::ORIGIN;

    fn hash(number: usize) -> BlockHash {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        BlockHash::from_bytes(bytes)
    }

    /// The announcements of a connection on which the next regular status is not due for long.
    fn quiet() -> Announcements {
        Announcements { status_at: START + limits::STATUS_INTERVAL, ..Announcements::new(START) }
    }

    #[test]
    fn a_tip_that_a_peer_announced_first_is_not_announced() {
        let (mut one, mut other) = (quiet(), quiet());
        let at = START + limits::ANNOUNCE_SPREAD;
        one.plan(&hash(1), at);
        other.plan(&hash(1), at);
        other.saw(hash(1));
        assert!(one.is_due(&hash(1), false, at) && !other.is_due(&hash(1), false, at));
        assert!(!one.is_due(&hash(1), false, at), "once");
    }

    #[test]
    fn an_own_block_is_not_announced_before_it_is_published() {
        let mut announcements = quiet();
        announcements.plan(&hash(1), START);
        assert!(!announcements.is_due(&hash(1), true, START));
    }

    #[test]
    fn a_regular_status_is_sent_once_the_connection_is_ready() {
        let mut announcements = Announcements::new(START + Duration::from_secs(1));
        assert_eq!(announcements.next_timeout(false), None);
        assert_eq!(announcements.next_timeout(true), Some(START + Duration::from_secs(1)));
        assert!(announcements.is_due(&hash(1), true, START + Duration::from_secs(1)));
    }

    #[test]
    fn the_oldest_seen_blocks_are_forgotten() {
        let mut seen = Seen::default();
        for number in 0..=limits::SEEN_BLOCKS {
            seen.insert(hash(number));
        }
        assert!(!seen.contains(&hash(0)) && seen.contains(&hash(1)));
        assert_eq!((seen.hashes.len(), seen.order.len()), (limits::SEEN_BLOCKS, limits::SEEN_BLOCKS));
    }
}
