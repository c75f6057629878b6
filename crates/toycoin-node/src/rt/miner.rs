//! Miner threads. They search the current job's nonces, and leave the job within one chunk of nonces when it changes.
//!
//! Each thread traces `search_begun` before the first nonce of a job and `search_ended` after the last.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::mpsc::{self, error::TrySendError};
use toycoin_pow::{NonceRange, Outcome, Search};

use crate::{
    limits::CHUNK_NONCES,
    protocol::{JobId, MiningJob},
};

/// A group of threads that search nonces.
#[derive(Debug)]
pub(super) struct Miner {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// The number of job changes, so that a worker sees a change without a lock.
    generation: AtomicU64,
    hashes: Arc<AtomicU64>,
    found: mpsc::Sender<(JobId, u64)>,
    throttle_percent: AtomicU32,
}

#[derive(Debug)]
struct State {
    job: Option<Arc<Job>>,
    stopped: bool,
}

#[derive(Debug)]
struct Job {
    id: JobId,
    height: u64,
    search: Search,
    /// The next chunk that no thread has taken, so that no nonce is tried twice.
    next_chunk: AtomicU64,
    /// Whether a thread has found a nonce. The others leave the job then: one nonce is all that it needs.
    is_done: AtomicBool,
    generation: u64,
}

