//! How messages get from one node of a mesh to another.

use toycoin_core::Work;
use toycoin_node::peering::PeeringInput;
use toycoin_wire::{
    Tag,
    node::{NodeMessage, Payload},
};

use crate::{
    latency::Latency,
    link::Link,
    network::{
        Fact, Happening, MessageKind, Network, SeenMessage,
        mesh::{LinkId, MeshHappening, Parcel, link::End},
    },
};

impl Network {
    /// Returns the current properties of the path between two nodes: in each respect those of the worse link.
    pub(super) fn path(&mut self, one: usize, other: usize) -> Link {
        let (one, other) = (self.link_of(one), self.link_of(other));
        let dice = &mut self.dice.links;
        let mut latency = one.latency.draw(dice);
        if one.latency != other.latency {
            latency = latency.max(other.latency.draw(dice));
        }
        let bandwidth = match (one.bandwidth, other.bandwidth) {
            (0, bandwidth) | (bandwidth, 0) => bandwidth,
            (one, other) => one.min(other),
        };
        Link {
            latency: Latency::Fixed(latency),
            jitter: one.jitter.max(other.jitter),
            loss: one.loss.max(other.loss),
            bandwidth,
            ..Link::lan()
        }
    }

    /// Sends a message from a node on one of its connections.
    pub(super) fn carry(&mut self, link: LinkId, from: usize, parcel: Parcel) {
        let Some(nodes) = self.mesh.links.get(&link).filter(|link| link.is_open_at(from)).map(|link| link.nodes) else {
            return;
        };
        let bytes = parcel.bytes();
        self.statistics.messages += 1;
        self.statistics.sent_bytes += bytes as u64;
        self.statistics.honest_bytes += u64::from(self.nodes[from].honest) * bytes as u64;
        let path = self.path(nodes[0], nodes[1]);
        if self.breaks(&path) {
            self.statistics.broken_connections += 1;
            return self.break_link(link, std::time::Duration::ZERO);
        }
        let Some(state) = self.mesh.links.get_mut(&link) else { return };
        let side = state.side_of(from);
        let at = state.pipes[side].arrival(&path, self.now, bytes, &mut self.dice.links);
        if let Some((kind, payload)) = described(&parcel) {
            let to = nodes[1 - side];
            self.see(|| Fact::MeshSent { from, to, kind, message: SeenMessage::of(payload) });
        }
        self.queue.push(at, Happening::Mesh(Box::new(MeshHappening::Arrives { link, side: 1 - side, parcel })));
    }

    /// Hands a message to the node at one end of a connection.
    pub(super) fn arrive(&mut self, link: LinkId, side: usize, parcel: Parcel) {
        let Some(state) = self.mesh.links.get_mut(&link) else { return };
        let (to, from) = (state.nodes[side], state.nodes[1 - side]);
        if let Parcel::End(_) = &parcel {
            state.unanswered[side] = state.unanswered[side].saturating_sub(1);
        }
        let (broken, open) = (state.broken, state.ends[side] == End::Open);
        if broken || !open {
            if let Some((_, payload)) = described(&parcel).filter(|_| broken) {
                self.statistics.dropped_envelopes += 1;
                self.see(|| Fact::Withheld { to, from: Some(from), message: SeenMessage::of(payload) });
            }
            return;
        }
        match parcel {
            Parcel::Gossip(payload) => self.hear_gossip(to, from, payload),
            Parcel::Question(id, payload) => self.hear_question(to, from, id, &payload),
            Parcel::Answer(payload) => self.hear_answer(to, from, &payload),
            Parcel::End(lacking) => lacking.into_iter().for_each(|question| self.hear_unanswered(to, from, &question)),
            Parcel::AskAddresses => self.give_addresses(link, to),
            Parcel::Addresses(payload) => self.hear_addresses(to, from, &payload),
        }
    }

    /// Notes in the trace, the statistics and for the observer that a message reached a node.
    pub(super) fn note_heard(&mut self, to: usize, from: usize, kind: MessageKind, payload: &[u8], repeated: bool) {
        self.see(|| Fact::MeshArrived { to, from, kind, repeated, message: SeenMessage::of(payload) });
        self.note_mesh_delivery(to, from, payload);
        if repeated {
            return;
        }
        let hash = blake3::hash(payload).to_hex();
        let (length, hash) = (payload.len(), hash.get(..12).unwrap_or_default());
        self.trace.note(
            self.now,
            format_args!(r#""node":{to},"heard":{length},"from":{from},"as":"{kind:?}","hash":"{hash}""#),
        );
        self.note_mesh_body(to, payload);
        if payload.starts_with(&Tag::STAT.to_bytes()) {
            self.show_work(to, from, payload);
        }
    }

    /// Informs a node's peering how much work a peer claims.
    fn show_work(&mut self, node: usize, from: usize, payload: &[u8]) {
        let Ok(Payload::Message(NodeMessage::Status(status))) = NodeMessage::decode(payload) else { return };
        let Some(ours) = self.node(node).map(|machine| machine.chain().tip().work) else { return };
        let Some(peer) = self.peer_id(from) else { return };
        self.peering_input(node, PeeringInput::Shows { peer, work: Work::from_be_bytes(status.work), ours });
    }
}

/// Returns the kind of a message between machines, and its payload; `None` for what peering says.
fn described(parcel: &Parcel) -> Option<(MessageKind, &[u8])> {
    match parcel {
        Parcel::Gossip(payload) => Some((MessageKind::Gossip, payload)),
        Parcel::Question(_, payload) => Some((MessageKind::Question, payload)),
        Parcel::Answer(payload) => Some((MessageKind::Answer, payload)),
        Parcel::End(_) => None,
        Parcel::AskAddresses => Some((MessageKind::Question, b"GADR")),
        Parcel::Addresses(payload) => Some((MessageKind::Answer, payload)),
    }
}
