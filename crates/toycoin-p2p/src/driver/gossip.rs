//! What neighbours gossip: each message gets one judgement.

use bytes::Bytes;
use libp2p::{
    PeerId,
    gossipsub::{self, MessageAcceptance, MessageId},
};
use toycoin_node::{
    peering::PeeringInput,
    protocol::{Judgement, Missed, Ticket, Via},
};

use tokio::time::Instant;
use toycoin_wire::NodeId;

use super::{Driver, tickets::Waiting};
use crate::ask::Violation;

impl Driver {
    pub(super) fn on_gossip(&mut self, event: gossipsub::Event) {
        // slow neighbours cost score, and those without gossip are no nodes of this network: both are seen to elsewhere
        let gossipsub::Event::Message { propagation_source: source, message_id: id, message } = event else { return };
        if self.topics.of(&message.data) != Some(&message.topic) {
            // whoever forwards it has not looked at it
            self.report(&id, &source, Judgement::Reject);
            self.violated(&source, Violation::Gossip);
            return;
        }
        let payload = Bytes::from(message.data);
        let Some(peer) = self.peers.get(&source).filter(|peer| peer.takes_part()) else {
            self.report(&id, &source, Judgement::Ignore);
            self.miss(&source, &payload);
            return;
        };
        let from = peer.node;
        let is_block = message.topic == self.topics.blocks;
        let ticket = self.tickets.open(id.clone(), source, message.topic, is_block, payload.len());
        let heard = ticket.is_some_and(|ticket| self.hear_gossip(from, ticket, payload.clone()));
        if !heard {
            self.shared.unjudged.count();
            self.report(&id, &source, Judgement::Ignore);
            self.miss(&source, &payload);
        }
    }

    /// Tells the node what a message was about that it does not hear. Gossip shows it nobody else's copy for two minutes.
    fn miss(&mut self, source: &PeerId, payload: &[u8]) {
        let Some(from) = self.peers.get(source).map(|peer| peer.node) else { return };
        if !self.misses.take(*source, Instant::now()) {
            return;
        }
        if let Some(what) = Missed::of(payload) {
            self.port.missed(from, what);
        }
    }

    fn hear_gossip(&mut self, from: NodeId, ticket: Ticket, payload: Bytes) -> bool {
        let heard = self.port.hear(from, Via::Gossip(ticket), payload).is_ok();
        if !heard {
            self.tickets.close(ticket);
        }
        heard
    }

    /// The machine has judged a message.
    pub(super) fn judge(&mut self, ticket: Ticket, judgement: Judgement) {
        // it may have taken too long
        let Some(waiting) = self.tickets.close(ticket) else { return };
        self.report(&waiting.id, &waiting.source, judgement);
        if judgement == Judgement::Accept
            && let Some(peer) = self.peers.get(&waiting.source).map(|peer| peer.id.clone())
        {
            self.tell_peering(if waiting.topic == self.topics.blocks {
                PeeringInput::BroughtBlock { peer }
            } else {
                PeeringInput::BroughtTransaction { peer }
            });
        }
    }

    /// Nobody has judged a message in time.
    pub(super) fn judge_late(&mut self, waiting: &Waiting) {
        self.shared.unjudged.count();
        self.report(&waiting.id, &waiting.source, Judgement::Ignore);
    }

    fn report(&mut self, id: &MessageId, source: &PeerId, judgement: Judgement) {
        let (acceptance, counter) = match judgement {
            Judgement::Accept => (MessageAcceptance::Accept, &self.shared.accepted),
            Judgement::Ignore => (MessageAcceptance::Ignore, &self.shared.ignored),
            Judgement::Reject => (MessageAcceptance::Reject, &self.shared.rejected),
        };
        counter.count();
        self.swarm.behaviour_mut().gossip.report_message_validation_result(id, source, acceptance);
    }
}
