//! The end of a node, and how its handles learn of it.
//!
//! ```text
//!   NodeHandle ── asks for the end, or is the last one dropped ──▶ Stop ─▶ driver's loop ends
//!       ▲                                                                       │
//!       └───────────── ended, or dropped without that: a panic ◀─── Ending ◀────┘ store is closed
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// The handles' side of a node's life. The node ends when all clones are dropped.
#[derive(Debug, Clone)]
pub(super) struct Life {
    stop: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
    error: Arc<Mutex<Option<String>>>,
}

/// Signals the driver to stop.
#[derive(Debug)]
pub(super) struct Stop(watch::Receiver<bool>);

/// Signals that the node's thread has ended. If it is dropped without that signal, the thread has panicked.
#[derive(Debug)]
pub(super) struct Ending {
    ended: watch::Sender<bool>,
    error: Arc<Mutex<Option<String>>>,
}

impl Life {
    pub(super) fn begin() -> (Self, Stop, Ending) {
        let (stop, stopped) = watch::channel(false);
        let (end, ended) = watch::channel(false);
        let error = Arc::new(Mutex::new(None));
        let ending = Ending { ended: end, error: Arc::clone(&error) };
        (Self { stop, ended, error }, Stop(stopped), ending)
    }

    /// Asks the node to end, and waits until its store is closed. Any number of callers may wait at a time.
    ///
    /// # Errors
    /// When the node failed, with the reason.
    pub(super) async fn end(&self) -> Result<(), String> {
        self.stop.send_replace(true);
        // an error means that the thread panicked, which `failure` reports
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
        self.failure().map_or(Ok(()), Err)
    }

    /// Returns the reason of the node's failure, if it failed.
    pub(super) fn failure(&self) -> Option<String> {
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let has_panicked = || self.ended.has_changed().is_err() && !*self.ended.borrow();
        error.or_else(|| has_panicked().then(|| "its thread panicked".to_owned()))
    }
}

impl Stop {
    /// Waits until a handle asks for the end, or until all handles are dropped.
    pub(super) async fn wait(&mut self) {
        // an error means that all handles are dropped
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

impl Ending {
    /// Records the reason of the node's failure.
    pub(super) fn fail(&self, error: String) {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// Signals that the node has ended and its store is closed.
    pub(super) fn end(self) {
        self.ended.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(test);
    }

    #[test]
    fn all_who_wait_for_the_end_learn_of_a_panic() {
        block_on(async {
            let (life, mut stop, ending) = Life::begin();
            let thread = std::thread::spawn(move || drop(ending));
            let (first, second) = tokio::join!(life.end(), life.end());
            assert_eq!((first.is_err(), second.is_err()), (true, true));
            stop.wait().await;
            thread.join().unwrap();
            assert!(life.failure().is_some(), "and whoever comes later");
        });
    }

    #[test]
    fn node_stops_when_the_last_handle_is_gone() {
        block_on(async {
            let (life, mut stop, ending) = Life::begin();
            let other = life.clone();
            drop(life);
            let waits = tokio::time::timeout(std::time::Duration::ZERO, stop.wait()).await;
            assert!(waits.is_err(), "a handle is left");
            drop(other);
            stop.wait().await;
            ending.end();
        });
    }

    #[test]
    fn a_failure_is_told_to_all() {
        block_on(async {
            let (life, _stop, ending) = Life::begin();
            assert_eq!(life.failure(), None);
            ending.fail("the disk is full".to_owned());
            ending.end();
            assert_eq!(life.end().await, Err("the disk is full".to_owned()));
            assert_eq!(life.end().await, Err("the disk is full".to_owned()));
        });
    }
}
