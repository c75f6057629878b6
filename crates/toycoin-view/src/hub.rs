//! The hub: numbers the events, keeps the last ones, and lets viewers join at a consistent place.
//!
//! ```text
//!   stage ──tell──▶ hub: state + ring of encoded events ──▶ viewer 1
//!                     │                                └──▶ viewer 2, ...
//!                     └──▶ record file
//! ```
//!
//! An event is encoded once for all viewers. The ring is bounded by events and by bytes. A viewer holds nothing but its
//! position, so one that never reads costs no memory. If it falls behind too far, it gets the whole state instead of the
//! events that it missed: never a gap.

mod viewer;

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::watch;

pub use self::viewer::Viewer;
use crate::{
    counters::Counters,
    event::{Event, Fact},
    limits::{HELD_STATE_BYTES, RING_BYTES, RING_EVENTS, VIEWER_LAG},
    record::Recorder,
    state::State,
};

/// An encoded event, or an encoded state.
#[derive(Debug, Clone)]
pub struct Line {
    /// Id of the run in which the event is.
    pub run: Arc<str>,
    /// The event's number.
    pub seq: u64,
    /// The event as JSON, without a line break.
    pub json: Arc<str>,
}

/// What a viewer gets next.
#[derive(Debug, Clone)]
pub enum Next {
    /// The whole state as JSON: at the begin, or after events were missed.
    State(Line),
    /// The next event.
    Event(Line),
}

/// Numbers the events of a run and keeps the last ones. After one run another one may [begin](Self::begin).
#[derive(Debug)]
pub struct Hub {
    inner: Mutex<Inner>,
    /// The number of the last event.
    last: watch::Sender<u64>,
    counters: Counters,
}

#[derive(Debug)]
struct Inner {
    state: State,
    /// The id of the run, as every line has it.
    run: Arc<str>,
    /// Number of runs before this one.
    earlier_runs: u64,
    ring: VecDeque<Line>,
    ring_bytes: usize,
    /// The last state that was encoded. Viewers that need a state share it for a while, since the events after it are in
    /// the ring: so many slow viewers do not hold many states.
    encoded: Option<Line>,
    /// All encoded states that somebody may still hold.
    copies: Vec<Weak<str>>,
    recorder: Option<Recorder>,
    /// What became of a record that ended with its run.
    ended_record: Option<io::Result<()>>,
    lagged: u64,
}

impl Hub {
    /// Returns the hub of a run that begins with this state.
    pub fn new(state: State) -> Arc<Self> {
        let last = watch::Sender::new(state.seq);
        let (earlier_runs, ring, ring_bytes, encoded, copies, recorder, ended_record, lagged) = Default::default();
        let run = state.run.as_str().into();
        let inner =
            Inner { state, run, earlier_runs, ring, ring_bytes, encoded, copies, recorder, ended_record, lagged };
        Arc::new(Self { inner: Mutex::new(inner), last, counters: Counters::default() })
    }

    /// Begins another run with this state, whose id should be one that no run before had. All viewers get it in place
    /// of what they have not seen of the old run. A record ends with its run, after a note that says so.
    pub fn begin(&self, state: State) {
        if self.lock().recorder.is_some() {
            let (text, level) = ("the record ends here: another run begins".to_owned(), "info".to_owned());
            self.tell(0, Fact::Note { text, level });
        }
        let mut inner = self.lock();
        if let Some(recorder) = inner.recorder.take() {
            inner.ended_record = Some(recorder.finish());
        }
        let seq = state.seq;
        inner.run = state.run.as_str().into();
        inner.state = state;
        inner.earlier_runs += 1;
        inner.ring.clear();
        inner.ring_bytes = 0;
        inner.encoded = None;
        drop(inner);
        self.last.send_replace(seq);
    }

