//! Budgets: bounds on the work that strangers can cause, charged before the work is done.

use std::time::Duration;

use crate::{limits, machine::Monotonic};

/// A token bucket: holds up to a capacity, and refills at a constant rate.
#[derive(Debug, Clone)]
pub(crate) struct TokenBucket {
    level: u64,
    /// Tokens that were charged and not there. They are paid before the level rises; at most the capacity.
    debt: u64,
    capacity: u64,
    per_second: u64,
    filled: Monotonic,
}

impl TokenBucket {
    /// Returns a full bucket that holds `capacity` tokens and gains `per_second` tokens each second.
    pub(crate) const fn new(capacity: u64, per_second: u64, now: Monotonic) -> Self {
        Self { level: capacity, debt: 0, capacity, per_second, filled: now }
    }

    /// Takes `amount` tokens and returns true, or takes none and returns false if there are too few.
    pub(crate) fn take(&mut self, amount: u64, now: Monotonic) -> bool {
        self.refill(now);
        match self.level.checked_sub(amount) {
            Some(rest) => {
                self.level = rest;
                true
            }
            None => false,
        }
    }

    /// Returns when there will be `amount` tokens; `None` for more than the bucket can hold.
    pub(super) fn when(&self, amount: u64, now: Monotonic) -> Option<Monotonic> {
        (amount <= self.capacity).then(|| self.ready_at(amount, now))
    }

    /// Takes `amount` tokens for work that was already done. Those that are not there are owed.
    pub(super) fn charge(&mut self, amount: u64, now: Monotonic) {
        self.refill(now);
        let missing = amount.saturating_sub(self.level);
        self.level = self.level.saturating_sub(amount);
        self.debt = self.debt.saturating_add(missing).min(self.capacity);
    }

    /// Refunds `amount` tokens that were taken for work that was not done.
    pub(super) const fn give_back(&mut self, amount: u64) {
        let paid = if amount < self.debt { amount } else { self.debt };
        self.debt -= paid;
        let level = self.level.saturating_add(amount - paid);
        self.level = if level < self.capacity { level } else { self.capacity };
    }

