//! Counts the traffic: how much of it is useful, and how much of what honest nodes publish arrives.

use toycoin_node::relay::ConnectionId;
use toycoin_wire::{Tag, relay::RelayMessage};

use crate::network::{
    Network,
    traffic::{header_of_body, split_frame},
};

impl Network {
    /// Counts the honest recipients of the messages that an honest node publishes.
    pub(crate) fn note_published(&mut self, connection: ConnectionId, mut bytes: &[u8]) {
        let Some(wire) = self.wires.get(&connection).filter(|wire| self.nodes[wire.node].honest) else { return };
        let (relay, is_reader) = (wire.relay, wire.welcomed);
        while let Some((frame, rest)) = split_frame(bytes) {
            bytes = rest;
            if frame.tag != Tag::PUBL {
                continue;
            }
            let Ok(RelayMessage::Publish(publish)) = RelayMessage::decode(frame) else { continue };
            let receivers = match publish.to {
                Some(id) => u64::from(self.owners.get(&id).is_some_and(|owner| self.nodes[*owner].honest)),
                None => self.relays[relay].honest - u64::from(is_reader),
            };
            self.statistics.honest_published += receivers;
        }
    }

    /// Counts a message that reached a node of a mesh.
    pub(crate) fn note_mesh_delivery(&mut self, node: usize, from: usize, payload: &[u8]) {
        if self.nodes[node].honest && self.nodes[from].honest {
            self.note_payload(node, payload);
        }
    }

    /// Counts a delivery to a node.
    pub(crate) fn note_delivery(&mut self, node: usize, frame: &[u8]) {
        let Some((frame, _)) = split_frame(frame).filter(|(frame, _)| frame.tag == Tag::DELV) else { return };
        let Ok(RelayMessage::Deliver(deliver)) = RelayMessage::decode(frame) else { return };
        let is_honest = |node: &usize| self.nodes[*node].honest;
        if !is_honest(&node) || !self.owners.get(&deliver.from).is_some_and(is_honest) {
            return;
        }
        self.note_payload(node, deliver.payload);
    }

    fn note_payload(&mut self, node: usize, payload: &[u8]) {
        self.statistics.honest_delivered += 1;
        let bytes = payload.len() as u64;
        if payload.starts_with(&Tag::BTXS.to_bytes()) {
            self.statistics.body_bytes += bytes;
        }
        let Some(header) = header_of_body(payload) else { return };
        self.statistics.body_bytes += bytes;
        if !self.traffic.note(node, payload, &header) {
            self.statistics.repeated_body_bytes += bytes;
        }
    }
}
