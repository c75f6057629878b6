//! Compares this machine's clock with the times that others report.
//!
//! Other nodes defer the blocks of a fast clock, and a slow clock defers the blocks of all others. No message is wrong
//! in either case, so comparisons must show it:
//!
//! - The median of the times in the peers' statuses, from the first peer on. A status may have been in transit for
//!   long, so the fastest one of a peer's last few counts. Absurd times count as a year. Of two middle values the one
//!   nearer to zero counts, so that one liar beside one honest peer decides nothing.
//! - The median of the times of the last accepted blocks. It counts only when it is ahead, because a late block proves
//!   nothing.
//! - Blocks and headers that are deferred.

use std::collections::{BTreeMap, VecDeque};

use toycoin_core::{BlockHash, ChainParams};

use crate::{
    limits,
    machine::{Monotonic, Now},
    protocol::{
        ClockCause, ClockSuspect, ClockWarning, Event, clock_readings::Lead, clock_warning::ClockKind, net::Net,
    },
};

/// The evidence from others about our clock.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    /// Readings from the last accepted blocks, by hash.
    blocks: VecDeque<(BlockHash, Lead)>,
    /// Timestamp of a header in the future, whose descendants are not followed.
    cut_at: Option<u64>,
    warned: BTreeMap<ClockKind, Monotonic>,
    checked: Option<Monotonic>,
    check_at: Option<Monotonic>,
    /// The peers' clocks at the last comparison with them, and when it was.
    of_peers: Option<(PeerClocks, Monotonic)>,
}

/// The clocks of all peers that are not muted, of which the median counts.
#[derive(Debug, Clone, Copy)]
struct PeerClocks {
    count: usize,
    /// The two middle readings, the lower one first; they are one if the count is odd.
    middle: Option<(Lead, Lead)>,
}

impl ClockWatch {
    /// Returns when clocks must be compared again, if there is new evidence.
    pub(super) const fn next_timeout(&self) -> Option<Monotonic> {
        self.check_at
    }

    /// Records new evidence. The comparison follows at once, or a second after the last one.
    pub(super) fn note_news(&mut self, now: Monotonic) {
        let earliest = self.checked.map_or(now, |checked| now.max(checked + limits::CLOCK_CHECK_INTERVAL));
        self.check_at.get_or_insert(earliest);
    }

    /// Records the timestamp of an accepted block from a peer. Deferred blocks are evidence of their own.
    pub(super) fn note_block(&mut self, hash: BlockHash, time: u64, now: Now) {
        if self.blocks.iter().any(|(known, _)| *known == hash) {
            return;
        }
        self.blocks.push_back((hash, Lead::new(time, now)));
        if self.blocks.len() > limits::CLOCK_BLOCKS {
            self.blocks.pop_front();
        }
        self.note_news(now.monotonic);
    }

    /// Records a peer's header that is valid but for a timestamp in the future.
    pub(super) fn note_cut(&mut self, time: u64, now: Now) {
        self.cut_at = Some(self.cut_at.filter(|before| *before > now.unix_ms).map_or(time, |before| before.min(time)));
        self.note_news(now.monotonic);
    }

    /// Returns whether a warning of this kind is due, and records it.
    fn may_warn(&mut self, kind: ClockKind, now: Monotonic) -> bool {
        let said = self.warned.get(&kind);
        let may = said.is_none_or(|said| now.saturating_since(*said) >= limits::CLOCK_WARNING_INTERVAL);
        if may {
            self.warned.insert(kind, now);
        }
        may
    }
}

impl ClockWatch {
    /// Compares clocks if there is new evidence, and emits the warnings that are due. `first_deferred` is the timestamp
    /// of the first deferred block, and whether the block is our own.
    pub(super) fn handle_timeout(&mut self, net: &mut Net, params: &ChainParams, first_deferred: Option<(u64, bool)>) {
        let now = net.now.monotonic;
        if self.check_at.is_none_or(|at| at > now) {
            return;
        }
        (self.check_at, self.checked) = (None, Some(now));
        let peers = self.fresh_peers(now).unwrap_or_else(|| {
            let peers = PeerClocks::of(net);
            self.of_peers = Some((peers, now));
            peers
        });
        for warning in self.warnings_beside(&peers, net, params, first_deferred) {
            if self.may_warn(warning.kind(), now) {
                net.emit(Event::ClockOff(warning));
            }
        }
    }

    /// Returns the peers' clocks as they were last compared, unless that was too long ago for their number.
    fn fresh_peers(&self, now: Monotonic) -> Option<PeerClocks> {
        let (peers, at) = self.of_peers?;
        let lasts = limits::CLOCK_CHECK_PER_PEER * u32::try_from(peers.count).unwrap_or(u32::MAX);
        (now.saturating_since(at) < lasts).then_some(peers)
    }

    /// Returns the present clock warnings, the most urgent first.
    pub(super) fn warnings(
        &self,
        net: &Net,
        params: &ChainParams,
        first_deferred: Option<(u64, bool)>,
    ) -> Vec<ClockWarning> {
        self.warnings_beside(&PeerClocks::of(net), net, params, first_deferred)
    }

