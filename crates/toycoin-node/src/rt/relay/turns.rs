//! The bytes that each source has used of a round. A hundred connections from one address are not read a hundred times
//! as often as one connection from another.

use std::collections::BTreeMap;

use crate::{
    limits::{MIN_READ, SOURCE_BYTES_A_ROUND},
    relay::Source,
};

/// The bytes that were read in the present round, by source.
#[derive(Debug, Default)]
pub(super) struct Turns {
    taken: BTreeMap<u64, usize>,
}

impl Turns {
    /// Begins the next round.
    pub(super) fn begin(&mut self) {
        self.taken.clear();
    }

    /// Returns whether a source must wait for the next round.
    pub(super) fn is_over(&self, source: Source) -> bool {
        match source {
            // a source with one connection is read once per round anyway
            Source::Connection(_) => false,
            Source::Address(address) => self.taken.get(&address).is_some_and(|bytes| *bytes >= SOURCE_BYTES_A_ROUND),
        }
    }

    /// Counts one read of this many bytes.
    pub(super) fn took(&mut self, source: Source, bytes: usize) {
        if let Source::Address(address) = source {
            *self.taken.entry(address).or_default() += bytes.max(MIN_READ);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::ConnectionId;

    #[test]
    fn a_source_that_had_its_share_waits_for_the_next_round() {
        let mut turns = Turns::default();
        let (flooder, honest) = (Source::Address(1), Source::Address(2));
        for _ in 0..4 {
            assert!(!turns.is_over(flooder));
            turns.took(flooder, 256 << 10);
        }
        assert!(turns.is_over(flooder) && !turns.is_over(honest));
        turns.begin();
        assert!(!turns.is_over(flooder));
    }

    #[test]
    fn reads_of_a_few_bytes_count_for_their_cost() {
        let mut turns = Turns::default();
        (0..512).for_each(|_| turns.took(Source::Address(1), 1));
        assert!(turns.is_over(Source::Address(1)));
    }

    #[test]
    fn connections_that_stand_alone_do_not_wait() {
        let mut turns = Turns::default();
        let alone = Source::Connection(ConnectionId(1));
        turns.took(alone, 10 << 20);
        assert!(!turns.is_over(alone));
    }
}