    /// Returns when the bucket will have `amount` tokens (at most its capacity), if nobody takes any until then.
    pub(super) fn ready_at(&self, amount: u64, now: Monotonic) -> Monotonic {
        let missing = u128::from(amount.min(self.capacity).saturating_sub(self.level)) + u128::from(self.debt);
        let nanos = (missing * NANOS_PER_SECOND).div_ceil(u128::from(self.per_second.max(1)));
        now.max(self.filled + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    fn refill(&mut self, now: Monotonic) {
        let since = now.saturating_since(self.filled).as_nanos();
        let rate = u128::from(self.per_second);
        let more = u64::try_from(since.saturating_mul(rate) / NANOS_PER_SECOND).unwrap_or(u64::MAX);
        if more == 0 {
            return;
        }
        let paid = more.min(self.debt);
        self.debt -= paid;
        self.level = self.level.saturating_add(more - paid).min(self.capacity);
        // the remaining time counts for the next token, however often the bucket is updated
        let took = u64::try_from(u128::from(more) * NANOS_PER_SECOND / rate).unwrap_or(u64::MAX);
        self.filled = (self.filled + Duration::from_nanos(took)).min(now);
    }
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// A user's recent use of a shared budget: all that it used, less a constant rate since.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecentUse {
    tokens: u64,
    at: Monotonic,
}

impl RecentUse {
    /// Returns a recent use of zero.
    pub(super) const fn none(now: Monotonic) -> Self {
        Self { tokens: 0, at: now }
    }

    /// Adds tokens that were used.
    pub(super) fn add(&mut self, tokens: u64, now: Monotonic) {
        let sum = self.tokens(now).saturating_add(tokens);
        *self = Self { tokens: sum.min(limits::REMEMBERED_USE), at: now };
    }

    /// Returns the present value, in tokens.
    pub(super) fn tokens(&self, now: Monotonic) -> u64 {
        let millis = u64::try_from(now.saturating_since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.tokens.saturating_sub(millis.saturating_mul(limits::FORGOTTEN_USE_PER_SECOND) / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_charged_and_not_there_is_owed() {
        let mut bucket = TokenBucket::new(10, 5, Monotonic::ORIGIN);
        bucket.charge(15, Monotonic::ORIGIN);
        assert_eq!(bucket.ready_at(5, Monotonic::ORIGIN), Monotonic::ORIGIN + SECOND * 2);
        assert!(!bucket.take(1, Monotonic::ORIGIN + SECOND));
        assert!(bucket.take(5, Monotonic::ORIGIN + SECOND * 2));
        // nobody owes more than the bucket holds
        bucket.charge(u64::MAX, Monotonic::ORIGIN + SECOND * 2);
        bucket.give_back(4);
        assert_eq!(bucket.ready_at(4, Monotonic::ORIGIN + SECOND * 2), Monotonic::ORIGIN + SECOND * 4);
    }

    #[test]
    fn token_bucket_refills_to_its_capacity() {
        let mut bucket = TokenBucket::new(10, 5, Monotonic::ORIGIN);
        assert!(bucket.take(10, Monotonic::ORIGIN));
        assert!(!bucket.take(1, Monotonic::ORIGIN));
        assert!(bucket.take(5, Monotonic::ORIGIN + SECOND));
        assert!(!bucket.take(11, Monotonic::ORIGIN + SECOND * 100), "never more than it holds");
    }

    #[test]
    fn token_bucket_says_when_there_is_enough() {
        let mut bucket = TokenBucket::new(10, 4, Monotonic::ORIGIN);
        assert_eq!(bucket.when(10, Monotonic::ORIGIN), Some(Monotonic::ORIGIN));
        assert!(bucket.take(9, Monotonic::ORIGIN));
        let enough = bucket.when(6, Monotonic::ORIGIN).unwrap();
        assert_eq!(enough, Monotonic::ORIGIN + SECOND * 5 / 4);
        assert!(!bucket.take(6, Monotonic::new(enough.since_origin() - Duration::from_nanos(1))));
        assert!(bucket.take(6, enough));
        assert_eq!(bucket.when(11, enough), None);
    }

    #[test]
    fn recent_use_is_forgotten_at_a_constant_rate() {
        let mut recent = RecentUse::none(Monotonic::ORIGIN);
        recent.add(3 * limits::FORGOTTEN_USE_PER_SECOND, Monotonic::ORIGIN);
        assert_eq!(recent.tokens(Monotonic::ORIGIN + SECOND), 2 * limits::FORGOTTEN_USE_PER_SECOND);
        recent.add(u64::MAX, Monotonic::ORIGIN + SECOND);
        assert_eq!(recent.tokens(Monotonic::ORIGIN + SECOND), limits::REMEMBERED_USE);
        assert_eq!(recent.tokens(Monotonic::ORIGIN + SECOND * 1_000), 0);
    }

    #[test]
    fn token_bucket_says_when_it_is_ready() {
        let mut bucket = TokenBucket::new(10, 3, Monotonic::ORIGIN);
        assert_eq!(bucket.ready_at(10, Monotonic::ORIGIN), Monotonic::ORIGIN);
        bucket.charge(7, Monotonic::ORIGIN);
        for amount in 4..=10 {
            let mut bucket = bucket.clone();
            let ready = bucket.ready_at(amount, Monotonic::ORIGIN);
            let before = ready.since_origin().saturating_sub(Duration::from_nanos(1));
            assert!(!bucket.take(amount, Monotonic::new(before)) && bucket.take(amount, ready), "{amount}");
        }
        bucket.give_back(5);
        assert!(bucket.take(8, Monotonic::ORIGIN) && !bucket.take(1, Monotonic::ORIGIN));
        bucket.charge(100, Monotonic::ORIGIN);
        let paid = bucket.ready_at(1, Monotonic::ORIGIN);
        assert!(paid > Monotonic::ORIGIN + SECOND * 3 && paid < Monotonic::ORIGIN + SECOND * 4, "{paid:?}");
        assert!(bucket.take(1, paid));
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
