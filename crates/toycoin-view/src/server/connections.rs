//! The table of connections: how many there are, and which one has to go.
//!
//! Strangers may open as many connections as they like, and send nothing or read nothing. So a newcomer does not wait
//! for a place. When all are taken, it closes the connection whose client has lagged behind its answers for longest, if
//! that is more than [`LAG_TIME`]. Otherwise it closes the oldest connection that waits for the header of a request. One
//! that is at work, and whose client reads, is never closed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::limits::{CONNECTIONS, HEADER_TIME, IDLE_TIME, LAG_TIME, WAITING_CONNECTIONS};

/// The connections.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    /// The next number of a connection or of a wait.
    next: u64,
    /// By their numbers.
    open: HashMap<u64, Entry>,
    /// The numbers of those that wait for a header, in the order in which they began to.
    waiting: BTreeMap<u64, u64>,
}

#[derive(Debug)]
struct Entry {
    /// The number of the wait, if it waits for a header.
    waits: Option<u64>,
    /// Since when its client has not taken all that was there to be written.
    lags: Option<Instant>,
    phase: watch::Sender<Phase>,
}

/// What a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It waits for a header, of which something must have come.
    Header(Instant),
    /// It rests between two requests.
    Idle(Instant),
    /// It is at work.
    Work,
    /// It has to go.
    Evicted,
}

impl Connections {
    /// Returns a place for a newcomer, for which an older connection may have to go; `None` if all are at work.
    pub(crate) fn open(self: &Arc<Self>, now: Instant) -> Option<Place> {
        let mut table = self.lock();
        while table.open.len() >= CONNECTIONS {
            table.evict_lagging(now).or_else(|| table.evict_waiting())?;
        }
        while table.waiting.len() >= WAITING_CONNECTIONS {
            table.evict_waiting()?;
        }
        let id = table.number();
        let (phase, watch) = watch::channel(Phase::Header(now + HEADER_TIME));
        table.waiting.insert(id, id);
        table.open.insert(id, Entry { waits: Some(id), lags: None, phase });
        Some(Place { connections: Arc::clone(self), id, watch, answered: AtomicBool::new(false) })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // no panic can happen between two changes that belong together
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Closes the connection that has waited for a header for longest.
    fn evict_waiting(&mut self) -> Option<()> {
        let (_, id) = self.waiting.pop_first()?;
        self.evict(id)
    }

    /// Closes the connection whose client has lagged for longest, if that is more than [`LAG_TIME`].
    fn evict_lagging(&mut self, now: Instant) -> Option<()> {
        let lags = self.open.iter().filter_map(|(id, entry)| Some((entry.lags?, *id)));
        let (since, id) = lags.min()?;
        if now.saturating_duration_since(since) <= LAG_TIME {
            return None;
        }
        self.evict(id)
    }

    fn evict(&mut self, id: u64) -> Option<()> {
        let entry = self.open.remove(&id)?;
        if let Some(wait) = entry.waits {
            self.waiting.remove(&wait);
        }
        entry.phase.send_replace(Phase::Evicted);
        Some(())
    }
}

/// The place of a connection, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Connections>,
    id: u64,
    watch: watch::Receiver<Phase>,
    /// Whether a request was answered whose answer may not be written yet.
    answered: AtomicBool,
}

impl Place {
    /// Says that the header of a request is complete.
    pub(crate) fn work(&self) {
        let mut table = self.connections.lock();
        let Some(entry) = table.open.get_mut(&self.id) else { return };
        entry.phase.send_replace(Phase::Work);
        if let Some(wait) = entry.waits.take() {
            table.waiting.remove(&wait);
        }
    }

    /// Says that the whole answer to a request is handed over to be written.
    pub(crate) fn answered(&self) {
        self.answered.store(true, Ordering::Release);
    }

    /// Says that all that was handed over is written. Until then an answer is on its way, and the connection at work.
    pub(crate) fn written(&self, now: Instant) {
        if self.answered.swap(false, Ordering::AcqRel) {
            self.rest(now);
        }
    }

    /// Says since when the client lags behind what is written to it; `None` if it has taken all.
    pub(crate) fn lags(&self, since: Option<Instant>) {
        if let Some(entry) = self.connections.lock().open.get_mut(&self.id) {
            entry.lags = since;
        }
    }

    /// Begins the rest after an answer.
    fn rest(&self, now: Instant) {
        let mut table = self.connections.lock();
        let wait = table.number();
        let Some(entry) = table.open.get_mut(&self.id).filter(|entry| entry.waits.is_none()) else { return };
        entry.waits = Some(wait);
        entry.phase.send_replace(Phase::Idle(now + IDLE_TIME));
        table.waiting.insert(wait, self.id);
    }

