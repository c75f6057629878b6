//! The list of ready sockets: one task serves all sockets, and must not poll each of them.

use std::{
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

/// The sockets whose readiness changed. It wakes the task that serves them.
#[derive(Debug, Default)]
pub(super) struct ReadyList {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sockets: Vec<u64>,
    task: Option<Waker>,
}

impl ReadyList {
    /// Sets the task to wake.
    pub(super) fn set_task(&self, waker: &Waker) {
        let mut state = self.lock();
        if !state.task.as_ref().is_some_and(|task| task.will_wake(waker)) {
            state.task = Some(waker.clone());
        }
    }

    /// Swaps the list against an empty one, so that neither side allocates.
    pub(super) fn take(&self, empty: &mut Vec<u64>) {
        mem::swap(&mut self.lock().sockets, empty);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket's waker: it puts the socket's name into the list.
#[derive(Debug)]
pub(super) struct SocketWaker {
    socket: u64,
    is_listed: AtomicBool,
    list: Arc<ReadyList>,
}

impl SocketWaker {
    pub(super) const fn new(socket: u64, list: Arc<ReadyList>) -> Self {
        Self { socket, is_listed: AtomicBool::new(false), list }
    }

    /// Marks the socket as taken from the list, before it is polled.
    pub(super) fn unlist(&self) {
        self.is_listed.store(false, Ordering::Release);
    }
}

impl Wake for SocketWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_listed.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut state = self.list.lock();
        state.sockets.push(self.socket);
        if let Some(task) = &state.task {
            task.wake_by_ref();
        }
    }
}
