//! What happens on connections: bytes in transit, and what a relay does with envelopes.

use std::time::Duration;

use bytes::Bytes;
use toycoin_node::{
    limits,
    protocol::Input,
    relay::{ConnectionId, RelayInput, Source},
};
use toycoin_wire::{
    Frame, NodeId, Tag,
    node::NodeMessage,
    node::Payload,
    relay::{Deliver, RelayMessage},
};

use crate::{
    link::Link,
    network::{Happening, Network, wire::Wire},
    planted::Planted,
    relay_tactic::Passage,
};

/// Longest time that an adversary's bytes may wait for its link.
const MAX_BACKLOG: Duration = Duration::from_secs(4);

impl Network {
    /// Plans when a node dials a relay.
    pub(crate) fn dial_later(&mut self, node: usize, slot: usize) {
        let failures = self.nodes[node].failures[slot].min(6);
        self.nodes[node].failures[slot] += 1;
        let most = (limits::RECONNECT_FIRST * 2u32.pow(failures)).min(limits::MAX_RECONNECT);
        let wait = self.dice.links.between(most / 2, most);
        self.queue.push(self.now + wait, Happening::Dial { node, slot });
    }

    pub(crate) fn dial(&mut self, node: usize, slot: usize) {
        if self.nodes[node].machine.is_none() || self.nodes[node].wires[slot].is_some() {
            return;
        }
        let relay = self.nodes[node].relays[slot];
        if self.relays[relay].machine.is_none() {
            return self.dial_later(node, slot);
        }
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        let id = NodeId::new(self.dice.links.bytes());
        self.owners.insert(id, node);
        self.wires.insert(connection, Wire::new(node, slot, relay));
        self.nodes[node].wires[slot] = Some(connection);
        self.trace.note(self.now, format_args!(r#""dial":{node},"relay":{relay},"connection":{}"#, connection.0));
        self.relay_input(relay, RelayInput::Connected { connection, source: Source::Connection(connection) });
        self.node_input(node, Input::Connected { connection, relay: slot, node_id: id });
    }

    /// Puts a node's bytes on the link.
    pub(crate) fn send_up(&mut self, connection: ConnectionId, bytes: Bytes) {
        let Some(wire) = self.wires.get(&connection) else { return };
        let link = self.link_on(wire, true);
        self.statistics.sent_bytes += bytes.len() as u64;
        let now = self.now;
        if self.breaks(&link) {
            return self.break_wire(connection);
        }
        let Some(wire) = self.wires.get_mut(&connection) else { return };
        // an adversary discards what its own link cannot carry
        if self.nodes[wire.node].is_adversary() && wire.up.busy_until > now + MAX_BACKLOG {
            return;
        }
        let length = bytes.len() as u64;
        let (from, relay) = (wire.node, wire.relay);
        let at = wire.up.arrival(&link, now, bytes.len(), &mut self.dice.links);
        let mut written_at = wire.up.busy_until;
        while let Some((_, written)) = wire.unwritten.pop_front_if(|(at, _)| *at <= now) {
            wire.unwritten_bytes -= written;
        }
        wire.unwritten.push_back((written_at, length));
        wire.unwritten_bytes += length;
        let (node, unwritten) = (wire.node, wire.unwritten_bytes);
        if self.nodes[node].planted == Some(Planted::BelievesAllWritten) {
            written_at = now;
        }
        match wire.writing.back_mut().filter(|(at, _)| *at == written_at) {
            Some((_, bytes)) => *bytes += length,
            None => {
                wire.writing.push_back((written_at, length));
                self.queue.push(written_at, Happening::Written { connection });
            }
        }
        self.see_sent(from, relay, &bytes);
        self.queue.push(at, Happening::Up { connection, bytes });
        if self.nodes[node].honest && unwritten > limits::TRANSPORT_QUEUE_BYTES as u64 {
            let what = format!("{unwritten} bytes wait for its relay: its transport would have closed");
            self.violate("own answers", Some(node), what);
        }
    }

    /// Reports to a node how many of its bytes were written to the link.
    pub(crate) fn wrote(&mut self, connection: ConnectionId) {
        let Some(wire) = self.wires.get_mut(&connection) else { return };
        let mut bytes = 0;
        while let Some((_, length)) = wire.writing.pop_front_if(|(at, _)| *at <= self.now) {
            bytes += length;
        }
        if wire.at_node && bytes > 0 {
            let node = wire.node;
            self.node_input(node, Input::Written { connection, bytes });
        }
    }

    pub(crate) fn arrive_up(&mut self, connection: ConnectionId, bytes: &[u8]) {
        let Some(relay) = self.wires.get(&connection).filter(|wire| wire.at_relay).map(|wire| wire.relay) else {
            return;
        };
        self.note_published(connection, bytes);
        self.relay_input(relay, RelayInput::Received { connection, bytes });
    }

    pub(crate) fn arrive_down(&mut self, connection: ConnectionId, bytes: &[u8]) {
        let Some(wire) = self.wires.get(&connection).filter(|wire| wire.at_node) else { return };
        let (node, slot, relay) = (wire.node, wire.slot, wire.relay);
        self.nodes[node].failures[slot] = 0;
        self.see_arrived(node, relay, bytes);
        self.note_bodies(node, bytes);
        self.node_input(node, Input::Received { connection, bytes });
    }

    /// Closes a connection from the node's side: at once there, and at the relay when the news arrives.
    pub(crate) fn close_at_node(&mut self, connection: ConnectionId) {
        let Some(wire) = self.wires.get_mut(&connection) else { return };
        let (node, slot) = (wire.node, wire.slot);
        wire.at_node = false;
        self.nodes[node].wires[slot] = None;
        self.cut_later(connection, true);
        self.dial_later(node, slot);
    }

    pub(super) fn cut_later(&mut self, connection: ConnectionId, upwards: bool) {
        let Some(wire) = self.wires.get(&connection) else { return };
        let link = self.link_on(wire, upwards);
        let Some(wire) = self.wires.get_mut(&connection) else { return };
        let pipe = if upwards { &mut wire.up } else { &mut wire.down };
        let at = pipe.arrival(&link, self.now, 1, &mut self.dice.links);
        self.queue.push(at, Happening::Cut { connection });
    }

    /// Breaks a connection, so that both ends learn that it is over.
    pub(crate) fn break_wire(&mut self, connection: ConnectionId) {
        self.statistics.broken_connections += 1;
        self.queue.push(self.now, Happening::Cut { connection });
    }

    /// Closes a connection, and informs each end that is still open.
    pub(crate) fn cut(&mut self, connection: ConnectionId) {
        let Some(wire) = self.wires.remove(&connection) else { return };
        let Wire { node, slot, relay, at_node, at_relay, welcomed, .. } = wire;
        self.relays[relay].honest -= u64::from(welcomed && self.nodes[node].honest);
        if at_relay {
            self.relay_input(relay, RelayInput::Disconnected { connection });
        }
        if at_node {
            self.nodes[node].wires[slot] = None;
            self.node_input(node, Input::Disconnected { connection });
            if self.nodes[node].machine.is_some() {
                self.dial_later(node, slot);
            }
        }
    }

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

    /// Makes a node's relays send LAGD 10 times, and plans to repeat that 100 ms later.
    pub(crate) fn say_lagged(&mut self, node: usize) {
        if self.nodes[node].lag_floods == 0 {
            self.nodes[node].lag_series -= 1;
            return;
        }
        let frame = RelayMessage::Lagged(1).to_frame().unwrap_or_default();
        let connections: Vec<_> = self.nodes[node].wires.iter().flatten().copied().collect();
        for connection in connections {
            let Some(wire) = self.wires.get(&connection).filter(|wire| wire.welcomed && wire.at_relay) else {
                continue;
            };
            let link = self.link_on(wire, false);
            let Some(wire) = self.wires.get_mut(&connection) else { continue };
            let bytes = frame.repeat(10);
            let at = wire.down.arrival(&link, self.now, bytes.len(), &mut self.dice.links);
            self.queue.push(at, Happening::Down { connection, bytes });
        }
        self.queue.push(self.now + Duration::from_millis(100), Happening::SayLagged { node });
    }

    /// Returns the current properties of a node's links.
    pub(super) fn link_of(&self, node: usize) -> Link {
        self.worsened(node, self.nodes[node].link)
    }

    /// Returns the current properties of a connection in one direction: of the node's link, or of the graph's edge.
    pub(super) fn link_on(&self, wire: &Wire, upwards: bool) -> Link {
        match self.edges.get(wire.relay) {
            None => self.link_of(wire.node),
            Some(edge) if upwards => self.worsened(wire.node, *edge),
            // the edge's whole length lies before its relay
            Some(edge) => self.worsened(wire.node, edge.at_once()),
        }
    }

    /// Returns a link with what faults of a node do to it.
    fn worsened(&self, node: usize, mut link: Link) -> Link {
        let node = &self.nodes[node];
        for (bandwidth, latency) in &node.slow {
            let bandwidth = if link.bandwidth == 0 { *bandwidth } else { link.bandwidth.min(*bandwidth) };
            link = Link { latency: link.latency.times(*latency), bandwidth, ..link };
        }
        if node.lossy > 0 {
            link.loss = 0.33;
        }
        if node.careless > 0 {
            link = Link { drop: 0.1, duplicate: 0.1, reorder: 0.1, ..link };
        }
        link
    }

    pub(super) fn breaks(&mut self, link: &Link) -> bool {
        link.loss >= 0.3 && self.dice.links.chance(0.01)
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
