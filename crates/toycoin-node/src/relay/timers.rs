//! When each connection wants to be looked at: for its handshake, its keepalive, and writes that stand still.

use std::collections::BTreeSet;

use crate::machine::Monotonic;

/// A set of wake-up times, at most one a connection, in a fixed order.
///
/// Most deadlines move away with every byte that arrives. So a time here is never moved back: it comes, the connection
/// is looked at, and enters the set again with what it then waits for. Only an earlier deadline touches the set.
#[derive(Debug, Default)]
pub(super) struct Timers {
    set: BTreeSet<(Monotonic, usize)>,
}

impl Timers {
    /// Makes sure that connection `slot`, now in the set for `armed`, is woken no later than `deadline`.
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
