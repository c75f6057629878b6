//! Lines for a person, rate-limited by kind: what strangers cause must not fill a disk.

use std::{fmt::Display, time::Duration};

use tokio::time::{Instant, sleep_until};
use toycoin_node::{
    log_limiter::{LogLimiter, Omitted},
    machine::Monotonic,
};

/// Most lines about blocks that are printed at once, and the time in which one more may be.
const BLOCKS: (u32, Duration) = (100, Duration::from_millis(100));

/// What lines of one kind have in common. It stands in the line that counts those that were left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Blocks of the chain, which took work: many may come.
    Blocks(&'static str),
    /// Whatever a stranger can cause for nothing.
    Other(&'static str),
}

/// A rate limit for printed lines: 10 of a kind at once and one in 2 s; of blocks 100 at once and ten a second.
#[derive(Debug)]
pub struct Lines {
    started: Instant,
    blocks: LogLimiter,
    others: LogLimiter,
    /// Time that passed in a test's mind alone.
    #[cfg(test)]
    pub(crate) skipped: Duration,
}

impl Default for Lines {
    fn default() -> Self {
        let (lines, refill) = BLOCKS;
        Self {
            started: Instant::now(),
            blocks: LogLimiter::with_rate(lines, refill),
            others: LogLimiter::new(),
            #[cfg(test)]
            skipped: Duration::ZERO,
        }
    }
}

impl Lines {
    /// Returns lines of which each kind may be printed so often.
    pub fn with_rate(lines: u32, refill: Duration) -> Self {
        Self { others: LogLimiter::with_rate(lines, refill), ..Self::default() }
    }

    /// Returns whether a line of this kind is to be printed, and what to print behind it; the others are counted.
    pub fn admit(&mut self, kind: Kind) -> Option<Omitted> {
        let now = self.now();
        match kind {
            Kind::Blocks(kind) => self.blocks.admit(kind, now),
            Kind::Other(kind) => self.others.admit(kind, now),
        }
    }

    /// Returns a line if it is to be printed, with the count of those of its kind that were left out before.
    pub fn line(&mut self, kind: Kind, line: impl Display) -> Option<String> {
        self.admit(kind).map(|omitted| format!("{line}{omitted}"))
    }

    /// Waits until lines that were left out are to be told of, and returns their kind and count; for ever if none were.
    /// Dropping the future loses nothing.
    pub async fn report(&mut self) -> (&'static str, Omitted) {
        loop {
            match [self.blocks.next_report(), self.others.next_report()].into_iter().flatten().min() {
                None => std::future::pending().await,
                Some(next) => sleep_until(self.started + next.since_origin()).await,
            }
            if let Some(report) = self.take_report() {
                return report;
            }
        }
    }

    /// Returns the kind and count of lines that were left out and are to be told of now, if there are any.
    pub fn take_report(&mut self) -> Option<(&'static str, Omitted)> {
        let now = self.now();
        self.blocks.take_report(now).or_else(|| self.others.take_report(now))
    }

    fn now(&self) -> Monotonic {
        let since = self.started.elapsed();
        #[cfg(test)]
        let since = since + self.skipped;
        Monotonic::new(since)
    }
}