    /// Says that something has come. The first bytes of a header end the rest.
    pub(crate) fn received(&self, now: Instant) {
        if !matches!(*self.watch.borrow(), Phase::Idle(_)) {
            return;
        }
        if let Some(entry) = self.connections.lock().open.get(&self.id) {
            entry.phase.send_replace(Phase::Header(now + HEADER_TIME));
        }
    }

    /// Waits until the connection has to go: a newcomer needs its place, or its time is over.
    pub(crate) async fn over(&self) {
        let mut watch = self.watch.clone();
        loop {
            let phase = *watch.borrow_and_update();
            match phase {
                Phase::Evicted => return,
                // only an eviction drops the sender
                Phase::Work => {
                    if watch.changed().await.is_err() {
                        return;
                    }
                }
                Phase::Header(deadline) | Phase::Idle(deadline) => tokio::select! {
                    changed = watch.changed() => if changed.is_err() { return },
                    () = sleep_until(deadline) => return,
                },
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.connections.lock();
        if let Some(Entry { waits: Some(wait), .. }) = table.open.remove(&self.id) {
            table.waiting.remove(&wait);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    fn open(connections: &Arc<Connections>, count: usize) -> Vec<Place> {
        (0..count).map(|_| connections.open(Instant::now()).unwrap()).collect()
    }

    fn gone(places: &[Place]) -> Vec<usize> {
        (0..places.len()).filter(|index| places[*index].over().now_or_never().is_some()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_newcomer_closes_the_oldest_that_waits() {
        let connections = Arc::default();
        let mut places = open(&connections, WAITING_CONNECTIONS);
        places[0].work();
        places.extend(open(&connections, 2));
        assert_eq!(gone(&places), [1]);
        // an idle one waits, too, but not for as long
        places[0].rest(Instant::now());
        places.extend(open(&connections, 1));
        assert_eq!(gone(&places), [1, 2, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn connections_at_work_stay_while_clients_read() {
        let connections = Arc::default();
        let mut places = Vec::new();
        for _ in 0..CONNECTIONS {
            places.extend(open(&connections, 1));
            places.last().unwrap().work();
        }
        assert!(connections.open(Instant::now()).is_none());
        places[7].rest(Instant::now());
        assert!(connections.open(Instant::now()).is_some());
        assert_eq!(gone(&places), [7]);
        places.truncate(100);
        assert_eq!(open(&connections, CONNECTIONS - 100).len(), CONNECTIONS - 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_newcomer_closes_the_one_that_lags_longest() {
        let (connections, now) = (Arc::default(), Instant::now());
        let mut places = Vec::new();
        for _ in 0..CONNECTIONS {
            places.extend(open(&connections, 1));
            places.last().unwrap().work();
        }
        places[7].lags(Some(now + Duration::from_secs(1)));
        places[9].lags(Some(now));
        places[3].lags(Some(now));
        places[3].lags(None);
        assert!(connections.open(now + LAG_TIME).is_none(), "all may still catch up");
        let late = now + LAG_TIME + Duration::from_millis(1);
        let newcomer = connections.open(late).unwrap();
        assert_eq!(gone(&places), [9]);
        drop(connections.open(late).expect("the one that waits for a header gives its place"));
        assert!(newcomer.over().now_or_never().is_some());
        let _held = (connections.open(late).unwrap(), connections.open(late + LAG_TIME).unwrap());
        assert_eq!(gone(&places), [7, 9]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_place_is_free_again() {
        let connections: Arc<Connections> = Arc::default();
        drop(open(&connections, WAITING_CONNECTIONS));
        let table = connections.lock();
        assert!(table.open.is_empty() && table.waiting.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_has_less_time_than_a_rest() {
        let connections: Arc<Connections> = Arc::default();
        let [place] = open(&connections, 1).try_into().unwrap();
        let time = async || {
            let start = Instant::now();
            place.over().await;
            start.elapsed().as_secs()
        };
        assert_eq!(time().await, HEADER_TIME.as_secs());
        place.work();
        assert!(place.over().now_or_never().is_none());
        place.rest(Instant::now());
        assert_eq!(time().await, IDLE_TIME.as_secs());
        place.received(Instant::now());
        assert_eq!(time().await, HEADER_TIME.as_secs());
        place.received(Instant::now() + IDLE_TIME);
        assert_eq!(time().await, 0, "more bytes do not give more time");
    }
}
