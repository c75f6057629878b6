//! A viewer of the hub.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Hub, Next};

/// A viewer's position in the run.
#[derive(Debug)]
pub struct Viewer {
    hub: Arc<Hub>,
    last: watch::Receiver<u64>,
    /// Number of runs before the one that it follows.
    run: u64,
    /// The last event that it has seen; `None` if it needs the state.
    seen: Option<u64>,
    /// The last event when it joined. Up to there it may catch up through the whole ring.
    joined_at: u64,
}

impl Viewer {
    pub(super) const fn new(
        hub: Arc<Hub>,
        last: watch::Receiver<u64>,
        run: u64,
        seen: Option<u64>,
        joined_at: u64,
    ) -> Self {
        Self { hub, last, run, seen, joined_at }
    }

    /// Waits for what comes next.
    pub async fn next(&mut self) -> Next {
        loop {
            // what is told after this wakes it again
            self.last.borrow_and_update();
            if let Some(next) = self.next_now() {
                return next;
            }
            // the hub, and with it the sender, lives as long as the viewer
            let _ = self.last.changed().await;
        }
    }

    /// Returns what comes next, if it is there.
    fn next_now(&mut self) -> Option<Next> {
        let mut inner = self.hub.lock();
        if self.run != inner.earlier_runs {
            // what it has seen is of another run
            (self.run, self.seen) = (inner.earlier_runs, None);
        }
        let resumes = self.seen.is_some_and(|seen| seen < self.joined_at);
        let next = inner.after(self.seen, resumes)?;
        let (Next::State(line) | Next::Event(line)) = &next;
        self.seen = Some(line.seq);
        if matches!(next, Next::State(_)) {
            // the state may be an older one, whose events follow
            self.joined_at = inner.state.seq;
        }
        Some(next)
    }
}
