//! Allowances: how many addresses each source may name (rate limit, token bucket).
//!
//! Without them one talkative peer would decide what the table of new addresses holds. A source is an IP address, as
//! reconnecting gives nobody a new one.

use core::net::IpAddr;
use std::collections::BTreeMap;

use crate::{limits, machine::Monotonic};

/// Allowances by source, up to a bound.
#[derive(Debug, Default)]
pub(super) struct Allowances {
    by_source: BTreeMap<IpAddr, Allowance>,
}

#[derive(Debug, Clone, Copy)]
struct Allowance {
    left: u32,
    /// The time up to which the allowance has grown.
    filled: Monotonic,
}

impl Allowances {
    /// Takes one address off a source's allowance; returns false if nothing is left of it.
    pub(super) fn take(&mut self, source: IpAddr, now: Monotonic) -> bool {
        let allowance = self.of(source, now);
        let is_left = allowance.left > 0;
        allowance.left = allowance.left.saturating_sub(1);
        is_left
    }

    /// Adds to a source's allowance, because it was asked for addresses.
    pub(super) fn grant(&mut self, source: IpAddr, more: u32, now: Monotonic) {
        let allowance = self.of(source, now);
        allowance.left = allowance.left.saturating_add(more).min(limits::ADDRESS_BURST);
    }

    /// Returns a source's allowance at present. A full table forgets those that are full again, or else the
    /// one of which most is left.
    fn of(&mut self, source: IpAddr, now: Monotonic) -> &mut Allowance {
        if !self.by_source.contains_key(&source) && self.by_source.len() >= limits::ADDRESS_SOURCES {
            for allowance in self.by_source.values_mut() {
                allowance.refill(now);
            }
            self.by_source.retain(|_, allowance| allowance.left < limits::ADDRESS_BURST);
            let fullest = self.by_source.iter().max_by_key(|(_, allowance)| allowance.left).map(|(source, _)| *source);
            if let Some(fullest) = fullest.filter(|_| self.by_source.len() >= limits::ADDRESS_SOURCES) {
                self.by_source.remove(&fullest);
            }
        }
        let allowance = self.by_source.entry(source).or_insert(Allowance { left: limits::ADDRESS_BURST, filled: now });
        allowance.refill(now);
        allowance
    }
}

impl Allowance {
    fn refill(&mut self, now: Monotonic) {
        let step = limits::ADDRESS_REFILL;
        let steps = now.saturating_since(self.filled).as_nanos() / step.as_nanos();
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(steps).min(limits::ADDRESS_BURST);
        self.filled = self.filled + step.saturating_mul(steps);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn source(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn a_source_names_a_thousand_then_one_in_ten_seconds() {
        let mut allowances = Allowances::default();
        let mut now = Monotonic::ORIGIN;
        let mut taken = 0;
        while allowances.take(source(1), now) {
            taken += 1;
        }
        assert_eq!(taken, 1_000);
        assert!(allowances.take(source(2), now), "another source has its own");
        now = now + Duration::from_millis(9_999);
        assert!(!allowances.take(source(1), now));
        now = now + Duration::from_millis(1);
        assert!(allowances.take(source(1), now) && !allowances.take(source(1), now));
        allowances.grant(source(1), 2, now);
        assert!(allowances.take(source(1), now) && allowances.take(source(1), now));
        assert!(!allowances.take(source(1), now));
    }

    #[test]
    fn the_table_is_bounded_and_remembers_the_spent() {
        let mut allowances = Allowances::default();
        while allowances.take(source(0), Monotonic::ORIGIN) {}
        for number in 1..5_000 {
            assert!(allowances.take(source(number), Monotonic::ORIGIN));
            assert!(allowances.by_source.len() <= limits::ADDRESS_SOURCES);
        }
        assert!(!allowances.take(source(0), Monotonic::ORIGIN));
    }
}
