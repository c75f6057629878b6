//! A rate limit for log lines that strangers can cause.
//!
//! Each kind of line has a token bucket of its own, so a flood of one kind leaves the others their lines. What is left
//! out is counted, and the count stands on the next line of its kind.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::{
    limits::{LOG_LINES, LOG_REFILL},
    machine::Monotonic,
};

/// A token bucket for each kind of log line, and a count of the lines that it left out.
///
/// A kind may write [`LOG_LINES`] lines at once and one more in each [`LOG_REFILL`]: 40 in the first minute and 30 in
/// each further one. With lines of at most 500 bytes that is about 20 kB per minute and kind. Kinds are static names,
/// so strangers cannot create new ones. The limiter reads no clock, so machines can own one.
///
/// ```
/// use std::time::Instant;
/// use toycoin_node::{log_limiter::LogLimiter, machine::Monotonic};
///
/// let mut lines = Vec::new();
/// let mut limiter = LogLimiter::new();
/// let started = Instant::now();
/// for block in 0..1_000 {
///     let now = Monotonic::new(started.elapsed());
///     // the kind names what all these lines have in common, and holds nothing that a stranger chooses
///     if let Some(omitted) = limiter.admit("bad block", now) {
///         lines.push(format!("block {block} breaks a rule{omitted}"));
///     }
/// }
/// assert!(lines.len() < 100);
///
/// // A flood that has ended still owes its count: wait until `next_report`, then take it.
/// let later = limiter.next_report().expect("lines were left out");
/// while let Some((kind, omitted)) = limiter.take_report(later) {
///     lines.push(format!("{kind}{omitted}")); // bad block (and 990 more like this in the last 2 s)
/// }
/// assert_eq!(limiter.next_report(), None);
/// ```
#[derive(Debug)]
pub struct LogLimiter {
    lines: u32,
    refill: Duration,
    kinds: BTreeMap<&'static str, Kind>,
}

impl Default for LogLimiter {
    fn default() -> Self {
        Self::new()
    }
}

/// The number of lines of a kind that were left out, and the time in which they came. It is displayed as the end of the
/// line that reports it: ` (and 37 more like this in the last 12 s)`, or nothing if none were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Omitted {
    /// Number of lines that were left out since the last written line of their kind.
    pub lines: u64,
    /// Time since the first of them.
    pub within: Duration,
}

#[derive(Debug)]
struct Kind {
    tokens: u32,
    /// Time up to which tokens were added.
    filled: Monotonic,
    omitted: u64,
    /// Time of the first omitted line.
    since: Monotonic,
}

impl LogLimiter {
    /// Returns a limiter whose buckets are full, and hold [`LOG_LINES`] lines.
    pub const fn new() -> Self {
        Self::with_rate(LOG_LINES, LOG_REFILL)
    }

    /// Returns a limiter whose kinds may each write `lines` lines at once and one more in each `refill`, which is counted
    /// in whole milliseconds, at least one.
    pub const fn with_rate(lines: u32, refill: Duration) -> Self {
        let refill = if refill.as_millis() == 0 { Duration::from_millis(1) } else { refill };
        Self { lines, refill, kinds: BTreeMap::new() }
    }

    /// Takes a token for a line of this kind: `None` means that the line is left out, and counted.
    ///
    /// The caller appends the result to the line that it writes.
    pub fn admit(&mut self, kind: &'static str, now: Monotonic) -> Option<Omitted> {
        let Self { lines, refill, kinds } = self;
        kinds.entry(kind).or_insert_with(|| Kind::full(*lines, now)).admit(*lines, *refill, now)
    }

    /// Returns when [`take_report`](Self::take_report) next has something: `None` if no line is left out.
    pub fn next_report(&self) -> Option<Monotonic> {
        self.kinds.values().filter(|kind| kind.omitted > 0).map(|kind| kind.next_token(self.refill)).min()
    }

    /// Takes the count of a kind whose bucket has a token again, and that token. `None` if there is no such kind.
    pub fn take_report(&mut self, now: Monotonic) -> Option<(&'static str, Omitted)> {
        let Self { lines, refill, kinds } = self;
        let mut owing = kinds.iter_mut().filter(|(_, kind)| kind.omitted > 0 && kind.next_token(*refill) <= now);
        let (name, kind) = owing.next()?;
        Some((name, kind.admit(*lines, *refill, now)?))
    }
}

impl fmt::Display for Omitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lines == 0 {
            return Ok(());
        }
        let seconds = self.within.as_millis().div_ceil(1_000).max(1);
        write!(f, " (and {} more like this in the last {seconds} s)", self.lines)
    }
}

