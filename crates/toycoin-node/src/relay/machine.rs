//! The relay's machine, and its connections.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
};

use toycoin_wire::{FrameDecoder, NodeId, Reader};

use crate::{
    limits::RELAY_REFUSALS,
    machine::{Machine, Monotonic, Now},
    relay::{
        CloseReason, ConnectionId, RelayConfig, RelayEvent, RelayInput, RelayOutput, RelayStats,
        batch::Batch,
        channels::Channels,
        connection::{Connection, Due, Phase},
        controls::ControlFrames,
        deliveries::Deliveries,
        entry::Entry,
        observation::Observation,
        origin::{Origin, Source},
        queue::Bounds,
        timers::Timers,
    },
};

/// The relay without its sockets.
///
/// ```
/// use toycoin_node::{machine::{Machine, Now}, relay::{
///     ConnectionId, RelayConfig, RelayInput, RelayMachine, RelayOutput, Source,
/// }};
/// use toycoin_wire::{NodeId, relay::{Hello, RelayMessage}};
///
/// let mut relay = RelayMachine::new(RelayConfig::default());
/// let connection = ConnectionId(1);
/// let hello = RelayMessage::Hello(Hello { node_id: NodeId::new([7; 16]), agent: "example" }).to_frame()?;
/// relay.handle(Now::default(), RelayInput::Connected { connection, source: Source::Connection(connection) });
/// relay.handle(Now::default(), RelayInput::Received { connection, bytes: &hello });
/// assert_eq!(relay.poll_output(), Some(RelayOutput::Writable(connection)));
///
/// let [first, _] = relay.next_write(connection, 1 << 16);
/// assert_eq!(&first[4..8], b"WELC");
/// let count = first.len();
/// relay.handle(Now::default(), RelayInput::Written { connection, count });
/// assert_eq!(relay.poll_output(), None);
/// # Ok::<(), toycoin_wire::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct RelayMachine {
    pub(super) config: RelayConfig,
    pub(super) connections: Vec<Option<Connection>>,
    pub(super) nodes: BTreeMap<NodeId, usize>,
    pub(super) channels: Channels,
    pub(super) deliveries: Deliveries,
    pub(super) timers: Timers,
    pub(super) outputs: VecDeque<RelayOutput>,
    pub(super) stats: RelayStats,
    pub(super) observation: Observation,
    free: Vec<usize>,
    slots: BTreeMap<ConnectionId, usize>,
    controls: ControlFrames,
    /// The small frames of the last write.
    batch: Batch,
    /// Memory of incomplete frames over all connections, in bytes.
    pub(super) partial: usize,
    /// Memory for the next frame that arrives in pieces, on any connection.
    pub(super) spare: Vec<u8>,
    nonce: u64,
    is_shutting_down: bool,
}

impl RelayMachine {
    /// Returns a relay without connections.
    pub fn new(config: RelayConfig) -> Self {
        Self {
            controls: ControlFrames::new(&config),
            config,
            connections: Vec::new(),
            nodes: BTreeMap::new(),
            channels: Channels::default(),
            deliveries: Deliveries::default(),
            timers: Timers::default(),
            outputs: VecDeque::new(),
            stats: RelayStats::default(),
            observation: Observation::default(),
            free: Vec::new(),
            slots: BTreeMap::new(),
            batch: Batch::default(),
            partial: 0,
            spare: Vec::new(),
            nonce: 0,
            is_shutting_down: false,
        }
    }

    /// Returns the next bytes for a connection, about `limit` of them, as two slices for one gathered write; a control
    /// frame or a large delivery may exceed the limit. Both are empty if nothing waits.
    ///
    /// The first slice has small frames, copied together once for all queues that begin with the same ones. The second
    /// one is a large delivery, by reference. The bytes stay in the relay until [`RelayInput::Written`] reports them as
    /// written.
    pub fn next_write(&mut self, connection: ConnectionId, limit: usize) -> [&[u8]; 2] {
        match self.slots.get(&connection).and_then(|slot| self.connections[*slot].as_ref()) {
            Some(connection) => connection.queue.next_write(&mut self.batch, limit, &self.deliveries, &self.controls),
            None => [&[], &[]],
        }
    }

