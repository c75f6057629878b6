//! Stretches of nonces, and how workers share them.

/// Nonces from `start` up to but not including `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonceRange {
    /// The first nonce.
    pub start: u64,
    /// Behind the last nonce.
    pub end: u64,
}

impl NonceRange {
    /// Returns `start..end`; empty when `end` is not above `start`. The nonce `u64::MAX` is in no range.
    pub const fn new(start: u64, end: u64) -> Self {
        Self { start, end }
    }

    /// Returns chunk number `index` of all nonces cut into chunks of `length`, `None` behind the last.
    ///
    /// Workers that count `index` together never search a nonce twice.
    pub fn chunk(index: u64, length: u64) -> Option<Self> {
        let start = index.checked_mul(length)?;
        (start < u64::MAX).then(|| Self::new(start, start.saturating_add(length)))
    }

    /// Returns how many nonces there are.
    pub const fn len(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Returns whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn miners_of_one_node_never_search_the_same_nonces() {
        let chunks: Vec<_> = (0..100).map(|index| NonceRange::chunk(index, 16_384).unwrap()).collect();
        for pair in chunks.windows(2) {
            assert_eq!(pair[0].end, pair[1].start);
        }
        assert_eq!(NonceRange::chunk(u64::MAX, 2), None);
        assert_eq!(NonceRange::chunk(3, 1 << 62).map(|range| range.end), Some(u64::MAX));
        assert_eq!(NonceRange::chunk(4, 1 << 62), None);
    }
}
