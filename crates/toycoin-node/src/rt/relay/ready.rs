//! Which sockets have something to do: one task looks after all of them, and must not ask each.

use std::{
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

/// Collects the sockets whose readiness changed, and wakes the task that looks after them.
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
    /// Names the task to wake.
    pub(super) fn set_task(&self, waker: &Waker) {
        let mut state = self.lock();
        if !state.task.as_ref().is_some_and(|task| task.will_wake(waker)) {
            state.task = Some(waker.clone());
        }
    }

    /// Swaps what was collected against an empty list, so that neither side allocates anew.
    pub(super) fn take(&self, empty: &mut Vec<u64>) {
        mem::swap(&mut self.lock().sockets, empty);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a socket wakes: its own name in the list.
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

    /// Notes that the socket was taken from the list, before it is looked at.
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
