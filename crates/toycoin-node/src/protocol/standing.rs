//! A peer's standing: what it has delivered so far. It decides which peer is asked first, how long it may take, and
//! when it is asked again.
//!
//! A claim earns nothing: a STAT can promise any work, and a node id costs nothing. Only deliveries count. Peers that
//! delivered are asked before new ones. Peers that let a request lapse are asked after both, and after a backoff that
//! doubles each time. A stall is no misbehaviour, so it costs no points.
//!
//! A block ends the doubling, though not the strikes. On a link that loses a tenth of all messages each peer gathers
//! strikes, and a node would wait minutes for one lost block if they alone counted.
//!
//! A peer of a mesh may also say that it has nothing to give now. That costs it no rank, only a short backoff.

use std::time::Duration;

use crate::{limits, machine::Monotonic};

/// A peer's deliveries and lapsed requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    /// Whether it delivered headers that entered the tree.
    gave_headers: bool,
    /// Whether it delivered blocks that were new to us.
    gave_blocks: bool,
    /// Number of strikes: requests that lapsed and were not made good.
    strikes: u32,
    /// Number of requests that lapsed since it last delivered a block.
    lapses: u32,
    /// Number of deliveries since the last strike.
    streak: u32,
    /// Number of blocks that it did not have, since it last delivered one.
    refusals: u32,
    rests_until: Monotonic,
    /// Number of times that it had nothing to give, since it last delivered.
    not_nows: u32,
    /// End of the backoff after it had nothing to give.
    is_busy_until: Monotonic,
    /// Smoothed time from a request to its headers.
    headers_take: Option<Duration>,
    /// Smoothed time from a request to its block.
    blocks_take: Option<Duration>,
    /// Approximate shortest time from a request to its block.
    least: Option<Duration>,
}

/// How far a peer is trusted to deliver, the most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trust {
    /// It delivered blocks, and no request to it lapsed.
    Blocks,
    /// It delivered headers, and no request to it lapsed.
    Headers,
    /// It delivered, and then let a few requests lapse.
    Shaken,
    /// It was never asked, or its first answer is outstanding.
    Newcomer,
    /// It let requests lapse, and delivered little or nothing.
    Stalled,
}

impl Standing {
    pub(super) fn trust(&self) -> Trust {
        match self {
            Self { strikes: 0, gave_blocks: true, .. } => Trust::Blocks,
            Self { strikes: 0, gave_headers: true, .. } => Trust::Headers,
            Self { strikes: 0, .. } => Trust::Newcomer,
            // ids cost nothing, so a crowd of newcomers must not outrank a proven peer after a few stalls
            _ if self.has_delivered() && self.strikes <= limits::SHAKEN_STRIKES => Trust::Shaken,
            _ => Trust::Stalled,
        }
    }

    pub(super) const fn has_delivered(&self) -> bool {
        self.gave_headers || self.gave_blocks
    }

    pub(super) const fn gave_blocks(&self) -> bool {
        self.gave_blocks
    }

    /// Returns the number of blocks that it did not have, since it last delivered one. Among equally trusted peers, the
    /// one with fewer is asked first.
    pub(super) const fn refusals(&self) -> u32 {
        self.refusals
    }

    /// Returns whether a backoff still lasts: after its last stall, or after it had nothing to give.
    pub(super) fn rests(&self, now: Monotonic) -> bool {
        now < self.rests_until.max(self.is_busy_until)
    }

    /// Returns when it may be asked again, if the only reason to wait is that it had nothing to give.
    pub(super) fn is_busy_until(&self, now: Monotonic) -> Option<Monotonic> {
        (self.rests_until <= now && now < self.is_busy_until).then_some(self.is_busy_until)
    }

    /// Returns the typical time of its blocks, if it has delivered any.
    pub(super) const fn blocks_take(&self) -> Option<Duration> {
        self.blocks_take
    }

    /// Returns how long an answer with headers may take before others are asked too. `newcomers` is that time for a
    /// peer that has delivered nothing.
    pub(super) fn patience_for_headers(&self, newcomers: Duration) -> Duration {
        let known = self.gave_headers.then_some(limits::HEADERS_TIMEOUT);
        self.patience(known, self.headers_take, newcomers)
    }

