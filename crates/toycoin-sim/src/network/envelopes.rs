//! Envelopes on their way down: what faults, partitions and a relay's tactic do to each.

use std::time::Duration;

use toycoin_node::relay::ConnectionId;
use toycoin_wire::{
    Frame, Tag,
    node::{NodeMessage, Payload},
    relay::{Deliver, RelayMessage},
};

use crate::{
    link::Link,
    network::{Happening, Network},
    relay_tactic::Passage,
};

impl Network {
    /// Puts a relay's output on the link, envelope by envelope if a fault may affect one.
    pub(super) fn send_down(&mut self, connection: ConnectionId, link: &Link, bytes: Vec<u8>) {
        let Some(wire) = self.wires.get_mut(&connection) else { return };
        let (node, relay, length) = (wire.node, wire.relay, bytes.len());
        let mut whole = std::mem::take(&mut wire.partial);
        // most output is whole frames, which are not copied
        if whole.is_empty() {
            whole = bytes
        } else {
            whole.extend_from_slice(&bytes)
        }
        let is_careful = link.drop == 0.0 && link.duplicate == 0.0 && link.reorder == 0.0;
        let lies = self.relays[relay].tactic.is_some();
        let plain =
            !lies && is_careful && self.blocked.is_empty() && self.eclipsed.is_empty() && self.censored.is_none();
        let mut is_welcome = false;
        let mut end = 0;
        for frame in frames(&whole) {
            end += frame.len();
            self.statistics.deliveries += u64::from(is_delivery(frame));
            is_welcome |= frame.get(4..8) == Some(b"WELC");
            if plain {
                self.note_delivery(node, frame);
            }
        }
        let partial = whole.split_off(end);
        let (passing, late) = if plain { (whole, Vec::new()) } else { self.sift(connection, link, &whole) };
        let Some(wire) = self.wires.get_mut(&connection) else { return };
        wire.partial = partial;
        if is_welcome && !wire.welcomed {
            wire.welcomed = true;
            self.relays[wire.relay].honest += u64::from(self.nodes[node].honest);
        }
        if !passing.is_empty() {
            let at = wire.down.arrival(link, self.now, length, &mut self.dice.links);
            self.queue.push(at, Happening::Down { connection, bytes: passing });
        }
        for frame in late {
            let wait = self.dice.links.between(Duration::from_millis(50), Duration::from_secs(1));
            let at = self.now + link.latency.draw(&mut self.dice.links) + wait;
            self.queue.push(at, Happening::Down { connection, bytes: frame });
        }
    }

    /// Does to each of some whole frames what faults and the relay's tactic do. Returns those that pass, and those that
    /// others overtake.
    fn sift(&mut self, connection: ConnectionId, link: &Link, whole: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let (mut passing, mut late) = (Vec::new(), Vec::new());
        let Some(wire) = self.wires.get(&connection) else { return (passing, late) };
        let (node, relay) = (wire.node, wire.relay);
        for frame in frames(whole) {
            if !is_delivery(frame) {
                passing.extend_from_slice(frame);
                continue;
            }
            if !self.passes(node, frame) || self.dice.links.chance(link.drop) {
                self.statistics.dropped_envelopes += 1;
                self.see_withheld(node, frame);
                continue;
            }
            match self.passage(relay, node, frame) {
                Passage::Pass => {}
                Passage::Drop => {
                    self.statistics.dropped_envelopes += 1;
                    self.see_withheld(node, frame);
                    continue;
                }
                Passage::Delay(wait) => {
                    self.note_delivery(node, frame);
                    let at = self.now + wait + link.latency.draw(&mut self.dice.links);
                    self.queue.push(at, Happening::Down { connection, bytes: frame.to_vec() });
                    continue;
                }
                Passage::Instead(messages) => {
                    self.see_withheld(node, frame);
                    passing.extend(messages.iter().filter_map(|message| in_place_of(frame, message)).flatten());
                    continue;
                }
            }
            self.note_delivery(node, frame);
            if self.dice.links.chance(link.reorder) {
                late.push(frame.to_vec());
                continue;
            }
            passing.extend_from_slice(frame);
            if self.dice.links.chance(link.duplicate) {
                passing.extend_from_slice(frame);
            }
        }
        (passing, late)
    }

    /// Returns whether an envelope reaches a node, judged by its sender and content.
    fn passes(&self, to: usize, frame: &[u8]) -> bool {
        let Some(deliver) = delivery(frame) else { return true };
        let Some(from) = self.owners.get(&deliver.from) else { return true };
        if self.blocked.get(&(*from, to)).is_some_and(|count| *count > 0) || self.is_eclipsed(*from, to) {
            return false;
        }
        let Some(censored) = self.censored else { return true };
        match NodeMessage::decode(deliver.payload) {
            Ok(Payload::Message(NodeMessage::Transaction(transaction))) => transaction.txid() != censored,
            _ => true,
        }
    }

    /// Asks the relay's tactic, if it has one, what becomes of an envelope.
    fn passage(&mut self, relay: usize, to: usize, frame: &[u8]) -> Passage {
        let Some(tactic) = &mut self.relays[relay].tactic else { return Passage::Pass };
        let Some(deliver) = delivery(frame) else { return Passage::Pass };
        match NodeMessage::decode(deliver.payload) {
            Ok(Payload::Message(message)) => tactic.deliver(self.owners.get(&deliver.from).copied(), to, &message),
            _ => Passage::Pass,
        }
    }

    /// Returns whether an eclipse of one of two nodes keeps it from the other, which is honest. Nodes that are added
    /// meanwhile count too.
    pub(super) fn is_eclipsed(&self, from: usize, to: usize) -> bool {
        let is_kept = |node: &usize, other: usize| self.eclipsed.contains_key(node) && self.nodes[other].honest;
        from != to && (is_kept(&from, to) || is_kept(&to, from))
    }
}

/// Returns the envelope in a frame, if it is one.
fn delivery(frame: &[u8]) -> Option<Deliver<'_>> {
    match RelayMessage::decode(Frame { tag: Tag::DELV, body: frame.get(8..)? }) {
        Ok(RelayMessage::Deliver(deliver)) => Some(deliver),
        _ => None,
    }
}

/// Returns the frame of an envelope with another message in place of its own.
fn in_place_of(frame: &[u8], message: &NodeMessage) -> Option<Vec<u8>> {
    let payload = message.encode().ok()?;
    RelayMessage::Deliver(Deliver { payload: &payload, ..delivery(frame)? }).to_frame().ok()
}

/// Returns the whole frames at the front of some bytes, each with its length field.
fn frames(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (frame, rest) = bytes.split_at_checked(frame_length(bytes)?)?;
        bytes = rest;
        Some(frame)
    })
}

fn is_delivery(frame: &[u8]) -> bool {
    frame.get(4..8) == Some(b"DELV")
}

/// Returns the length of the first frame in bytes, including its length field.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let length = bytes.first_chunk()?;
    usize::try_from(u32::from_be_bytes(*length)).ok()?.checked_add(4)
}
