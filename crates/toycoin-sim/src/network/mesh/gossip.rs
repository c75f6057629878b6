//! Gossip: each message reaches a machine at most once, and goes on only when the machine accepts it.

use std::{rc::Rc, time::Duration};

use toycoin_node::{
    limits,
    peering::PeeringInput,
    protocol::{Input, Judgement, Ticket, Via},
};

use crate::{
    network::{
        MessageKind, Network,
        mesh::{
            Parcel,
            message_cache::{MessageId, message_id},
            state::Judging,
        },
    },
    planted::Planted,
};

/// Longest time that a node's own message waits for a neighbour's connection.
const OWN_WAITS: Duration = Duration::from_secs(5);

/// Longest time that a forwarded message waits for a neighbour's connection.
const FORWARDED_WAITS: Duration = Duration::from_secs(1);

/// The payloads that have a topic.
const TOPICS: [&[u8]; 4] = [b"TXN ", b"BLOC", b"CBLK", b"HDRS"];

impl Network {
    /// Publishes a node's own message.
    pub(super) fn publish(&mut self, node: usize, payload: &[u8]) {
        if !TOPICS.iter().any(|tag| payload.starts_with(tag)) {
            let tag = String::from_utf8_lossy(payload.get(..4).unwrap_or(payload)).into_owned();
            return self.violate_debt(node, format!("it gossips {tag:?}, for which there is no topic"));
        }
        if payload.len() > limits::GOSSIP_MESSAGE {
            return self.violate_debt(node, format!("it gossips {} bytes", payload.len()));
        }
        let id = message_id(payload);
        let now = self.now;
        let Some(site) = self.nodes[node].mesh.as_mut() else { return };
        if site.seen.insert(now, id, None) {
            self.spread(node, payload.into(), &id, OWN_WAITS);
        }
    }

    /// Sends a message to all neighbours that are not known to have it.
    fn spread(&mut self, node: usize, payload: Rc<[u8]>, id: &MessageId, waits: Duration) {
        let Some(site) = self.nodes[node].mesh.as_ref() else { return };
        let neighbours = site.peers.iter().filter(|(peer, _)| !site.seen.has(id, **peer));
        let links: Vec<_> = neighbours.map(|(_, link)| *link).collect();
        for link in links {
            let Some(state) = self.mesh.links.get(&link).filter(|link| link.is_open_at(node)) else { continue };
            let side = state.side_of(node);
            if state.pipes[side].busy_until > self.now + waits {
                self.statistics.gossip_dropped += 1;
                continue;
            }
            let to = state.nodes[1 - side];
            let is_honest = self.nodes[node].honest && self.nodes[to].honest;
            self.statistics.honest_published += u64::from(is_honest);
            self.carry(link, node, Parcel::Gossip(Rc::clone(&payload)));
        }
    }

    pub(super) fn hear_gossip(&mut self, node: usize, from: usize, payload: Rc<[u8]>) {
        let id = message_id(&payload);
        let now = self.now;
        let Some(site) = self.nodes[node].mesh.as_mut() else { return };
        let (is_new, connection) = (site.seen.insert(now, id, Some(from)), site.connection);
        self.note_heard(node, from, MessageKind::Gossip, &payload, !is_new);
        if !is_new {
            self.statistics.gossip_repeated += 1;
            return;
        }
        let Some(name) = self.name_of_peer(from) else { return };
        let ticket = Ticket(self.mesh.number());
        let judging = Judging { node, from, payload: Rc::clone(&payload), id, since: now };
        self.mesh.tickets.insert(ticket, judging);
        let via = Via::Gossip(ticket);
        self.node_input(node, Input::Heard { connection, from: name, via, payload: &payload });
    }

    /// Carries out a node's judgement of a message.
    pub(crate) fn judge(&mut self, node: usize, ticket: Ticket, judgement: Judgement) {
        if self.nodes[node].planted == Some(Planted::JudgesNothing) {
            return;
        }
        let Some(judging) = self.mesh.tickets.get(&ticket).filter(|judging| judging.node == node) else {
            return self.violate_debt(node, format!("it judges ticket {}, which it does not have", ticket.0));
        };
        let (from, id, payload) = (judging.from, judging.id, Rc::clone(&judging.payload));
        let is_late = judging.since + limits::TICKET_PATIENCE < self.now;
        self.mesh.tickets.remove(&ticket);
        if judgement != Judgement::Accept {
            self.trace.note(self.now, format_args!(r#""node":{node},"judges":"{judgement:?}","from":{from}"#));
            return;
        }
        if let Some(peer) = self.peer_id(from) {
            let brought = if payload.starts_with(b"TXN ") {
                PeeringInput::BroughtTransaction { peer }
            } else {
                PeeringInput::BroughtBlock { peer }
            };
            self.peering_input(node, brought);
        }
        if !is_late {
            self.spread(node, payload, &id, FORWARDED_WAITS);
        }
    }
}