    fn warnings_beside(
        &self,
        peers: &PeerClocks,
        net: &Net,
        params: &ChainParams,
        first_deferred: Option<(u64, bool)>,
    ) -> Vec<ClockWarning> {
        let (now, max_future_ms) = (net.now, params.spec().max_future_ms);
        let bears = tolerance_ms(params);
        let of_peers = peers.median_ms(now);
        let mut blocks: Vec<_> = self.blocks.iter().map(|(_, lead)| *lead).collect();
        let of_blocks = middle(&mut blocks).map(|middle| median_ms(middle, now)).filter(|offset| *offset > bears);
        // whose clock is suspected of the timestamps in the future
        let suspect = match of_peers {
            None => ClockSuspect::Either,
            Some(offset) if offset > bears => ClockSuspect::ThisClock,
            Some(_) => ClockSuspect::Miner,
        };
        let warning = |offset_ms, cause, suspect| ClockWarning { offset_ms, max_future_ms, cause, suspect };
        let deferred =
            self.first_deferral(first_deferred, now.unix_ms.saturating_add(max_future_ms)).map(|(time, own)| {
                let offset_ms = Lead::new(time, now).offset_ms(now);
                let wait_ms = offset_ms.unsigned_abs().saturating_sub(max_future_ms);
                match own {
                    true => warning(offset_ms, ClockCause::OwnDeferred { wait_ms }, ClockSuspect::ThisClock),
                    false => warning(offset_ms, ClockCause::Deferred { wait_ms }, suspect),
                }
            });
        let differing = of_peers.filter(|offset| offset.unsigned_abs() > bears.unsigned_abs()).map(|offset_ms| {
            let count = peers.count;
            let suspect = if count > 1 { ClockSuspect::ThisClock } else { ClockSuspect::Either };
            warning(offset_ms, ClockCause::Peers { count }, suspect)
        });
        let ahead = of_blocks.map(|offset| warning(offset, ClockCause::Blocks { count: blocks.len() }, suspect));
        [deferred, differing, ahead].into_iter().flatten().collect()
    }

    /// Returns the timestamp of the first deferred block or header after `latest`, and whether the block is our own.
    fn first_deferral(&self, first_deferred: Option<(u64, bool)>, latest: u64) -> Option<(u64, bool)> {
        let cut = self.cut_at.map(|time| (time, false));
        [first_deferred, cut].into_iter().flatten().filter(|(time, _)| *time > latest).min()
    }
}

/// Returns the clock difference, in milliseconds, above which a warning is due. It is half of the allowed time in
/// the future, or one block spacing if that is less, and never below the delivery time. A network without a
/// spacing, such as regtest, uses half of the allowed time.
fn tolerance_ms(params: &ChainParams) -> i64 {
    let spec = params.spec();
    let spacing = spec.retargeting.as_ref().map_or(u64::MAX, |retargeting| retargeting.spacing_ms);
    let bears = (spec.max_future_ms / 2).min(spacing).max(limits::MIN_CLOCK_TOLERANCE);
    i64::try_from(bears).unwrap_or(i64::MAX)
}

impl PeerClocks {
    fn of(net: &Net) -> Self {
        let present = net.peers.iter().filter(|(_, peer)| !peer.is_muted(net.now.monotonic));
        let mut leads: Vec<_> = present.filter_map(|(_, peer)| peer.clock.quickest()).collect();
        Self { count: leads.len(), middle: middle(&mut leads) }
    }

    /// Returns by how many milliseconds the peers' clocks are ahead of ours as it is now.
    fn median_ms(&self, now: Now) -> Option<i64> {
        self.middle.map(|middle| median_ms(middle, now))
    }
}

/// Returns the two middle readings, the lower one first; `None` if there are none.
fn middle(leads: &mut [Lead]) -> Option<(Lead, Lead)> {
    let half = leads.len().checked_sub(1)? / 2;
    let is_even = leads.len().is_multiple_of(2);
    let (_, lower, above) = leads.select_nth_unstable(half);
    let upper = if is_even { above.iter().min() } else { None };
    Some((*lower, *upper.unwrap_or(lower)))
}

/// Returns the median of readings with this middle, in milliseconds. Of two middle values the one nearer to zero
/// counts, and zero if they have opposite signs.
fn median_ms((lower, upper): (Lead, Lead), now: Now) -> i64 {
    let (lower, upper) = (lower.offset_ms(now), upper.offset_ms(now));
    if lower > 0 { lower } else { upper.min(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Now = Now { monotonic: Monotonic::ORIGIN, unix_ms: 1_000_000_000_000 };

    /// Returns the median of clocks that are ahead of ours by these times in milliseconds.
    fn of(offsets: &[i64]) -> Option<i64> {
        let said = offsets.iter().map(|offset| NOW.unix_ms.saturating_add_signed(*offset));
        let mut leads: Vec<_> = said.map(|said| Lead::new(said, NOW)).collect();
        middle(&mut leads).map(|middle| median_ms(middle, NOW))
    }

    #[test]
    fn the_median_of_two_is_the_nearer_one() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[-7]), Some(-7));
        assert_eq!(of(&[0, i64::MAX]), Some(0), "a liar beside an honest peer");
        assert_eq!(of(&[i64::MIN, i64::MAX]), Some(0));
        assert_eq!(of(&[500, 400]), Some(400));
        assert_eq!(of(&[-500, -400]), Some(-400));
        assert_eq!(of(&[-500, 3, 9]), Some(3));
        assert_eq!(of(&[9, -500, 3, 1]), Some(1));
        assert_eq!(of(&[1, 2, i64::MAX, i64::MAX]), Some(2));
    }

    #[test]
    fn comparing_many_peers_lasts_longer_than_comparing_few() {
        let mut watch = ClockWatch::default();
        let seconds = |count| NOW.monotonic + std::time::Duration::from_secs(count);
        for (count, lasts) in [(0, 0), (50, 1), (4_000, 80)] {
            watch.of_peers = Some((PeerClocks { count, middle: None }, NOW.monotonic));
            assert!(watch.fresh_peers(seconds(lasts)).is_none(), "{count}");
            assert!(lasts == 0 || watch.fresh_peers(seconds(lasts - 1)).is_some(), "{count}");
        }
    }
}
