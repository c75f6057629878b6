//! Dials of one address: how many failed in a row, and when the next one is due (exponential backoff).

use std::time::Duration;

use crate::{limits, machine::Monotonic};

/// The failed dials of an address since the last success.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempts {
    failures: u32,
    next: Monotonic,
}

impl Attempts {
    /// Returns an address that may be dialled at once after `failures` failed dials. The last failure before the
    /// address is forgotten is not taken over from a file.
    pub(super) const fn new(failures: u32, now: Monotonic) -> Self {
        let most = limits::MAX_DIAL_FAILURES - 1;
        Self { failures: if failures < most { failures } else { most }, next: now }
    }

    /// Returns the number of failed dials in a row.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns when the address may be dialled again.
    pub(super) const fn next(&self) -> Monotonic {
        self.next
    }

    /// Counts a failed dial.
    pub(super) fn fail(&mut self, now: Monotonic) {
        self.failures = self.failures.saturating_add(1).min(limits::MAX_DIAL_FAILURES);
        self.next = now + backoff(self.failures);
    }

    /// Returns whether so many dials failed in a row that an address which did not answer lately is to be forgotten.
    pub(super) const fn is_hopeless(&self) -> bool {
        self.failures >= limits::MAX_DIAL_FAILURES
    }

    /// Forgets the failed dials. The address is not dialled again before the shortest backoff.
    pub(super) fn succeed(&mut self, now: Monotonic) {
        self.failures = 0;
        self.postpone(now + limits::DIAL_BACKOFF);
    }

    /// Puts the next dial off.
    pub(super) fn postpone(&mut self, until: Monotonic) {
        self.next = self.next.max(until);
    }
}

/// Returns the time from a failed dial to the next one.
fn backoff(failures: u32) -> Duration {
    let doubled = 1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    limits::DIAL_BACKOFF.saturating_mul(doubled).min(limits::MAX_DIAL_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_ten_minutes() {
        let mut attempts = Attempts::new(0, Monotonic::ORIGIN);
        let mut now = Monotonic::ORIGIN;
        let mut waits = Vec::new();
        for _ in 0..11 {
            attempts.fail(now);
            waits.push(attempts.next().saturating_since(now).as_secs());
            now = attempts.next();
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
    }

    #[test]
    fn ten_failures_in_a_row_are_hopeless() {
        let mut attempts = Attempts::new(u32::MAX, Monotonic::ORIGIN);
        assert!(!attempts.is_hopeless());
        attempts.succeed(Monotonic::ORIGIN);
        for _ in 0..9 {
            attempts.fail(Monotonic::ORIGIN);
            assert!(!attempts.is_hopeless());
        }
        attempts.fail(Monotonic::ORIGIN);
        assert!(attempts.is_hopeless());
    }
}
