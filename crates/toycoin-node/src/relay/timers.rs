//! The deadlines of all connections: for the handshake, the keepalive, and stalled writes.

use std::collections::BTreeSet;

use crate::machine::Monotonic;

/// A set of wake-up times, at most one per connection, in a fixed order.
///
/// Most deadlines move to a later time with every byte that arrives. So an entry is never moved to a later time. When
/// its time comes, the connection is checked and enters the set again with its present deadline. Only an earlier
/// deadline changes the set.
#[derive(Debug, Default)]
pub(super) struct Timers {
    set: BTreeSet<(Monotonic, usize)>,
}

impl Timers {
    /// Ensures that connection `slot`, now in the set for `armed`, is woken no later than `deadline`.
    pub(super) fn arm(&mut self, slot: usize, armed: &mut Option<Monotonic>, deadline: Monotonic) {
        if armed.is_none_or(|armed| deadline < armed) {
            self.disarm(slot, armed);
            self.set.insert((deadline, slot));
            *armed = Some(deadline);
        }
    }

    pub(super) fn disarm(&mut self, slot: usize, armed: &mut Option<Monotonic>) {
        if let Some(time) = armed.take() {
            self.set.remove(&(time, slot));
        }
    }

    /// Takes the first connection whose time has come.
    pub(super) fn pop_due(&mut self, now: Monotonic) -> Option<usize> {
        let (time, slot) = *self.set.first()?;
        if time > now {
            return None;
        }
        self.set.pop_first();
        Some(slot)
    }

    pub(super) fn next(&self) -> Option<Monotonic> {
        self.set.first().map(|(time, _)| *time)
    }
}
