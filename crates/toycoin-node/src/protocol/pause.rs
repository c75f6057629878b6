//! How long mining waits for a better branch: a token bucket of time.
//!
//! Blocks that a miner finds while it is behind would become stale, so it waits while bodies arrive. But headers can be
//! shown without their bodies, and bodies can be sent one by one. So the time to wait is bounded over all branches
//! together. Only bodies on the way to the best header add to it, each a quarter of the network's block interval
//! ([`PAUSE_PART`](limits::PAUSE_PART)). So a miner that downloads more than four blocks per interval waits until it
//! has caught up. A trickle of bodies adds almost nothing, and costs its sender the work.

use std::time::Duration;

use toycoin_core::{BlockHash, Header, chain::Chain, store::ChainStore};

use crate::{limits, machine::Monotonic};

/// The time for which mining may still wait.
#[derive(Debug)]
pub(super) struct Pause {
    left: Duration,
    at: Monotonic,
    is_on: bool,
}

impl Default for Pause {
    fn default() -> Self {
        Self { left: limits::MAX_PAUSE, at: Monotonic::ORIGIN, is_on: false }
    }
}

impl Pause {
    /// Returns whether mining waits. `is_behind` says whether there are better headers whose bodies arrive.
    pub(super) fn holds(&mut self, now: Monotonic, is_behind: bool) -> bool {
        self.settle(now);
        // a pause that has begun runs out before the next one begins
        let least = if self.is_on { Duration::ZERO } else { limits::MIN_PAUSE };
        self.is_on = is_behind && self.left > least;
        self.is_on
    }

    /// Returns when the pause ends, if mining waits.
    pub(super) fn until(&self) -> Option<Monotonic> {
        self.is_on.then(|| self.at + self.left)
    }

    /// Adds time for a body.
    fn earn(&mut self, time: Duration) {
        self.left = (self.left + time).min(limits::MAX_PAUSE);
    }

    fn settle(&mut self, now: Monotonic) {
        let passed = now.saturating_since(self.at);
        self.at = now;
        if self.is_on {
            self.left = self.left.saturating_sub(passed);
        } else {
            self.earn(passed / limits::PAUSE_REFILL);
        }
    }
}

impl Pause {
    /// Lets a peer's body prolong the pause, if it leads to the best header and has at least half the work of our tip.
    /// `interval` is the time between blocks on a network without a spacing.
    pub(super) fn earn_for<S: ChainStore>(
        &mut self,
        header: &Header,
        hash: &BlockHash,
        chain: &Chain<S>,
        interval: Duration,
    ) {
        let (tree, tip) = (chain.headers(), chain.tip());
        let leads = tree.ancestor(&tree.best().hash, header.height).is_some_and(|entry| entry.hash == *hash);
        let work = |header: &Header| header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        let (own, usual) = (work(header), tree.get(&tip.hash).map(|entry| work(&entry.header)).unwrap_or_default());
        if leads && own + own >= usual {
            let spacing = chain.params().spec().retargeting.map(|to| Duration::from_millis(to.spacing_ms));
            self.earn(spacing.unwrap_or(interval) / limits::PAUSE_PART);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u32) -> Monotonic {
        Monotonic::ORIGIN + SECOND * seconds
    }

    /// Returns for how many tenths of `seconds` seconds the pause holds, while a branch never gets anywhere.
    fn held(pause: &mut Pause, from: u32, seconds: u32, mut each: impl FnMut(&mut Pause)) -> usize {
        let tenths = (from * 10..(from + seconds) * 10).map(|tenth| Monotonic::ORIGIN + SECOND / 10 * tenth);
        let held = tenths.filter(|at| {
            each(pause);
            pause.holds(*at, true)
        });
        held.count()
    }

    #[test]
    fn a_pause_ends_and_is_refilled_slowly() {
        let mut pause = Pause::default();
        assert!(pause.holds(at(0), true));
        assert_eq!(pause.until(), Some(Monotonic::ORIGIN + limits::MAX_PAUSE));
        assert!(!pause.holds(at(10), true) && !pause.holds(at(11), true), "and does not flicker");
        assert_eq!(pause.until(), None);
        let tenths = held(&mut pause, 11, 3_600, |_| ());
        assert!((500..=700).contains(&tenths), "{tenths} tenths of a second in an hour");
    }

    #[test]
    fn bodies_prolong_a_pause_by_what_they_earn() {
        let mut pause = Pause::default();
        let tenths = held(&mut pause, 0, 100, |pause| pause.earn(SECOND / 10));
        assert_eq!(tenths, 1_000, "fast enough: all the time");
        let mut trickle = Pause::default();
        let tenths = held(&mut trickle, 0, 1_000, |pause| pause.earn(SECOND / 200));
        assert!((600..=800).contains(&tenths), "{tenths} of ten thousand");
    }
}
