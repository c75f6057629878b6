//! The miner threads' hash rate, measured from the count of their hashes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use crate::limits::HASH_RATE_INTERVAL;

/// A hash count that is sampled at intervals.
#[derive(Debug)]
pub(super) struct HashRate {
    hashes: Arc<AtomicU64>,
    last: (Instant, u64),
}

impl HashRate {
    pub(super) fn new(hashes: Arc<AtomicU64>) -> Self {
        Self { hashes, last: (Instant::now(), 0) }
    }

    /// Returns when the next sample is due.
    pub(super) fn due(&self) -> tokio::time::Instant {
        (self.last.0 + HASH_RATE_INTERVAL).into()
    }

    /// Returns the hashes per second since the last sample; `None` when no sample is due, or nothing was hashed.
    pub(super) fn measure(&mut self) -> Option<u64> {
        let (now, (then, before)) = (Instant::now(), self.last);
        if now < then + HASH_RATE_INTERVAL {
            return None;
        }
        let hashes = self.hashes.load(Ordering::Relaxed);
        self.last = (now, hashes);
        let millis = (now - then).as_millis().max(1);
        let per_second = u128::from(hashes - before) * 1_000 / millis;
        u64::try_from(per_second).ok().filter(|rate| *rate > 0)
    }
}