    /// Writes the present state and every later event of this run to a record.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn record(&self, mut recorder: Recorder) -> io::Result<()> {
        let mut inner = self.lock();
        let state = inner.state_line();
        recorder.write(&state.json)?;
        inner.recorder = Some(recorder);
        Ok(())
    }

    /// Ends the record, and returns the first error that occurred while it was written.
    ///
    /// # Errors
    /// When the record could not be written to its end.
    pub fn end_record(&self) -> io::Result<()> {
        let mut inner = self.lock();
        let earlier = inner.ended_record.take().unwrap_or(Ok(()));
        inner.recorder.take().map_or(Ok(()), Recorder::finish).and(earlier)
    }

    /// Returns whether the record has failed or is full; [`end_record`](Self::end_record) says why.
    pub fn has_failed(&self) -> bool {
        self.lock().recorder.as_ref().is_some_and(|recorder| recorder.failed().is_some())
    }

    /// Waits until the record has failed or is full, and returns the reason. It waits for ever if that never happens.
    pub async fn record_failed(&self) -> String {
        let mut last = self.last.subscribe();
        loop {
            let failed = self.lock().recorder.as_ref().and_then(Recorder::failed).map(ToString::to_string);
            if let Some(reason) = failed {
                return reason;
            }
            // the hub has the sender
            let _ = last.changed().await;
        }
    }

    /// Adds an event at a time in microseconds. A time before that of the last event counts as that one.
    pub fn tell(&self, us: u64, fact: Fact) {
        let mut inner = self.lock();
        let seq = inner.state.seq + 1;
        let event = Event { seq, us: us.max(inner.state.us), fact };
        inner.state.apply(&event);
        self.counters.count(&event);
        let json: Arc<str> = encode(&event).into();
        inner.ring_bytes += json.len();
        if let Some(recorder) = &mut inner.recorder {
            recorder.write_or_remember(&json);
        }
        let run = Arc::clone(&inner.run);
        inner.ring.push_back(Line { run, seq, json });
        while inner.ring.len() > RING_EVENTS || inner.ring_bytes > RING_BYTES {
            let Some(oldest) = inner.ring.pop_front() else { break };
            inner.ring_bytes -= oldest.json.len();
        }
        drop(inner);
        self.last.send_replace(seq);
    }

    /// Looks at the present state.
    pub fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock().state)
    }

    /// Returns the present state as JSON.
    pub fn state(&self) -> Line {
        self.lock().state_line()
    }

    /// Returns the present state as JSON; `None` while slow readers hold so many states that one more would be too
    /// much.
    pub fn state_within_bounds(&self) -> Option<Line> {
        let mut inner = self.lock();
        let is_encoded = inner.encoded.as_ref().is_some_and(|line| line.seq == inner.state.seq);
        (is_encoded || inner.held_bytes() <= HELD_STATE_BYTES).then(|| inner.state_line())
    }

    /// Returns the counters, which every event feeds.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Returns the number of times that a viewer was too slow and got a new state.
    pub fn lagged(&self) -> u64 {
        self.lock().lagged
    }

    /// Lets a viewer join: after the event that it saw last, if the hub knows that one, else with the state.
    ///
    /// `last_id` is what the viewer sends as `Last-Event-ID`, in the form `RUN-SEQ`.
    pub fn join(self: &Arc<Self>, last_id: Option<&str>) -> Viewer {
        let inner = self.lock();
        let seen = last_id.and_then(|id| inner.known(id));
        let (run, joined_at) = (inner.earlier_runs, inner.state.seq);
        Viewer::new(Arc::clone(self), self.last.subscribe(), run, seen, joined_at)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // the state is whole between two events
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Returns the number of an event from its id, if the events after it are all in the ring.
    fn known(&self, id: &str) -> Option<u64> {
        let (run, seq) = id.split_once('-')?;
        // in the one form in which it was sent
        let seq: u64 = seq.parse().ok().filter(|number: &u64| number.to_string() == seq)?;
        let first = self.ring.front().map_or(self.state.seq + 1, |line| line.seq);
        (run == self.state.run && seq <= self.state.seq && seq + 1 >= first).then_some(seq)
    }

    /// Returns the present state.
    fn state_line(&mut self) -> Line {
        let seq = self.state.seq;
        match &self.encoded {
            Some(line) if line.seq == seq => line.clone(),
            _ => {
                let line = Line { run: Arc::clone(&self.run), seq, json: encode(&self.state).into() };
                self.copies.retain(|copy| copy.strong_count() > 0);
                self.copies.push(Arc::downgrade(&line.json));
                self.encoded.insert(line).clone()
            }
        }
    }

    /// Returns the bytes of all encoded states that somebody still holds.
    fn held_bytes(&self) -> usize {
        self.copies.iter().filter_map(Weak::upgrade).map(|copy| copy.len()).sum()
    }

    /// Returns a state from which a viewer can go on: the last one that was encoded, if all events after it are here and
    /// not too many, else the present one.
    fn recent_state(&mut self) -> Line {
        let first = self.ring.front().map_or(self.state.seq + 1, |line| line.seq);
        let seq = self.state.seq;
        // when slow viewers hold many states, the others share an older one
        let most = if self.held_bytes() > HELD_STATE_BYTES { RING_EVENTS as u64 } else { VIEWER_LAG / 2 };
        let is_recent = |line: &&Line| line.seq + 1 >= first && seq - line.seq <= most;
        match self.encoded.as_ref().filter(is_recent) {
            Some(line) => line.clone(),
            None => self.state_line(),
        }
    }

    /// Returns what comes after an event, or the state for a viewer that has seen none or missed some.
    fn after(&mut self, seen: Option<u64>, resumes: bool) -> Option<Next> {
        let Some(seen) = seen else { return Some(Next::State(self.recent_state())) };
        if seen == self.state.seq {
            return None;
        }
        let first = self.ring.front().map_or(u64::MAX, |line| line.seq);
        let is_slow = !resumes && self.state.seq - seen > VIEWER_LAG;
        let index = (seen + 1).checked_sub(first).and_then(|index| usize::try_from(index).ok());
        match index.and_then(|index| self.ring.get(index)).filter(|_| !is_slow) {
            Some(line) => Some(Next::Event(line.clone())),
            None => {
                self.lagged += 1;
                Some(Next::State(self.recent_state()))
            }
        }
    }
}

/// Panics: the types of the schema hold no map with other keys than texts, so they always encode.
fn encode(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("the schema's types are representable in JSON")
}

#[cfg(test)]
mod tests;
