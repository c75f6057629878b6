//! The miner threads' hash rate, measured from the count of their hashes.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use crate::limits::HASH_RATE_INTERVAL;

/// A hash count that the driver samples at intervals; clones share it.
#[derive(Debug, Clone)]
pub(super) struct HashRate {
    hashes: Arc<AtomicU64>,
    started: Instant,
    /// The last two samples, the older one first.
    samples: Arc<Mutex<[Sample; 2]>>,
}

/// A moment, and the number of hashes until then.
type Sample = (Instant, u64);

impl HashRate {
    pub(super) fn new(hashes: Arc<AtomicU64>) -> Self {
        let started = Instant::now();
        Self { hashes, started, samples: Arc::new(Mutex::new([(started, 0); 2])) }
    }

    /// Returns when the next sample is due.
    pub(super) fn due(&self) -> tokio::time::Instant {
        let [_, (last, _)] = *self.samples();
        (last + HASH_RATE_INTERVAL).into()
    }

    /// Takes a sample, and returns the hashes per second since the last one; `None` when no sample is due, or nothing
    /// was hashed.
    pub(super) fn measure(&self) -> Option<u64> {
        let mut samples = self.samples();
        let (now, [_, (then, before)]) = (Instant::now(), *samples);
        if now < then + HASH_RATE_INTERVAL {
            return None;
        }
        let hashes = self.hashes.load(Ordering::Relaxed);
        *samples = [(then, before), (now, hashes)];
        let millis = (now - then).as_millis().max(1);
        let per_second = u128::from(hashes - before) * 1_000 / millis;
        u64::try_from(per_second).ok().filter(|rate| *rate > 0)
    }

    /// Returns the hashes per second since the last sample but one.
    pub(super) fn recent(&self) -> f64 {
        let [since, _] = *self.samples();
        self.since(since)
    }

    /// Returns the hashes per second since the start.
    pub(super) fn average(&self) -> f64 {
        self.since((self.started, 0))
    }

    fn since(&self, (then, before): Sample) -> f64 {
        let hashes = self.hashes.load(Ordering::Relaxed).saturating_sub(before);
        hashes as f64 / then.elapsed().as_secs_f64().max(1e-9)
    }

    fn samples(&self) -> MutexGuard<'_, [Sample; 2]> {
        // samples are replaced whole
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_pause_of_the_miners_leaves_the_recent_rate_alone() {
        let hashes = Arc::new(AtomicU64::new(0));
        let mut rate = HashRate::new(Arc::clone(&hashes));
        let ago = |seconds| Instant::now() - Duration::from_secs(seconds);
        // 10 s without a hash, then 10 s with a thousand each
        rate.started = ago(20);
        *rate.samples.lock().unwrap() = [(ago(10), 0), (ago(5), 5_000)];
        hashes.store(10_000, Ordering::Relaxed);
        let (recent, average) = (rate.recent(), rate.average());
        // the test may take a while, which only makes both lower
        assert!(recent <= 1_000.0 && average <= 500.0 && recent > average, "{recent}, {average}");
        let measured = rate.measure().unwrap();
        assert!(measured <= 1_000, "{measured}");
        assert_eq!(rate.samples.lock().unwrap()[0].1, 5_000, "the older sample is forgotten");
        assert_eq!(rate.measure(), None, "the next one is not due");
    }
}
