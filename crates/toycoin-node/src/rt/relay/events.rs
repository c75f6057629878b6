//! The events of a running relay, on their way to whoever observes it.

use std::vec;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::{
    limits::{RELAY_EVENT_BATCHES, RELAY_EVENT_INTERVAL},
    machine::Monotonic,
    relay::{RelayEvent, RelayMachine},
};

/// The events of a relay; see [`RelayServer::observe`](super::RelayServer::observe).
#[derive(Debug)]
pub struct RelayEvents {
    batches: Receiver<Vec<RelayEvent>>,
    batch: vec::IntoIter<RelayEvent>,
}

impl RelayEvents {
    /// Returns the next event once there is one, or `None` when the relay has ended. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<RelayEvent> {
        loop {
            if let Some(event) = self.batch.next() {
                return Some(event);
            }
            self.batch = self.batches.recv().await?.into_iter();
        }
    }
}

/// The driver's end. It passes events on in batches, and never waits for their reader: meanwhile they wait in the
/// machine, which keeps a bounded number and counts the rest.
#[derive(Debug)]
pub(super) struct EventSender {
    batches: Sender<Vec<RelayEvent>>,
    /// When the next batch may be passed on.
    next: Monotonic,
}

/// Returns both ends. No event has been recorded yet.
pub(super) fn events() -> (EventSender, RelayEvents) {
    // the last batch always has room, so what was left out is counted to the end
    let (sender, batches) = channel(RELAY_EVENT_BATCHES + 1);
    (EventSender { batches: sender, next: Monotonic::ORIGIN }, RelayEvents { batches, batch: Vec::new().into_iter() })
}

impl EventSender {
    /// Returns when [`pass_on`](Self::pass_on) next has something to do.
    pub(super) fn due(&self, machine: &RelayMachine) -> Option<Monotonic> {
        machine.has_events().then_some(self.next)
    }

    /// Passes on the machine's events, if it is time and the reader has room. Returns `false` once the reader is gone.
    pub(super) fn pass_on(&mut self, machine: &mut RelayMachine, now: Monotonic) -> bool {
        if now < self.next || !machine.has_events() {
            return true;
        }
        self.next = now + RELAY_EVENT_INTERVAL;
        if self.batches.capacity() > 1
            && let Ok(permit) = self.batches.try_reserve()
        {
            permit.send(machine.take_events());
        }
        !self.batches.is_closed()
    }

    /// Passes on the last events.
    pub(super) fn finish(self, machine: &mut RelayMachine) {
        if machine.has_events() {
            // whoever read them may have gone
            let _ = self.batches.try_send(machine.take_events());
        }
    }
}
