//! Statuses: when a node announces its chain, and to whom.
//!
//! A node announces a new tip only on connections where it has seen neither its block nor its status. It waits for a
//! random time first, in which another node may announce it. Without that, a thousand nodes would cause a million
//! deliveries per tip.

use toycoin_core::{BlockHash, Work, store::ChainStore};
use toycoin_wire::node::{NodeMessage, Status as StatusMessage};

use crate::{
    limits,
    machine::Monotonic,
    protocol::{
        NodeMachine,
        peers::{PeerKey, PeerStatus, up_to},
    },
    relay::ConnectionId,
};

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Processes a peer's status.
    pub(super) fn on_status(&mut self, peer: PeerKey, status: &StatusMessage) {
        if status.genesis != self.chain.params().genesis_hash() {
            return;
        }
        let work = Work::from_be_bytes(status.work);
        let said = PeerStatus { tip: status.tip, height: status.height, work };
        let Some(known) = self.net.peers.get_mut(&peer) else { return };
        if known.status.is_none_or(|before| before.tip != said.tip) {
            known.resting_until = Monotonic::ORIGIN;
        }
        let is_new = known.status.replace(said).is_none();
        known.clock.note(status.time, self.net.now);
        self.clock.note_news(self.net.now.monotonic);
        if let Some(link) = self.net.links.get_mut(&peer.0) {
            link.seen.insert(status.tip);
        }
        let ours = self.chain.tip().work;
        if work > self.chain.headers().best().work {
            self.look_for_headers();
        } else if work > ours && self.chain.headers().get(&status.tip).is_none() {
            // better headers are known already, but perhaps nobody sends their bodies
            if let Some(known) = self.net.peers.get_mut(&peer) {
                known.has_news = true;
            }
            self.look_for_headers();
        } else if work > ours {
            // the headers are known already, and this peer is one more source of their bodies
            self.request_bodies();
        } else if (work < ours || is_new && work == ours) && self.answers_status(peer.0) {
            self.net.send_to(peer, &self.status_message());
        }
    }

    /// Returns whether to answer the status of a peer that is behind, or of a new one that is level. The probability
    /// makes about eight of all peers answer, and each connection has a rate limit of a few answers per second.
    fn answers_status(&mut self, connection: ConnectionId) -> bool {
        let now = self.net.now.monotonic;
        let peers = self.net.peers.on_connection(connection).max(1) as u64;
        let is_chosen = self.net.random() % peers < limits::STATUS_ANSWERS;
        is_chosen && self.net.links.get_mut(&connection).is_some_and(|link| link.status_answers.take(1, now))
    }

    /// Plans the announcement of the new tip on connections where it was not seen.
    pub(super) fn plan_announcements(&mut self) {
        let tip = self.chain.tip().hash;
        let now = self.net.now.monotonic;
        let delay = up_to(limits::ANNOUNCE_SPREAD, self.net.random());
        for link in self.net.links.values_mut().filter(|link| link.ready && !link.seen.contains(&tip)) {
            link.announce_at.get_or_insert(now + delay);
        }
    }

    /// Sends the announcements that are due.
    pub(super) fn announce(&mut self) {
        let now = self.net.now.monotonic;
        let tip = self.chain.tip().hash;
        let held_back = self.mining.holds_back_blocks();
        let mut due = Vec::new();
        for (connection, link) in self.net.links.iter_mut().filter(|(_, link)| link.ready) {
            let new_tip = link.announce_at.take_if(|at| *at <= now).is_some() && !link.seen.contains(&tip);
            // with a block delay, the own block itself is published when its time comes
            if (new_tip && !held_back) || link.status_at <= now {
                due.push(*connection);
            }
        }
        for connection in due {
            self.tell_status(connection);
        }
    }

    /// Publishes our status on a connection, and plans the next one.
    pub(super) fn tell_status(&mut self, connection: ConnectionId) {
        if !self.make_durable() {
            return;
        }
        let tip = self.chain.tip().hash;
        let message = self.status_message();
        let jitter = up_to(limits::STATUS_INTERVAL, self.net.random());
        let now = self.net.now.monotonic;
        let has_no_room = !self.net.broadcast(&message, |other| other == connection).is_empty();
        if let Some(link) = self.net.links.get_mut(&connection) {
            if has_no_room {
                link.status_at = now + limits::ANNOUNCE_SPREAD;
            } else {
                link.status_at = now + limits::STATUS_INTERVAL / 2 + jitter;
                link.seen.insert(tip);
            }
        }
    }

    /// Records that a block was published, except on the connections that had no room for it. There its tip is
    /// announced, so that peers can request it.
    pub(super) fn published(&mut self, hash: BlockHash, had_no_room: &[ConnectionId]) {
        let now = self.net.now.monotonic;
        for (connection, link) in self.net.links.iter_mut().filter(|(_, link)| link.ready) {
            if had_no_room.contains(connection) {
                link.announce_at.get_or_insert(now);
            } else {
                link.seen.insert(hash);
            }
        }
    }

    fn status_message(&self) -> NodeMessage {
        let tip = self.chain.tip();
        NodeMessage::Status(StatusMessage {
            genesis: self.chain.params().genesis_hash(),
            tip: tip.hash,
            height: tip.height,
            work: tip.work.to_be_bytes(),
            time: self.net.now.unix_ms,
        })
    }
}
