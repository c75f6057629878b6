//! Statuses: who we are, how far our chain is, and where we tell it.
//!
//! A new tip is told only on connections where neither its block nor its status was seen, and only after a random
//! moment in which somebody else may tell it: a thousand nodes that all told every tip would make a million deliveries.

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
    /// Takes what a peer says of its chain.
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
            // better headers are here, but perhaps nobody who sends their bodies
            if let Some(known) = self.net.peers.get_mut(&peer) {
                known.has_news = true;
            }
            self.look_for_headers();
        } else if work > ours {
            // the headers are here already, and now there is one more to ask for bodies
            self.request_bodies();
        } else if (work < ours || is_new && work == ours) && self.answers_status(peer.0) {
            self.net.send_to(peer, &self.status_message());
        }
    }

    /// A peer that is behind, or new and just as far, hears of us with a probability that makes about eight of all peers
    /// answer it: a few times each second at most, whoever asks.
    fn answers_status(&mut self, connection: ConnectionId) -> bool {
        let now = self.net.now.monotonic;
        let peers = self.net.peers.on_connection(connection).max(1) as u64;
        let is_chosen = self.net.random() % peers < limits::STATUS_ANSWERS;
        is_chosen && self.net.links.get_mut(&connection).is_some_and(|link| link.status_answers.take(1, now))
    }

    /// Plans to tell the new tip wherever it was not seen.
    pub(super) fn plan_announcements(&mut self) {
        let tip = self.chain.tip().hash;
        let now = self.net.now.monotonic;
        let delay = up_to(limits::ANNOUNCE_SPREAD, self.net.random());
        for link in self.net.links.values_mut().filter(|link| link.ready && !link.seen.contains(&tip)) {
            link.announce_at.get_or_insert(now + delay);
        }
    }

    /// Tells what is due.
    pub(super) fn announce(&mut self) {
        let now = self.net.now.monotonic;
        let tip = self.chain.tip().hash;
        let held_back = self.mining.holds_back_blocks();
        let mut due = Vec::new();
        for (connection, link) in self.net.links.iter_mut().filter(|(_, link)| link.ready) {
            let new_tip = link.announce_at.take_if(|at| *at <= now).is_some() && !link.seen.contains(&tip);
            // a slow node's own block goes out itself when its time comes
            if (new_tip && !held_back) || link.status_at <= now {
                due.push(*connection);
            }
        }
        for connection in due {
            self.tell_status(connection);
        }
    }

    /// Publishes our status on a connection, and plans the next.
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

    /// Notes that a block was published, but for the connections that had no room for it: there its tip is told, so that
    /// whoever wants it asks for it.
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
