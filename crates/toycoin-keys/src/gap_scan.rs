//! The scan of a restored wallet: which places to look at, until 20 in a row are unused.

use crate::{
    limits::{GAP_LIMIT, MAX_HINTED_PLACES, MAX_INDEX},
    next_places::NextPlaces,
    place::{Branch, Place},
};

/// Lists the places whose owners to look for on the chain. Each place that is marked as used adds further ones.
///
/// It is an iterator that goes on after it has ended: when all places were given, mark those that were found, and take
/// the further ones. A payment to a further place may be in a block before the one that was looked at, so each place is
/// looked for in all blocks from the wallet's birthday.
///
/// ```
/// use toycoin_keys::{Branch, GapScan, Place};
///
/// // somebody used the places 0/3 and 0/23: there are 19 unused ones between them
/// let used = [3, 23].map(|index| Place::new(Branch::Receive, index).expect("a small index"));
/// let mut scan = GapScan::new();
/// let mut looked_at = 0;
/// while let Some(place) = scan.next() {
///     looked_at += 1;
///     if used.contains(&place) {
///         scan.mark_used(place);
///     }
/// }
/// assert_eq!(looked_at, (24 + 20) + 20, "both branches, and 20 unused places at the end of each");
/// assert_eq!(scan.next_places().receive, 24);
/// ```
#[derive(Debug, Clone)]
pub struct GapScan {
    gap_limit: u32,
    receive: Progress,
    change: Progress,
}

/// How far a branch was looked at. Indexes are counted up to 2^31, which a `u32` holds.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// The first index that was not given yet.
    given: u32,
    /// The index above the last used one.
    unused: u32,
    /// The index above the last one that was given to payers, as a file says.
    hinted: u32,
}

impl GapScan {
    /// Begins a scan with [`GAP_LIMIT`].
    pub fn new() -> Self {
        Self::with_gap_limit(GAP_LIMIT)
    }

    /// Begins a scan that ends after this many unused places per branch.
    pub fn with_gap_limit(gap_limit: u32) -> Self {
        Self { gap_limit, receive: Progress::default(), change: Progress::default() }
    }

    /// Counts the gap from the places that a file names as the next ones, too: addresses may have been given to payers
    /// who have not paid yet.
    ///
    /// A hint is not authenticated. It adds at most [`MAX_HINTED_PLACES`] above the last used place of a branch.
    #[must_use]
    pub fn with_hint(mut self, next: NextPlaces) -> Self {
        self.receive.hinted = next.receive;
        self.change.hinted = next.change;
        self
    }

    /// Notes that a place was used.
    pub fn mark_used(&mut self, place: Place) {
        let progress = self.progress(place.branch());
        progress.unused = progress.unused.max(place.index() + 1);
    }

    /// Returns the first place of each branch above all used ones.
    pub fn next_places(&self) -> NextPlaces {
        NextPlaces { receive: self.receive.unused.min(MAX_INDEX), change: self.change.unused.min(MAX_INDEX) }
    }

    const fn progress(&mut self, branch: Branch) -> &mut Progress {
        match branch {
            Branch::Receive => &mut self.receive,
            Branch::Change => &mut self.change,
        }
    }
}

impl Progress {
    /// Returns the index at which the scan of the branch ends.
    fn end(&self, gap_limit: u32) -> u32 {
        let hinted = self.hinted.saturating_add(gap_limit).min(self.unused.saturating_add(MAX_HINTED_PLACES));
        self.unused.saturating_add(gap_limit).max(hinted).min(MAX_INDEX + 1)
    }
}

impl Default for GapScan {
    fn default() -> Self {
        Self::new()
    }
}

impl Iterator for GapScan {
    type Item = Place;

    fn next(&mut self) -> Option<Place> {
        let gap_limit = self.gap_limit;
        Branch::ALL.into_iter().find_map(|branch| {
            let progress = self.progress(branch);
            if progress.given >= progress.end(gap_limit) {
                return None;
            }
            let place = Place::new(branch, progress.given)?;
            progress.given += 1;
            Some(place)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(index: u32) -> Place {
        Place::new(Branch::Receive, index).unwrap()
    }

    #[test]
    fn an_unused_wallet_ends_after_both_gaps() {
        let places: Vec<_> = GapScan::new().collect();
        assert_eq!(places.len(), 40);
        assert_eq!((places[0], places[19]), (receive(0), receive(19)));
        assert_eq!((places[20].to_string(), places[39].to_string()), ("1/0".into(), "1/19".into()));
    }

    #[test]
    fn a_use_behind_the_gap_is_not_found() {
        let mut scan = GapScan::new();
        while let Some(place) = scan.next() {
            if place == receive(20) {
                scan.mark_used(place);
            }
        }
        assert_eq!(scan.next_places(), NextPlaces::default());
    }

    #[test]
    fn a_mark_after_the_end_goes_on() {
        let mut scan = GapScan::with_gap_limit(2);
        assert_eq!(scan.by_ref().count(), 4);
        scan.mark_used(receive(1));
        let more: Vec<_> = scan.by_ref().collect();
        assert_eq!(more, [receive(2), receive(3)]);
        // a lower mark adds nothing
        scan.mark_used(receive(0));
        assert_eq!(scan.next(), None);
        assert_eq!(scan.next_places(), NextPlaces { receive: 2, change: 0 });
    }

    #[test]
    fn a_hint_widens_the_scan_within_its_bound() {
        let hint = |receive| NextPlaces { receive, change: 0 };
        assert_eq!(GapScan::new().with_hint(hint(30)).count(), 50 + 20);
        let wild = usize::try_from(MAX_HINTED_PLACES).unwrap();
        assert_eq!(GapScan::new().with_hint(hint(MAX_INDEX)).count(), wild + 20);
        assert_eq!(GapScan::new().with_hint(hint(30)).next_places(), NextPlaces::default());
    }

    #[test]
    fn the_last_places_end_a_scan() {
        let mut scan = GapScan::with_gap_limit(u32::MAX);
        scan.receive.given = MAX_INDEX;
        scan.mark_used(receive(MAX_INDEX));
        assert_eq!(scan.next(), Some(receive(MAX_INDEX)));
        assert_eq!(scan.next().map(Place::branch), Some(Branch::Change));
        assert_eq!(scan.next_places().receive, MAX_INDEX);
    }
}
