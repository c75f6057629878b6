//! The answer to deliveries that a relay dropped for us, with a rate limit.
//!
//! Whatever was dropped, other peers' headers show what is missing, and our status makes them announce their chains. A
//! relay that floods us with `LAGD` gets one answer per [`LAG_INTERVAL`](limits::LAG_INTERVAL), whose event has the
//! total count.

use crate::{limits, machine::Monotonic};

/// Deliveries that a relay dropped on one connection, and that are not answered yet.
#[derive(Debug, Default)]
pub(super) struct Lag {
    dropped: u64,
    /// When the next answer is due. The first one is due at once.
    answer_at: Monotonic,
}

impl Lag {
    /// Returns when the next answer is due, if deliveries were dropped.
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        (self.dropped > 0).then_some(self.answer_at)
    }

    /// Records that the relay dropped this many deliveries. A count of zero still means that there is a gap.
    pub(super) fn note(&mut self, count: u64) {
        self.dropped = self.dropped.saturating_add(count.max(1));
    }

    /// Takes the count if the answer is due.
    pub(super) fn take_due(&mut self, now: Monotonic) -> Option<u64> {
        self.next_timeout().filter(|at| *at <= now)?;
        self.answer_at = now + limits::LAG_INTERVAL;
        Some(std::mem::take(&mut self.dropped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_reports_is_answered_once_in_a_while_with_its_sum() {
        let (mut lag, start) = (Lag::default(), Monotonic::ORIGIN);
        lag.note(0);
        assert_eq!(lag.take_due(start), Some(1), "a gap of unknown size");
        lag.note(3);
        lag.note(4);
        assert_eq!(lag.take_due(start), None);
        let later = lag.next_timeout().expect("the answer is due later");
        assert_eq!((later, lag.take_due(later)), (start + limits::LAG_INTERVAL, Some(7)));
        assert_eq!(lag.next_timeout(), None);
    }
}
