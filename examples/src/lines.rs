//! Output lines with a rate limit per kind, so that strangers cannot fill a disk.

use std::{fmt::Display, time::Duration};

use tokio::time::{Instant, sleep_until};
use toycoin_node::{
    log_limiter::{LogLimiter, Omitted},
    machine::Monotonic,
};

/// Most lines about blocks that are printed at once, and the time after which one more may be printed.
const BLOCKS: (u32, Duration) = (100, Duration::from_millis(100));

/// Kind of a line, with its name, which appears in the line that counts omitted lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Lines about blocks of the chain, which cost work, so that many may come.
    Blocks(&'static str),
    /// Lines that a stranger can cause at no cost.
    Other(&'static str),
}

/// A rate limit for printed lines.
///
/// Of each kind it admits 10 lines at once and one more every 2 s; of blocks it admits 100 at once and 10 per second.
#[derive(Debug)]
pub struct Lines {
    started: Instant,
    blocks: LogLimiter,
    others: LogLimiter,
    /// Time that has passed only in a test.
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
    /// Returns a limit that admits `lines` of each kind at once, and one more per `refill`; blocks keep their own
    /// limit.
    pub fn with_rate(lines: u32, refill: Duration) -> Self {
        Self { others: LogLimiter::with_rate(lines, refill), ..Self::default() }
    }

    /// Returns what to print after a line of this kind, or `None` if the line must be left out; omitted lines are
    /// counted.
    pub fn admit(&mut self, kind: Kind) -> Option<Omitted> {
        let now = self.now();
        match kind {
            Kind::Blocks(kind) => self.blocks.admit(kind, now),
            Kind::Other(kind) => self.others.admit(kind, now),
        }
    }

    /// Returns the line with the number of omitted lines of its kind, or `None` if it must be left out.
    pub fn line(&mut self, kind: Kind, line: impl Display) -> Option<String> {
        self.admit(kind).map(|omitted| format!("{line}{omitted}"))
    }

    /// Waits until a report about omitted lines is due, and returns their kind and count; waits for ever if none were
    /// omitted.
    ///
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

    /// Returns the kind and count of omitted lines whose report is due now, if there are any.
    pub fn take_report(&mut self) -> Option<(&'static str, Omitted)> {
        let now = self.now();
        self.blocks.take_report(now).or_else(|| self.others.take_report(now))
    }

    /// Returns the kinds and counts of all omitted lines that no line has counted, whether their report is due or not:
    /// for the end of a program.
    pub fn take_all(&mut self) -> Vec<(&'static str, Omitted)> {
        let mut all = Vec::new();
        for limiter in [&mut self.blocks, &mut self.others] {
            while let Some(report) = limiter.next_report().and_then(|due| limiter.take_report(due)) {
                all.push(report);
            }
        }
        all
    }

    fn now(&self) -> Monotonic {
        let since = self.started.elapsed();
        #[cfg(test)]
        let since = since + self.skipped;
        Monotonic::new(since)
    }
}