    /// Returns the most connections that the relay accepts.
    pub const fn capacity(&self) -> usize {
        self.config.connections
    }

    /// Returns the counters.
    pub fn stats(&self) -> RelayStats {
        RelayStats {
            connections: self.slots.len(),
            channels: self.channels.len(),
            queued_bytes: self.deliveries.weight(),
            partial_bytes: self.partial,
            ..self.stats
        }
    }

    fn connect(&mut self, now: Monotonic, id: ConnectionId, source: Source) {
        if self.slots.contains_key(&id) {
            return;
        }
        let is_full = self.slots.len() >= self.config.connections;
        let reason = if self.is_shutting_down { CloseReason::Shutdown } else { CloseReason::TooManyConnections };
        if self.slots.len() >= self.config.connections.saturating_add(RELAY_REFUSALS) {
            self.outputs.push_back(RelayOutput::Close { connection: id, reason });
            self.observation.record(|| RelayEvent::Refused { connection: id, reason });
            return;
        }
        self.stats.accepted += 1;
        let bounds = Bounds { bytes: self.config.queue_bytes, deliveries: self.config.queue_deliveries };
        let origin = self.deliveries.welcome(Origin { source, connection: id });
        let connection = Some(Connection::new(id, origin, bounds, now));
        let slot = if let Some(slot) = self.free.pop() {
            self.connections[slot] = connection;
            slot
        } else {
            self.connections.push(connection);
            self.connections.len() - 1
        };
        self.slots.insert(id, slot);
        if is_full || self.is_shutting_down {
            self.close(now, slot, reason);
        }
        self.arm(slot);
    }

    fn written(&mut self, now: Monotonic, slot: usize, count: usize) {
        let Some(connection) = &mut self.connections[slot] else { return };
        self.stats.bytes_written += count as u64;
        connection.queue.take_written(count, &mut self.deliveries, &self.controls);
        connection.wrote(now);
        if !connection.queue.is_empty() {
            return;
        }
        connection.is_announced = false;
        if let Phase::Closing { reason, .. } = connection.phase {
            self.forget(slot, reason);
        }
    }

    fn timeout(&mut self, now: Monotonic) {
        while let Some(slot) = self.timers.pop_due(now) {
            let Some(connection) = &mut self.connections[slot] else { continue };
            connection.armed = None;
            let (time, due) = connection.due();
            if time <= now {
                match due {
                    Due::Ping => {
                        connection.asked(now);
                        self.nonce += 1;
                        self.push_control(now, slot, Entry::Ping(self.nonce));
                    }
                    Due::CheckSpeed if connection.is_fast_enough(now) => {}
                    Due::CheckSpeed => self.close(now, slot, CloseReason::SlowFrame),
                    Due::Close(reason) => self.close(now, slot, reason),
                    Due::Forget(reason) => self.forget(slot, reason),
                }
            }
            self.arm(slot);
        }
    }

    fn shut_down(&mut self, now: Monotonic) {
        self.is_shutting_down = true;
        for slot in 0..self.connections.len() {
            if self.connections[slot].as_ref().is_some_and(|connection| !connection.is_closing()) {
                self.close(now, slot, CloseReason::Shutdown);
            }
        }
    }

    /// Appends a control frame to a queue.
    pub(super) fn push_control(&mut self, now: Monotonic, slot: usize, entry: Entry) {
        let Some(connection) = &mut self.connections[slot] else { return };
        connection.queue.push_control(entry);
        if announce(now, connection, &mut self.outputs) {
            self.arm(slot);
        }
    }

