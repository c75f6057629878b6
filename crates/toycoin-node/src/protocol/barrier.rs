//! Distinguishes a late answer from one that only waits behind others in the relay's queue.
//!
//! ```text
//!   GBLK ─▶ .. long silence .. PING ─▶      ◀─ DELV DELV DELV PONG
//! ```
//!
//! A relay queues its PONG behind the deliveries that waited for us when the PING came. So an answer that is still
//! missing when the PONG arrives had not been sent then: its sender is late, not the link. Bytes of other deliveries
//! prove nothing, however slowly they arrive.

use crate::{limits, machine::Monotonic};

/// The progress of draining a relay connection.
#[derive(Debug, Default)]
pub(super) struct Barrier {
    /// The number of the outstanding PING, and its time.
    asked: Option<(u64, Monotonic)>,
    passed: Monotonic,
    has_moved: bool,
    next: u64,
}

impl Barrier {
    /// Returns a time: all deliveries that waited at the relay then have arrived.
    pub(super) const fn passed(&self) -> Monotonic {
        self.passed
    }

    /// Returns the number for a new PING, unless one is outstanding.
    pub(super) fn ask(&mut self, now: Monotonic) -> Option<u64> {
        if self.asked.is_some() {
            return None;
        }
        self.next += 1;
        self.asked = Some((self.next, now));
        Some(self.next)
    }

    /// Processes the PONG with this number.
    pub(super) fn answered(&mut self, number: u64) {
        if let Some((_, sent)) = self.asked.take_if(|(asked, _)| *asked == number) {
            (self.passed, self.has_moved) = (sent, true);
        }
    }

    /// Counts an overdue PING as answered, so that a relay that only delivers makes nobody wait for ever.
    pub(super) fn give_up(&mut self, now: Monotonic) {
        if self.gives_up_at().is_some_and(|at| at <= now)
            && let Some((_, sent)) = self.asked.take()
        {
            (self.passed, self.has_moved) = (sent, true);
        }
    }

    /// Returns whether the barrier has moved since the last call.
    pub(super) fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.has_moved)
    }

    /// Returns when the outstanding PING counts as answered.
    pub(super) fn gives_up_at(&self) -> Option<Monotonic> {
        self.asked.map(|(_, sent)| sent + limits::BARRIER_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_to_the_last_ping_passes_the_barrier() {
        let (mut barrier, start) = (Barrier::default(), Monotonic::ORIGIN);
        let later = start + limits::BARRIER_TIMEOUT;
        let number = barrier.ask(later).expect("none is on its way");
        assert_eq!(barrier.ask(later), None, "one at a time");
        barrier.answered(number + 1);
        assert_eq!(barrier.passed(), start);
        barrier.answered(number);
        assert_eq!(barrier.passed(), later);
        assert_eq!(barrier.gives_up_at(), None);
    }

    #[test]
    fn a_relay_that_answers_no_ping_is_not_waited_for_without_end() {
        let (mut barrier, start) = (Barrier::default(), Monotonic::ORIGIN);
        let asked = start + limits::BODY_TIMEOUT;
        barrier.ask(asked);
        barrier.give_up(asked);
        assert_eq!(barrier.passed(), start);
        barrier.give_up(asked + limits::BARRIER_TIMEOUT);
        assert_eq!(barrier.passed(), asked);
    }
}
