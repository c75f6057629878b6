//! Whether this machine's clock agrees with what others say of the time.
//!
//! Blocks of a fast clock wait at everybody else's, and a slow clock lets everybody else's blocks wait. Neither is an error
//! of any message, so it is found by comparing:
//!
//! - the median of the times in the peers' statuses, from the first peer on. A status may have been on its way for long,
//!   so the one of a peer's last few that came quickest counts. Absurd times count as a year, and of two middle ones the
//!   nearer counts: one liar beside one honest peer decides nothing;
//! - the median time of the last blocks that were taken in. These count only when they are ahead: a block that comes late proves nothing;
//! - blocks and headers that wait for their time.

use std::collections::{BTreeMap, VecDeque};

use toycoin_core::{BlockHash, store::ChainStore};

use crate::{
    limits,
    machine::{Monotonic, Now},
    protocol::{ClockCause, ClockSuspect, ClockWarning, Event, NodeMachine, clock_warning::ClockKind},
};

/// A time that somebody said, less the monotonic time when it came: the difference to ours follows, also after our clock
/// was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Lead(i128);

impl Lead {
    fn new(said_ms: u64, now: Now) -> Self {
        Self(i128::from(said_ms) - monotonic_ms(now))
    }

    /// Returns by how many milliseconds the other clock is ahead of ours, at most a year either way.
    fn offset_ms(self, now: Now) -> i64 {
        let most = i128::from(limits::CLOCK_OFFSET_MOST);
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
    /// Notes the time that a status says.
    pub(super) fn note(&mut self, said_ms: u64, now: Now) {
        self.0.push_back(Lead::new(said_ms, now));
        if self.0.len() > limits::CLOCK_READINGS {
            self.0.pop_front();
        }
    }

    /// Returns by how much the peer's clock is ahead, by the status that was on its way for the shortest time.
    fn offset_ms(&self, now: Now) -> Option<i64> {
        self.0.iter().max().map(|lead| lead.offset_ms(now))
    }
}

/// What the times of others say of our clock.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    /// Of the last blocks that came, by hash.
    blocks: VecDeque<(BlockHash, Lead)>,
    /// The time of a header that is ahead of its time, and behind which nothing is followed.
    cut_at: Option<u64>,
    warned: BTreeMap<ClockKind, Monotonic>,
    checked: Option<Monotonic>,
    check_at: Option<Monotonic>,
}

impl ClockWatch {
    /// Returns when clocks are to be compared again, if there is news.
    pub(super) const fn next_timeout(&self) -> Option<Monotonic> {
        self.check_at
    }

    /// Notes that there is something to compare: at once, or a second after it was done last.
    pub(super) fn note_news(&mut self, now: Monotonic) {
        let earliest = self.checked.map_or(now, |checked| now.max(checked + limits::CLOCK_CHECK_INTERVAL));
        self.check_at.get_or_insert(earliest);
    }

    /// Notes the time of a block of a peer's that was taken in; one that waits for its time speaks for itself.
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

    /// Notes a header of a peer's that is right but for its time.
    pub(super) fn note_cut(&mut self, time: u64, now: Now) {
        self.cut_at = Some(self.cut_at.filter(|before| *before > now.unix_ms).map_or(time, |before| before.min(time)));
        self.note_news(now.monotonic);
    }