    /// Ends a connection with a `GBYE`. From now on it takes part in nothing, and only its queue is written.
    pub(super) fn close(&mut self, now: Monotonic, slot: usize, reason: CloseReason) {
        if reason == CloseReason::ByPeer {
            return self.forget(slot, reason);
        }
        self.leave(slot, reason);
        let Some(connection) = &mut self.connections[slot] else { return };
        connection.phase = Phase::Closing { reason, since: now };
        if reason != CloseReason::Shutdown {
            connection.queue.drop_all(&mut self.deliveries);
        }
        self.push_control(now, slot, Entry::Goodbye(reason));
        self.arm(slot);
    }

    /// Ends a connection at once.
    pub(super) fn forget(&mut self, slot: usize, reason: CloseReason) {
        self.leave(slot, reason);
        if let Some(id) = self.remove(slot) {
            self.outputs.push_back(RelayOutput::Close { connection: id, reason });
        }
    }

    /// Removes a connection from all that others see of it.
    fn leave(&mut self, slot: usize, reason: CloseReason) {
        let Some(connection) = &mut self.connections[slot] else { return };
        if connection.is_closing() {
            return;
        }
        tracing::debug!(connection = connection.id.0, %reason, "connection ends");
        self.stats.closed += 1;
        self.stats.closed_for_misbehaviour += u64::from(reason.is_misbehaviour());
        self.record_end(slot, Some(reason));
        self.withdraw(slot);
    }

    /// Releases the node id, the subscriptions and the incomplete frame.
    fn withdraw(&mut self, slot: usize) {
        let Some(connection) = &mut self.connections[slot] else { return };
        if let Phase::Open(node) = connection.phase {
            self.nodes.remove(&node);
        }
        for channel in mem::take(&mut connection.subscriptions) {
            self.channels.unsubscribe(channel.borrowed(), slot);
        }
        self.partial -= connection.decoder.capacity();
        connection.decoder = FrameDecoder::new(Reader::Relay);
    }

    fn remove(&mut self, slot: usize) -> Option<ConnectionId> {
        self.withdraw(slot);
        let mut connection = self.connections[slot].take()?;
        connection.queue.clear(&mut self.deliveries);
        self.deliveries.let_go(connection.origin);
        self.timers.disarm(slot, &mut connection.armed);
        self.slots.remove(&connection.id);
        self.free.push(slot);
        Some(connection.id)
    }

    pub(super) fn arm(&mut self, slot: usize) {
        if let Some(connection) = &mut self.connections[slot] {
            let (time, _) = connection.due();
            self.timers.arm(slot, &mut connection.armed, time);
        }
    }
}

impl Machine for RelayMachine {
    type Input<'a> = RelayInput<'a>;
    type Output = RelayOutput;

    fn handle(&mut self, now: Now, input: RelayInput<'_>) {
        let now = now.monotonic;
        let slot = |slots: &BTreeMap<_, usize>, connection| slots.get(&connection).copied();
        match input {
            RelayInput::Connected { connection, source } => self.connect(now, connection, source),
            RelayInput::Received { connection, bytes } => {
                if let Some(slot) = slot(&self.slots, connection) {
                    self.receive(now, slot, bytes);
                }
            }
            RelayInput::Written { connection, count } => {
                if let Some(slot) = slot(&self.slots, connection) {
                    self.written(now, slot, count);
                }
            }
            RelayInput::Disconnected { connection } => {
                if let Some(slot) = slot(&self.slots, connection) {
                    self.record_end(slot, None);
                    self.remove(slot);
                }
            }
            RelayInput::Timeout => self.timeout(now),
            RelayInput::Shutdown => self.shut_down(now),
        }
    }

    fn poll_output(&mut self) -> Option<RelayOutput> {
        self.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        self.timers.next()
    }
}

/// Announces to the driver that a connection has bytes to write, and returns `true`. Does so once until the queue is
/// drained.
pub(super) fn announce(now: Monotonic, connection: &mut Connection, outputs: &mut VecDeque<RelayOutput>) -> bool {
    if connection.is_announced {
        return false;
    }
    connection.is_announced = true;
    connection.waits(now);
    outputs.push_back(RelayOutput::Writable(connection.id));
    true
}

#[cfg(test)]
mod tests;
