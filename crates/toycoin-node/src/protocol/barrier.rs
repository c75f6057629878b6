//! Whether an answer is late or only behind others in the relay's queue for us.
//!
//! ```text
//!   GBLK ─▶ .. long silence .. PING ─▶      ◀─ DELV DELV DELV PONG
//! ```
//!
//! A relay's PONG stands behind the deliveries that waited for us when the PING came. So once it is here, an answer that is
//! not was not there to be sent: its sender is late, not the link. Bytes of others, however they trickle, prove nothing.

use toycoin_core::store::ChainStore;

use crate::{
    limits,
    machine::Monotonic,
    protocol::{NodeMachine, Output, backlog::Purpose},
};

/// How far a relay connection has been drained.
#[derive(Debug, Default)]
pub(super) struct Barrier {
    /// The PING that is on its way, and when it was sent.
    asked: Option<(u64, Monotonic)>,
    passed: Monotonic,
    has_moved: bool,
    next: u64,
}

impl Barrier {
    /// Returns a time: whatever waited for us at the relay then is here.
    pub(super) const fn passed(&self) -> Monotonic {
        self.passed
    }

    /// Returns the number to send a PING with, unless one is on its way.
    pub(super) fn ask(&mut self, now: Monotonic) -> Option<u64> {
        if self.asked.is_some() {
            return None;
        }
        self.next += 1;
        self.asked = Some((self.next, now));
        Some(self.next)
    }

    /// Takes the answer.
    pub(super) fn answered(&mut self, number: u64) {
        if let Some((_, sent)) = self.asked.take_if(|(asked, _)| *asked == number) {
            (self.passed, self.has_moved) = (sent, true);
        }
    }

    /// Takes a PING that was never answered as one that was: a relay that only delivers keeps nobody waiting for ever.
    pub(super) fn give_up(&mut self, now: Monotonic) {
        if self.gives_up_at().is_some_and(|at| at <= now)
            && let Some((_, sent)) = self.asked.take()
        {
            (self.passed, self.has_moved) = (sent, true);
        }
    }

    /// Returns whether more is known than when this was asked last.
    fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.has_moved)
    }

    /// Returns when the PING that is on its way counts as answered.
    pub(super) fn gives_up_at(&self) -> Option<Monotonic> {
        self.asked.map(|(_, sent)| sent + limits::BARRIER_TIMEOUT)
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Turns to others where answers are late, and asks relays that may hold back what is due.
    pub(super) fn lapse_requests(&mut self) {
        let now = self.net.now.monotonic;
        let mut has_moved = false;
        for link in self.net.links.values_mut() {
            link.barrier.give_up(now);
            has_moved |= link.barrier.take_moved();
        }
        let mut unclear = self.lapse_headers();
        unclear.append(&mut self.lapse_bodies(has_moved));
        for connection in unclear {
            let Some(link) = self.net.links.get_mut(&connection).filter(|link| link.ready) else { continue };
            if let Some(number) = link.barrier.ask(now) {
                let bytes = link.client.ping(number);
                link.backlog.push(Purpose::Client, bytes.len() as u64, now);
                self.net.outputs.push_back(Output::Send { connection, bytes });
            }
        }
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
