//! Times that others report, compared with our clock.

use std::collections::VecDeque;

use crate::{limits, machine::Now};

/// A reported time minus the monotonic time of its arrival. It gives the present difference to our clock, even after
/// our clock was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lead(i128);

impl Lead {
    pub(super) fn new(said_ms: u64, now: Now) -> Self {
        Self(i128::from(said_ms) - monotonic_ms(now))
    }

    /// Returns by how many milliseconds the other clock is ahead of ours, at most a year in either direction.
    pub(super) fn offset_ms(self, now: Now) -> i64 {
        let most = i128::from(limits::MAX_CLOCK_OFFSET);
        let offset = self.0 - (i128::from(now.unix_ms) - monotonic_ms(now));
        i64::try_from(offset.clamp(-most, most)).unwrap_or_default()
    }
}

fn monotonic_ms(now: Now) -> i128 {
    i128::try_from(now.monotonic.since_origin().as_millis()).unwrap_or(i128::MAX / 2)
}

/// The last readings of a peer's clock.
#[derive(Debug, Clone, Default)]
pub(super) struct ClockReadings(VecDeque<Lead>);

impl ClockReadings {
    /// Records a status's time.
    pub(super) fn note(&mut self, said_ms: u64, now: Now) {
        self.0.push_back(Lead::new(said_ms, now));
        if self.0.len() > limits::CLOCK_READINGS {
            self.0.pop_front();
        }
    }

    /// Returns the reading of the status with the shortest time in transit.
    pub(super) fn quickest(&self) -> Option<Lead> {
        self.0.iter().max().copied()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::machine::Monotonic;

    #[test]
    fn the_quickest_of_a_peers_last_statuses_counts() {
        let now = |seconds| Now { monotonic: Monotonic::new(Duration::from_secs(seconds)), unix_ms: 1_000_000 };
        let mut readings = ClockReadings::default();
        let offset_ms = |readings: &ClockReadings, now| readings.quickest().map(|lead| lead.offset_ms(now));
        for (seconds, said) in [(0, 1_000_000), (10, 1_008_000), (20, 1_005_000)] {
            let moment = Now { unix_ms: 1_000_000 + seconds * 1_000, ..now(seconds) };
            readings.note(said, moment);
            assert_eq!(offset_ms(&readings, moment), Some(0), "the first came at once");
        }
        let set_back = Now { unix_ms: 1_010_000, ..now(20) };
        assert_eq!(
            offset_ms(&readings, set_back),
            Some(10_000),
            "what was read before counts by the clock as it is now"
        );
        for said in [u64::MAX; limits::CLOCK_READINGS] {
            readings.note(said, set_back);
        }
        assert_eq!(offset_ms(&readings, set_back), Some(limits::MAX_CLOCK_OFFSET), "an absurd time counts as a year");
        assert_eq!(readings.0.len(), limits::CLOCK_READINGS);
    }
}
