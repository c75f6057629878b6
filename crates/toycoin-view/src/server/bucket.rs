//! The token bucket: a rate limit for commands.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::limits::COMMANDS;

/// A token bucket that holds [`COMMANDS`] and gets as many per second.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// The time at which it will be full again.
    full_at: Mutex<Instant>,
}

impl Bucket {
    /// Returns a full bucket.
    pub(crate) const fn new(now: Instant) -> Self {
        Self { full_at: Mutex::new(now) }
    }

    /// Takes one out. Returns false if it is empty.
    pub(crate) fn draw(&self, now: Instant) -> bool {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let after = (*full_at).max(now) + Duration::from_secs(1) / COMMANDS;
        let is_there = after <= now + Duration::from_secs(1);
        if is_there {
            *full_at = after;
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_bucket_empties_and_refills() {
        let start = Instant::now();
        let bucket = Bucket::new(start);
        let drawn = |seconds| {
            let now = start + Duration::from_secs_f64(seconds);
            (0..100).filter(|_| bucket.draw(now)).count()
        };
        assert_eq!(drawn(0.0), 20);
        assert_eq!(drawn(0.04), 0);
        assert_eq!(drawn(0.05), 1);
        assert_eq!(drawn(0.55), 10);
        assert_eq!(drawn(99.0), 20, "it never holds more than 20");
    }
}
