//! The bytes that wait on a transport and that were written, as both of its ends see them.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use crate::limits::{MESSAGE_WEIGHT, TRANSPORT_QUEUE_BYTES};

/// The bytes that wait and that were written, on the connection of the last send.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    connection: u64,
    /// Weight of the waiting bytes.
    waiting: usize,
    /// Bytes that were written and not yet taken by [`Progress::take_written`].
    written: u64,
    /// Whether an event has announced them.
    told: bool,
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts bytes that are to be sent, and returns whether they fit. `None` if an earlier connection is meant, for
    /// which nothing counts any more.
    pub(super) fn wait(&self, connection: u64, weight: usize) -> Option<bool> {
        let mut state = self.lock();
        if connection < state.connection {
            return None;
        }
        if connection > state.connection {
            *state = State { connection, ..State::default() };
        }
        let sum = state.waiting.checked_add(weight).filter(|sum| *sum <= TRANSPORT_QUEUE_BYTES);
        if let Some(sum) = sum {
            state.waiting = sum;
        }
        Some(sum.is_some())
    }

    pub(super) fn taken(&self, connection: u64, weight: usize) {
        let mut state = self.lock();
        if connection == state.connection {
            state.waiting -= weight;
        }
    }

    /// Counts bytes that were written, and returns whether an event must announce them.
    pub(super) fn wrote(&self, connection: u64, bytes: usize) -> bool {
        let mut state = self.lock();
        if connection != state.connection {
            return false;
        }
        state.written += bytes as u64;
        !mem::replace(&mut state.told, true)
    }

    /// Returns the connection and the bytes that were written on it since the last call; `None` if there are none.
    pub(super) fn take_written(&self) -> Option<(u64, u64)> {
        let mut state = self.lock();
        state.told = false;
        let written = mem::take(&mut state.written);
        (written > 0).then_some((state.connection, written))
    }

    /// Returns the weight of the waiting bytes.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting
    }
}

/// Returns the memory that a waiting message counts, in bytes.
pub(super) fn weight(bytes: &Bytes) -> usize {
    bytes.len().saturating_add(MESSAGE_WEIGHT)
}