    /// Returns how long a block may take before others are asked for it.
    pub(super) fn patience_for_blocks(&self, newcomers: Duration) -> Duration {
        let known = self.gave_blocks.then_some(limits::BODY_TIMEOUT);
        self.patience(known, self.blocks_take, newcomers)
    }

    fn patience(&self, known: Option<Duration>, takes: Option<Duration>, newcomers: Duration) -> Duration {
        let takes = takes.unwrap_or_default().saturating_mul(2);
        let backoff = 1u32 << self.lapses.min(limits::MAX_STRIKE_DOUBLINGS);
        let patience = known.unwrap_or(newcomers).max(takes).saturating_mul(backoff);
        patience.min(limits::MAX_PATIENCE.max(takes))
    }

    /// Records headers that entered the tree.
    pub(super) fn delivered_headers(&mut self, took: Duration, was_late: bool) {
        (self.gave_headers, self.not_nows) = (true, 0);
        self.headers_take = Some(smooth(self.headers_take, took));
        self.make_good(was_late);
    }

    /// Records a block that it does not have. That is no stall, because it may follow another branch.
    pub(super) const fn refused_block(&mut self) {
        self.refusals = self.refusals.saturating_add(1);
    }

    /// Records a block that was new to us.
    pub(super) fn delivered_block(&mut self, took: Duration, was_late: bool) {
        (self.gave_blocks, self.refusals, self.not_nows, self.lapses) = (true, 0, 0, 0);
        self.blocks_take = Some(smooth(self.blocks_take, took));
        // grows slowly without new minima, since network paths change
        self.least = Some(self.least.map_or(took, |least| (least + least / 64).min(took)));
        self.make_good(was_late);
    }

    /// Records a block that was new to us and that nobody requested.
    pub(super) fn volunteered_block(&mut self) {
        (self.gave_blocks, self.refusals, self.lapses) = (true, 0, 0);
        self.make_good(false);
    }

    /// Returns the approximate shortest time of its blocks, and how much longer this one took.
    pub(super) fn queued_for(&self, took: Duration) -> (Duration, Duration) {
        let least = self.least.unwrap_or(took);
        (least, took.saturating_sub(least))
    }

    /// Records that a request lapsed, or that its answer did not support the peer's claim.
    pub(super) fn stalled(&mut self, now: Monotonic) {
        let doublings = self.lapses.min(limits::MAX_STRIKE_DOUBLINGS);
        self.strikes = self.strikes.saturating_add(1);
        (self.lapses, self.streak) = (self.lapses.saturating_add(1), 0);
        let rest = limits::STALL_REST.saturating_mul(1 << doublings).min(limits::MAX_STALL_REST);
        self.rests_until = now + rest;
    }

    /// Records that it has nothing to give now. That is no stall: its rank stays.
    pub(super) fn not_now(&mut self, now: Monotonic) {
        // answers to questions that were under way together are one
        if now < self.is_busy_until {
            return;
        }
        let doublings = self.not_nows.min(limits::MAX_STRIKE_DOUBLINGS);
        self.not_nows = self.not_nows.saturating_add(1);
        self.is_busy_until = now + limits::NOT_NOW_REST.saturating_mul(1 << doublings).min(limits::MAX_NOT_NOW_REST);
    }

    /// Removes a strike: for a late delivery its own, for a row of deliveries an older one.
    fn make_good(&mut self, was_late: bool) {
        if self.strikes == 0 {
            return;
        }
        self.streak += 1;
        if was_late || self.streak >= limits::STRIKE_DELIVERIES {
            self.streak = 0;
            self.strikes -= 1;
            self.rests_until = Monotonic::ORIGIN;
        }
    }
}