impl Miner {
    /// Starts threads without a job. `throttle_percent` is the share of time in which they work, from 1 to 100. Every
    /// hash is counted in `hashes`.
    pub(super) fn start(
        threads: usize,
        throttle_percent: u32,
        hashes: Arc<AtomicU64>,
        found: mpsc::Sender<(JobId, u64)>,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State { job: None, stopped: false }),
            changed: Condvar::new(),
            generation: AtomicU64::new(0),
            hashes,
            found,
            throttle_percent: AtomicU32::new(throttle_percent.clamp(1, 100)),
        });
        // what was started ends with the group if the system provides no further thread
        let mut miner = Self { shared, threads: Vec::new() };
        for number in 0..threads {
            let shared = Arc::clone(&miner.shared);
            miner.threads.push(thread::Builder::new().name(format!("miner {number}")).spawn(move || shared.work())?);
        }
        Ok(miner)
    }

    /// Sets the share of time in which the threads work, from 1 to 100 percent. Threads that idle begin to work at once.
    pub(super) fn set_throttle(&self, percent: u32) {
        let state = self.shared.lock();
        self.shared.throttle_percent.store(percent.clamp(1, 100), Ordering::Relaxed);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Replaces the job; `None` stops the search.
    pub(super) fn set_job(&self, job: Option<MiningJob>) {
        let mut state = self.shared.lock();
        let generation = self.shared.generation.fetch_add(1, Ordering::Relaxed) + 1;
        state.job = job.and_then(|MiningJob { id, header }| {
            let search = Search::new(&header).ok()?;
            let (height, next_chunk, is_done) = (header.height, AtomicU64::new(0), AtomicBool::new(false));
            Some(Arc::new(Job { id, height, search, next_chunk, is_done, generation }))
        });
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.set_job(None);
        self.shared.lock().stopped = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a miner thread has panicked");
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // a worker that panicked left either a job or none, and both are valid
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut last = 0;
        while let Some(job) = self.next_job(last) {
            last = job.generation;
            tracing::trace!(name: "search_begun", job = job.id.0, height = job.height);
            self.search(&job);
            tracing::trace!(name: "search_ended", job = job.id.0, height = job.height);
        }
    }

    /// Waits for a job newer than generation `last`; returns `None` at the end.
    fn next_job(&self, last: u64) -> Option<Arc<Job>> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(job) = state.job.as_ref().filter(|job| job.generation > last) {
                return Some(Arc::clone(job));
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn search(&self, job: &Job) {
        while self.generation.load(Ordering::Relaxed) == job.generation && !job.is_done.load(Ordering::Relaxed) {
            let Some(range) = NonceRange::chunk(job.next_chunk.fetch_add(1, Ordering::Relaxed), CHUNK_NONCES) else {
                return;
            };
            let begun = Instant::now();
            match job.search.run(range) {
                Outcome::Exhausted { hashes } => self.hashes.fetch_add(hashes, Ordering::Relaxed),
                Outcome::Found { nonce, hashes } => {
                    self.hashes.fetch_add(hashes, Ordering::Relaxed);
                    let is_first = !job.is_done.swap(true, Ordering::Relaxed);
                    if is_first && let Err(TrySendError::Full(_)) = self.found.try_send((job.id, nonce)) {
                        tracing::warn!("a nonce was found that nobody takes");
                    }
                    return;
                }
            };
            self.rest(job, begun.elapsed());
        }
    }

    /// Idles after work as the throttle requires, unless the job or the throttle changes.
    fn rest(&self, job: &Job, worked: Duration) {
        let percent = self.throttle_percent.load(Ordering::Relaxed);
        if percent == 100 {
            return;
        }
        let idle = worked * (100 - percent) / percent;
        let stands = |_: &mut State| {
            self.generation.load(Ordering::Relaxed) == job.generation
                && !job.is_done.load(Ordering::Relaxed)
                && self.throttle_percent.load(Ordering::Relaxed) == percent
        };
        drop(self.changed.wait_timeout_while(self.lock(), idle, stands));
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{BlockHash, ChainParams};

    use super::*;

    fn miner(threads: usize) -> (Miner, mpsc::Receiver<(JobId, u64)>) {
        let (found, receiver) = mpsc::channel(4);
        (Miner::start(threads, 50, Arc::default(), found).unwrap(), receiver)
    }

    #[test]
    fn finds_a_nonce_and_goes_on_to_the_next_job() {
        let (miner, mut found) = miner(2);
        for number in 1..20 {
            let mut header = ChainParams::regtest().genesis().header;
            header.previous = BlockHash::from_bytes([number; 32]);
            let id = JobId(u64::from(number));
            miner.set_job(Some(MiningJob { id, header }));
            let (job, nonce) = found.blocking_recv().unwrap();
            header.nonce = nonce;
            assert_eq!(job, id);
            assert!(header.bits.to_target().unwrap().is_met_by(&header.hash()));
        }
    }

    #[test]
    fn many_threads_report_one_nonce_for_each_job() {
        let (miner, mut found) = miner(32);
        for number in 1..10 {
            let mut header = ChainParams::regtest().genesis().header;
            header.previous = BlockHash::from_bytes([number; 32]);
            miner.set_job(Some(MiningJob { id: JobId(u64::from(number)), header }));
            assert_eq!(found.blocking_recv().unwrap().0, JobId(u64::from(number)));
        }
        drop(miner);
        assert_eq!(found.blocking_recv(), None, "no thread found a second nonce for the last job");
    }

    #[test]
    fn a_thread_that_idles_goes_on_when_the_throttle_ends() {
        let (found, _receiver) = mpsc::channel(4);
        let miner = Miner::start(0, 1, Arc::new(AtomicU64::new(0)), found).unwrap();
        let mut header = ChainParams::regtest().genesis().header;
        header.bits = toycoin_core::CompactTarget::from_bits(0x0101_0000);
        miner.set_job(Some(MiningJob { id: JobId(1), header }));
        let job = miner.shared.lock().job.clone().unwrap();
        let shared = Arc::clone(&miner.shared);
        // at 1 percent it would idle for a hundred hours
        let idling = thread::spawn(move || shared.rest(&job, Duration::from_secs(3_600)));
        miner.set_throttle(0);
        assert_eq!(miner.shared.throttle_percent.load(Ordering::Relaxed), 1, "0 would be for ever");
        miner.set_throttle(100);
        idling.join().unwrap();
    }

    #[test]
    fn leaves_a_hopeless_job_when_it_ends() {
        let (miner, _found) = miner(1);
        let mut header = ChainParams::regtest().genesis().header;
        header.bits = toycoin_core::CompactTarget::from_bits(0x0101_0000);
        miner.set_job(Some(MiningJob { id: JobId(1), header }));
        drop(miner);
    }
}
