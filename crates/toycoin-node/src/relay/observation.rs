//! The events that a relay's machine records for whoever observes it.

use std::mem;

use crate::{
    limits::{RELAY_EVENTS, RELAY_FREQUENT_EVENTS},
    relay::{CloseReason, RelayEvent, RelayMachine, connection::Phase},
};

/// Events that nobody has taken yet. Their number is bounded; the rest is counted.
#[derive(Debug, Default)]
pub(super) struct Observation {
    is_on: bool,
    events: Vec<RelayEvent>,
    left_out: u64,
}

impl Observation {
    /// Records that somebody came or went. Without an observer the event is not even made.
    pub(super) fn record(&mut self, event: impl FnOnce() -> RelayEvent) {
        if self.is_on {
            self.push(RELAY_EVENTS, event);
        }
    }

    /// Records a message or a subscription, of which one client can cause many. They leave some room free, so that a
    /// flood of them does not hide who comes and goes.
    pub(super) fn record_frequent(&mut self, event: impl FnOnce() -> RelayEvent) {
        if self.is_on {
            self.push(RELAY_FREQUENT_EVENTS, event);
        }
    }

    #[cold]
    fn push(&mut self, room: usize, event: impl FnOnce() -> RelayEvent) {
        if self.events.len() < room {
            self.events.push(event());
        } else {
            self.left_out += 1;
        }
    }
}

impl RelayMachine {
    /// Begins to record events, or ends it. Events that were recorded and not taken are dropped.
    ///
    /// Recording changes no output. Clients that have joined before are not reported again.
    pub fn observe(&mut self, is_observed: bool) {
        self.observation = Observation { is_on: is_observed, ..Observation::default() };
    }

    /// Returns whether there are events to take.
    pub const fn has_events(&self) -> bool {
        !self.observation.events.is_empty()
    }

    /// Takes the events since the last call, in the order in which they happened: at most [`RELAY_EVENTS`], and then
    /// [`RelayEvent::LeftOut`] if there were more.
    ///
    /// ```
    /// use toycoin_node::{machine::{Machine, Now}, relay::{
    ///     ConnectionId, RelayConfig, RelayEvent, RelayInput, RelayMachine, Source,
    /// }};
    /// use toycoin_wire::{NodeId, relay::{Hello, RelayMessage}};
    ///
    /// let mut relay = RelayMachine::new(RelayConfig::default());
    /// relay.observe(true);
    /// let (connection, node_id) = (ConnectionId(1), NodeId::new([7; 16]));
    /// let hello = RelayMessage::Hello(Hello { node_id, agent: "example" }).to_frame()?;
    /// relay.handle(Now::default(), RelayInput::Connected { connection, source: Source::Connection(connection) });
    /// relay.handle(Now::default(), RelayInput::Received { connection, bytes: &hello });
    /// assert_eq!(relay.take_events(), [RelayEvent::Joined { connection, node_id, agent: "example".into() }]);
    /// # Ok::<(), toycoin_wire::EncodeError>(())
    /// ```
    pub fn take_events(&mut self) -> Vec<RelayEvent> {
        let mut events = mem::take(&mut self.observation.events);
        match mem::take(&mut self.observation.left_out) {
            0 => {}
            count => events.push(RelayEvent::LeftOut { count }),
        }
        events
    }

    /// Records that a connection ends which is not being closed yet.
    pub(super) fn record_end(&mut self, slot: usize, reason: Option<CloseReason>) {
        let Some(ended) = &self.connections[slot] else { return };
        let connection = ended.id;
        match (ended.phase, reason) {
            (Phase::Open(node_id), reason) => {
                self.observation.record(|| RelayEvent::Left { connection, node_id, reason });
            }
            (Phase::AwaitingHello, Some(reason)) => {
                self.observation.record(|| RelayEvent::Refused { connection, reason });
            }
            (Phase::AwaitingHello, None) | (Phase::Closing { .. }, _) => {}
        }
    }
}
