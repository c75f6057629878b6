//! What happens on connections: they open and close, and bytes are in transit.

use std::time::Duration;

use bytes::Bytes;
use toycoin_node::{
    limits,
    protocol::Input,
    relay::{ConnectionId, RelayInput, Source},
};
use toycoin_wire::{NodeId, relay::RelayMessage};

use crate::{
    link::Link,
    network::{Happening, Network, wire::Wire},
    planted::Planted,
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
