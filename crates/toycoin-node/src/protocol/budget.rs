//! Budgets: what strangers may make this node do, charged before it is done.

use std::time::Duration;

use crate::machine::Monotonic;

/// A token bucket: holds up to a capacity, and refills at a constant rate.
#[derive(Debug, Clone)]
pub(super) struct TokenBucket {
    level: u64,
    capacity: u64,
    per_second: u64,
    filled: Monotonic,
}

impl TokenBucket {
    /// Returns a full bucket that holds `capacity` tokens and gains `per_second` tokens each second.
    pub(super) const fn new(capacity: u64, per_second: u64, now: Monotonic) -> Self {
        Self { level: capacity, capacity, per_second, filled: now }
    }

    /// Takes `amount` tokens and returns true, or takes none and returns false if there are fewer.
    pub(super) fn take(&mut self, amount: u64, now: Monotonic) -> bool {
        self.refill(now);
        match self.level.checked_sub(amount) {
            Some(rest) => {
                self.level = rest;
                true
            }
            None => false,
        }
    }

    fn refill(&mut self, now: Monotonic) {
        let since = now.saturating_since(self.filled).as_nanos();
        let rate = u128::from(self.per_second);
        let more = u64::try_from(since.saturating_mul(rate) / NANOS_PER_SECOND).unwrap_or(u64::MAX);
        if more == 0 {
            return;
        }
        self.level = self.level.saturating_add(more).min(self.capacity);
        // what is left of the time counts for the next token, however often somebody looks
        let took = u64::try_from(u128::from(more) * NANOS_PER_SECOND / rate).unwrap_or(u64::MAX);
        self.filled = (self.filled + Duration::from_nanos(took)).min(now);
    }
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn token_bucket_refills_to_its_capacity() {
        let mut bucket = TokenBucket::new(10, 5, Monotonic::ORIGIN);
        assert!(bucket.take(10, Monotonic::ORIGIN));
        assert!(!bucket.take(1, Monotonic::ORIGIN));
        assert!(bucket.take(5, Monotonic::ORIGIN + SECOND));
        assert!(!bucket.take(11, Monotonic::ORIGIN + SECOND * 100), "never more than it holds");
    }

    #[test]
    fn token_bucket_loses_no_time_to_who_looks_often() {
        let mut bucket = TokenBucket::new(100, 3, Monotonic::ORIGIN);
        assert!(bucket.take(100, Monotonic::ORIGIN));
        for tick in 1..=10_000 {
            assert!(bucket.take(0, Monotonic::ORIGIN + Duration::from_micros(tick * 1_700)));
        }
        // 17 seconds
        assert!(bucket.take(51, Monotonic::ORIGIN + SECOND * 17));
        assert!(!bucket.take(1, Monotonic::ORIGIN + SECOND * 17));
    }
}