    /// Returns whether a warning of this kind may be said now, and takes note that it was.
    fn may_warn(&mut self, kind: ClockKind, now: Monotonic) -> bool {
        let said = self.warned.get(&kind);
        let may = said.is_none_or(|said| now.saturating_since(*said) >= limits::CLOCK_WARNING_INTERVAL);
        if may {
            self.warned.insert(kind, now);
        }
        may
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Compares clocks if there is news, and warns of each kind of difference now and then.
    pub(super) fn watch_clocks(&mut self) {
        let now = self.net.now.monotonic;
        if self.clock.check_at.is_none_or(|at| at > now) {
            return;
        }
        (self.clock.check_at, self.clock.checked) = (None, Some(now));
        for warning in self.clock_warnings() {
            if self.clock.may_warn(warning.kind(), now) {
                self.net.emit(Event::ClockOff(warning));
            }
        }
    }

    /// Returns what seems wrong with clocks at the moment, the most pressing first.
    pub(super) fn clock_warnings(&self) -> Vec<ClockWarning> {
        let (now, max_future_ms) = (self.net.now, self.chain.params().spec().max_future_ms);
        let bears = self.clock_tolerance_ms();
        let mut peers: Vec<_> = self
            .net
            .peers
            .iter()
            .filter(|(_, peer)| !peer.is_muted(now.monotonic))
            .filter_map(|(_, peer)| peer.clock.offset_ms(now))
            .collect();
        let of_peers = median(&mut peers);
        let mut blocks: Vec<_> = self.clock.blocks.iter().map(|(_, lead)| lead.offset_ms(now)).collect();
        let of_blocks = median(&mut blocks).filter(|offset| *offset > bears);
        // of what is dated ahead of this clock
        let suspect = match of_peers {
            None => ClockSuspect::Either,
            Some(offset) if offset > bears => ClockSuspect::ThisClock,
            Some(_) => ClockSuspect::Miner,
        };
        let warning = |offset_ms, cause, suspect| ClockWarning { offset_ms, max_future_ms, cause, suspect };
        let deferred = self.first_deferral().map(|(time, own)| {
            let offset_ms = Lead::new(time, now).offset_ms(now);
            let wait_ms = offset_ms.unsigned_abs().saturating_sub(max_future_ms);
            match own {
                true => warning(offset_ms, ClockCause::OwnDeferred { wait_ms }, ClockSuspect::ThisClock),
                false => warning(offset_ms, ClockCause::Deferred { wait_ms }, suspect),
            }
        });
        let differing = of_peers.filter(|offset| offset.unsigned_abs() > bears.unsigned_abs()).map(|offset_ms| {
            let count = peers.len();
            let suspect = if count > 1 { ClockSuspect::ThisClock } else { ClockSuspect::Either };
            warning(offset_ms, ClockCause::Peers { count }, suspect)
        });
        let ahead = of_blocks.map(|offset| warning(offset, ClockCause::Blocks { count: blocks.len() }, suspect));
        [deferred, differing, ahead].into_iter().flatten().collect()
    }

    /// Returns the time of the first block or header that waits for it, and whether the block is our own.
    fn first_deferral(&self) -> Option<(u64, bool)> {
        let latest = self.net.now.unix_ms.saturating_add(self.chain.params().spec().max_future_ms);
        let cut = self.clock.cut_at.map(|time| (time, false));
        [self.waiting.first_deferred(), cut].into_iter().flatten().filter(|(time, _)| *time > latest).min()
    }

    /// Returns how many milliseconds clocks may differ before anybody is warned: half of the drift, or a block's spacing if
    /// that is less, and never less than delivery may take. A network without a spacing, as regtest, has half of the drift.
    fn clock_tolerance_ms(&self) -> i64 {
        let spec = self.chain.params().spec();
        let spacing = spec.retargeting.as_ref().map_or(u64::MAX, |retargeting| retargeting.spacing_ms);
        let bears = (spec.max_future_ms / 2).min(spacing).max(limits::CLOCK_TOLERANCE_LEAST);
        i64::try_from(bears).unwrap_or(i64::MAX)
    }
}

/// Returns the median; of two middle ones the nearer to zero, and zero if they have opposite signs.
fn median(offsets: &mut [i64]) -> Option<i64> {
    offsets.sort_unstable();
    let upper = *offsets.get(offsets.len() / 2)?;
    let lower = *offsets.get((offsets.len() - 1) / 2)?;
    Some(if lower > 0 { lower } else { upper.min(0) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_median_of_two_is_the_nearer_one() {
        let of = |offsets: &[i64]| median(&mut offsets.to_vec());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[-7]), Some(-7));
        assert_eq!(of(&[0, i64::MAX]), Some(0), "a liar beside an honest peer");
        assert_eq!(of(&[i64::MIN, i64::MAX]), Some(0));
        assert_eq!(of(&[500, 400]), Some(400));
        assert_eq!(of(&[-500, -400]), Some(-400));
        assert_eq!(of(&[-500, 3, 9]), Some(3));
        assert_eq!(of(&[1, 2, i64::MAX, i64::MAX]), Some(2));
    }

    #[test]
    fn the_quickest_of_a_peers_last_statuses_counts() {
        let now = |seconds| Now { monotonic: Monotonic::new(Duration::from_secs(seconds)), unix_ms: 1_000_000 };
        let mut readings = ClockReadings::default();
        for (seconds, said) in [(0, 1_000_000), (10, 1_008_000), (20, 1_005_000)] {
            let moment = Now { unix_ms: 1_000_000 + seconds * 1_000, ..now(seconds) };
            readings.note(said, moment);
            assert_eq!(readings.offset_ms(moment), Some(0), "the first came at once");
        }
        let set_back = Now { unix_ms: 1_010_000, ..now(20) };
        assert_eq!(readings.offset_ms(set_back), Some(10_000), "what was read before counts by the clock as it is now");
        for said in [u64::MAX; limits::CLOCK_READINGS] {
            readings.note(said, set_back);
        }
        assert_eq!(readings.offset_ms(set_back), Some(limits::CLOCK_OFFSET_MOST), "an absurd time counts as a year");
        assert_eq!(readings.0.len(), limits::CLOCK_READINGS);
    }
}