impl Kind {
    const fn full(lines: u32, now: Monotonic) -> Self {
        Self { tokens: lines, filled: now, omitted: 0, since: now }
    }

    fn admit(&mut self, lines: u32, refill: Duration, now: Monotonic) -> Option<Omitted> {
        self.fill(lines, refill, now);
        let Some(rest) = self.tokens.checked_sub(1) else {
            if self.omitted == 0 {
                self.since = now;
            }
            self.omitted += 1;
            return None;
        };
        self.tokens = rest;
        let omitted = Omitted { lines: self.omitted, within: now.saturating_since(self.since) };
        self.omitted = 0;
        Some(omitted)
    }

    /// Adds the tokens that are due.
    fn fill(&mut self, lines: u32, refill: Duration, now: Monotonic) {
        let due = now.saturating_since(self.filled).as_millis() / refill.as_millis();
        let due = u32::try_from(due).unwrap_or(u32::MAX);
        if due >= lines - self.tokens {
            (self.tokens, self.filled) = (lines, now);
        } else {
            self.tokens += due;
            self.filled = self.filled + refill * due;
        }
    }

    /// Returns when a bucket that is empty has a token again.
    fn next_token(&self, refill: Duration) -> Monotonic {
        self.filled + refill
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Monotonic {
        Monotonic::new(Duration::from_millis(ms))
    }

    /// Offers one line in each millisecond of a range; returns the endings of those that were admitted.
    fn flood(limiter: &mut LogLimiter, kind: &'static str, ms: std::ops::Range<u64>) -> Vec<String> {
        ms.filter_map(|ms| limiter.admit(kind, at(ms))).map(|omitted| omitted.to_string()).collect()
    }

    #[test]
    fn a_flood_writes_its_burst_and_then_its_rate() {
        let mut limiter = LogLimiter::new();
        let lines = flood(&mut limiter, "flood", 0..60_000);
        assert_eq!(lines.len(), 10 + 29);
        assert_eq!(lines[9], "");
        assert_eq!(lines[10], " (and 1990 more like this in the last 2 s)");
        assert_eq!(lines[11], " (and 1999 more like this in the last 2 s)");
    }

    #[test]
    fn another_rate_bounds_a_flood_as_well() {
        let mut limiter = LogLimiter::with_rate(3, Duration::from_millis(100));
        assert_eq!(flood(&mut limiter, "flood", 0..10_000).len(), 3 + 99);
        assert_eq!(LogLimiter::with_rate(1, Duration::ZERO).refill, Duration::from_millis(1));
    }

    #[test]
    fn written_and_omitted_lines_add_up() {
        let mut limiter = LogLimiter::new();
        let (mut written, mut omitted) = (0, 0);
        for ms in (0..100_000).step_by(7) {
            if let Some(left_out) = limiter.admit("flood", at(ms)) {
                written += 1;
                omitted += left_out.lines;
            }
        }
        let end = limiter.next_report().unwrap();
        omitted += limiter.take_report(end).unwrap().1.lines;
        assert_eq!(written + omitted, 100_000_u64.div_ceil(7));
    }

    #[test]
    fn a_flood_of_one_kind_leaves_others_their_lines() {
        let mut limiter = LogLimiter::new();
        flood(&mut limiter, "flood", 0..10_000);
        assert_eq!(limiter.admit("quiet", at(10_000)), Some(Omitted::default()));
    }

    #[test]
    fn the_count_is_reported_once_after_the_flood() {
        let mut limiter = LogLimiter::new();
        flood(&mut limiter, "a", 0..30);
        flood(&mut limiter, "b", 0..11);
        assert_eq!(limiter.next_report(), Some(at(2_000)));
        assert_eq!(limiter.take_report(at(1_999)), None);
        let report = |lines| Omitted { lines, within: Duration::from_millis(1_990) };
        assert_eq!(limiter.take_report(at(2_000)), Some(("a", report(20))));
        assert_eq!(limiter.take_report(at(2_000)), Some(("b", report(1))));
        assert_eq!((limiter.take_report(at(9_000)), limiter.next_report()), (None, None));
    }

    #[test]
    fn a_quiet_time_fills_the_bucket_and_no_more() {
        let mut limiter = LogLimiter::new();
        flood(&mut limiter, "flood", 0..10);
        assert_eq!(flood(&mut limiter, "flood", 1_000_000..1_000_100).len(), 10);
    }
}