/// Returns a mean that follows a longer time at once and a shorter one slowly.
fn smooth(before: Option<Duration>, took: Duration) -> Duration {
    before.map_or(took, |before| took.max((before * 3 + took) / 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const START: Monotonic = Monotonic::ORIGIN;

    #[test]
    fn deliveries_rank_before_newcomers_and_stalls_after_them() {
        let newcomer = Standing::default();
        let (mut blocks, mut headers, mut liar) = (newcomer.clone(), newcomer.clone(), newcomer.clone());
        blocks.delivered_block(SECOND, false);
        headers.delivered_headers(SECOND, false);
        liar.stalled(START);
        let mut shaken = blocks.clone();
        shaken.stalled(START);
        let ranks = [&blocks, &headers, &shaken, &newcomer, &liar].map(Standing::trust);
        assert!(ranks.is_sorted_by(|one, other| one < other), "{ranks:?}");
    }

    #[test]
    fn each_stall_doubles_the_backoff_up_to_its_most() {
        let mut liar = Standing::default();
        let mut rests = Vec::new();
        for _ in 0..12 {
            liar.stalled(START);
            rests.push(liar.rests_until.since_origin());
        }
        assert_eq!(rests[..3], [limits::STALL_REST, limits::STALL_REST * 2, limits::STALL_REST * 4]);
        assert_eq!(rests.last(), Some(&limits::MAX_STALL_REST));
    }

    #[test]
    fn delivered_block_ends_the_doubling_after_stalls() {
        let mut unlucky = Standing::default();
        for _ in 0..6 {
            unlucky.stalled(START);
        }
        assert_eq!(unlucky.patience_for_blocks(SECOND), limits::MAX_PATIENCE);
        unlucky.delivered_headers(SECOND, false);
        assert_eq!(unlucky.patience_for_blocks(SECOND), limits::MAX_PATIENCE, "headers are no blocks");
        unlucky.delivered_block(SECOND, false);
        assert_eq!((unlucky.trust(), unlucky.patience_for_blocks(SECOND)), (Trust::Stalled, limits::BODY_TIMEOUT));
        unlucky.stalled(START);
        assert_eq!(unlucky.rests_until.since_origin(), limits::STALL_REST);
        unlucky.stalled(START);
        unlucky.volunteered_block();
        assert_eq!(unlucky.patience_for_blocks(SECOND), limits::BODY_TIMEOUT);
    }

    #[test]
    fn having_nothing_to_give_costs_a_backoff_and_no_rank() {
        let mut busy = Standing::default();
        busy.delivered_block(SECOND, false);
        let (mut now, mut rests) = (START, Vec::new());
        for _ in 0..6 {
            busy.not_now(now);
            busy.not_now(now);
            assert_eq!(
                (busy.trust(), busy.rests(now), busy.patience_for_blocks(SECOND)),
                (Trust::Blocks, true, SECOND * 2)
            );
            let until = busy.is_busy_until(now).expect("it rests");
            rests.push(until.saturating_since(now));
            now = until;
            assert!(!busy.rests(now));
        }
        assert_eq!(rests[..3], [limits::NOT_NOW_REST, limits::NOT_NOW_REST * 2, limits::NOT_NOW_REST * 4]);
        assert_eq!(rests[5], limits::MAX_NOT_NOW_REST);
        busy.delivered_block(SECOND, false);
        busy.not_now(now);
        assert_eq!(busy.is_busy_until(now), Some(now + limits::NOT_NOW_REST), "a delivery ends the doubling");
    }

    #[test]
    fn late_delivery_takes_its_own_strike_away() {
        let mut slow = Standing::default();
        slow.stalled(START);
        assert!(slow.rests(START));
        slow.delivered_block(SECOND * 9, true);
        assert_eq!((slow.trust(), slow.rests(START)), (Trust::Blocks, false));
        assert_eq!(slow.patience_for_blocks(SECOND), SECOND * 18, "and it is given the time that it takes");
    }

    #[test]
    fn one_delivery_does_not_make_an_old_stall_good() {
        let mut unreliable = Standing::default();
        for _ in 0..4 {
            unreliable.stalled(START);
            unreliable.delivered_block(SECOND, false);
        }
        assert_eq!(unreliable.trust(), Trust::Stalled);
        for _ in 0..4 * limits::STRIKE_DELIVERIES {
            unreliable.delivered_block(SECOND, false);
        }
        assert_eq!(unreliable.trust(), Trust::Blocks);
    }
}
