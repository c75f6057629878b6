//! Budgets: what strangers may make this node do, charged before it is done.

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
        let since = now.saturating_since(self.filled);
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let more = millis.saturating_mul(self.per_second) / 1_000;
        if more > 0 {
            self.level = self.level.saturating_add(more).min(self.capacity);
            self.filled = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
}
