//! Ranges of nonces, and their division among workers.

use std::fmt;

/// A range of consecutive nonces, ascending: from none to all 2^64.
///
/// [`new`](Self::new) excludes its end, as `start..end` does, and so cannot reach `u64::MAX`.
/// [`inclusive`](Self::inclusive) can, as `first..=last` does.
///
/// ```
/// use toycoin_pow::NonceRange;
///
/// assert_eq!(NonceRange::new(3, 6), NonceRange::inclusive(3, 5));
/// assert_eq!(NonceRange::inclusive(10, u64::MAX).last(), Some(u64::MAX));
/// assert_eq!(NonceRange::ALL.len(), 1 << 64);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NonceRange {
    start: u64,
    /// The exclusive end, which needs more than 64 bits: at least `start`, at most 2^64.
    end: u128,
}

impl NonceRange {
    /// All 2^64 nonces.
    pub const ALL: Self = Self::inclusive(0, u64::MAX);

    /// Returns the nonces from `start` up to but not including `end`. The range is empty unless `end` is above `start`.
    pub const fn new(start: u64, end: u64) -> Self {
        Self { start, end: if end > start { end as u128 } else { start as u128 } }
    }

    /// Returns the nonces from `first` to `last`, both included. The range is empty if `last` is below `first`.
    pub const fn inclusive(first: u64, last: u64) -> Self {
        Self { start: first, end: if last >= first { last as u128 + 1 } else { first as u128 } }
    }

    /// Returns chunk `index` of all nonces, cut into chunks of `length`, or `None` after the last chunk.
    ///
    /// Workers that share a counter for `index` never search a nonce twice. The last chunk ends with `u64::MAX`. A
    /// search cannot be interrupted, so a miner checks between chunks whether it should stop.
    pub fn chunk(index: u64, length: u64) -> Option<Self> {
        let start = index.checked_mul(length)?;
        Some(Self::from(start).take_front(length))
    }

    /// Returns the lowest nonce, `None` if the range is empty.
    pub fn first(self) -> Option<u64> {
        (!self.is_empty()).then_some(self.start)
    }

    /// Returns the highest nonce, `None` if the range is empty.
    pub fn last(self) -> Option<u64> {
        (!self.is_empty()).then(|| narrow(self.end - 1))
    }

    /// Returns the number of nonces, up to 2^64.
    pub const fn len(self) -> u128 {
        self.end - self.start as u128
    }

    /// Returns whether the range is empty.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Removes and returns the lowest `count` nonces, or all of them if there are fewer.
    #[must_use]
    pub fn take_front(&mut self, count: u64) -> Self {
        let middle = self.end.min(u128::from(self.start) + u128::from(count));
        let front = Self { start: self.start, end: middle };
        // an emptied range that ended at 2^64 has no start that fits a nonce
        *self = if middle == self.end { Self::new(0, 0) } else { Self { start: narrow(middle), end: self.end } };
        front
    }

    /// Returns the nonces from `first` on.
    const fn from(first: u64) -> Self {
        Self::inclusive(first, u64::MAX)
    }
}

impl fmt::Debug for NonceRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NonceRange({}..{})", self.start, self.end)
    }
}

fn narrow(nonce: u128) -> u64 {
    u64::try_from(nonce).expect("no range holds a nonce of more than 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_exclusive_or_inclusive_as_it_was_told() {
        assert_eq!(NonceRange::new(3, 6).first(), Some(3));
        assert_eq!(NonceRange::new(3, 6).last(), Some(5));
        assert_eq!(NonceRange::inclusive(u64::MAX, u64::MAX).len(), 1);
        assert_eq!(NonceRange::new(5, u64::MAX).last(), Some(u64::MAX - 1));
        for empty in [NonceRange::new(7, 7), NonceRange::new(7, 2), NonceRange::inclusive(7, 6)] {
            assert_eq!((empty.first(), empty.last(), empty.len()), (None, None, 0));
        }
    }

    /// The original started every miner at nonce 0 of one header, so a second miner added nothing.
    #[test]
    fn miners_of_one_node_never_search_the_same_nonces() {
        let chunks: Vec<_> = (0..100).map(|index| NonceRange::chunk(index, 16_384).unwrap()).collect();
        for pair in chunks.windows(2) {
            assert_eq!(pair[0].last().unwrap() + 1, pair[1].first().unwrap(), "no gap and no overlap");
        }
    }

    #[test]
    fn chunks_reach_the_last_nonce_and_end_there() {
        assert_eq!(NonceRange::chunk(u64::MAX, 2), None);
        assert_eq!(NonceRange::chunk(3, 1 << 62), Some(NonceRange::inclusive(3 << 62, u64::MAX)));
        assert_eq!(NonceRange::chunk(4, 1 << 62), None);
        let short = NonceRange::chunk(u64::MAX / 10, 10).unwrap();
        assert_eq!((short.last(), short.len()), (Some(u64::MAX), 6));
    }

    #[test]
    fn takes_as_much_as_is_left() {
        let mut range = NonceRange::inclusive(u64::MAX - 2, u64::MAX);
        assert!(range.take_front(0).is_empty());
        assert_eq!(range.take_front(1), NonceRange::new(u64::MAX - 2, u64::MAX - 1));
        assert_eq!(range.take_front(u64::MAX), NonceRange::inclusive(u64::MAX - 1, u64::MAX));
        assert!(range.is_empty() && range.take_front(1).is_empty());
    }
}
