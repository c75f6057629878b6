//! What neighbours gossip: each message gets one judgement.

use libp2p::{
    PeerId,
    gossipsub::{self, MessageAcceptance, MessageId},
};
use toycoin_node::{
    peering::PeeringInput,
    protocol::{Judgement, Ticket, Via},
};

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
        let Some(peer) = self.peers.get(&source).filter(|peer| peer.takes_part()) else {
            self.report(&id, &source, Judgement::Ignore);
            return;
        };
        let from = peer.node;
        let is_block = message.topic == self.topics.blocks;
        let ticket = self.tickets.open(id.clone(), source, message.topic, is_block, message.data.len());
        let heard = ticket.is_some_and(|ticket| self.hear_gossip(from, ticket, message.data));
        if !heard {
            self.shared.unjudged.count();
            self.report(&id, &source, Judgement::Ignore);
        }
    }

    fn hear_gossip(&mut self, from: toycoin_wire::NodeId, ticket: Ticket, payload: Vec<u8>) -> bool {
        let heard = self.port.hear(from, Via::Gossip(ticket), payload.into()).is_ok();
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
