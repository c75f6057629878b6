//! Filters that one server gave, in short, until a second one gives the same.

use std::collections::VecDeque;

use toycoin_core::filter::BlockFilter;

use super::{
    dispute::{Digest, digest},
    io::Server,
};

/// The digests of neighbouring blocks' filters, with who gave them. A height takes 16 bytes.
#[derive(Debug, Default)]
pub(super) struct HeardFilters {
    digests: VecDeque<Digest>,
    /// How many heights one after the other each server gave.
    runs: VecDeque<(Server, usize)>,
}

impl HeardFilters {
    /// Adds filters of the next heights.
    pub(super) fn extend(&mut self, source: Server, filters: &[BlockFilter]) {
        // a run of none would name a source for what another one gave
        if filters.is_empty() {
            return;
        }
        self.digests.extend(filters.iter().map(digest));
        match self.runs.back_mut().filter(|(last, _)| *last == source) {
            Some((_, count)) => *count += filters.len(),
            None => self.runs.push_back((source, filters.len())),
        }
    }

    /// Returns who gave the lowest filter, and its digest.
    pub(super) fn first(&self) -> Option<(Server, Digest)> {
        Some((self.runs.front()?.0, *self.digests.front()?))
    }

    /// Drops the lowest filter.
    pub(super) fn pop(&mut self) {
        self.digests.pop_front();
        if let Some((_, count)) = self.runs.front_mut() {
            *count -= 1;
        }
        self.runs.pop_front_if(|(_, count)| *count == 0);
    }

    /// Keeps the lowest filters alone.
    pub(super) fn truncate(&mut self, keep: usize) {
        self.digests.truncate(keep);
        let mut left = keep;
        self.runs.retain_mut(|(_, count)| {
            *count = left.min(*count);
            left -= *count;
            *count > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::BlockHash;
    use toycoin_wire::NodeId;

    use super::*;

    fn server(name: u8) -> Server {
        Server { connection: 1, peer: NodeId::new([name; 16]) }
    }

    fn filters(count: u8) -> Vec<BlockFilter> {
        (0..count).map(|i| BlockFilter { block: BlockHash::from_bytes([i; 32]), count: 0, bytes: vec![] }).collect()
    }

    #[test]
    fn a_filter_keeps_its_source_until_it_is_dropped() {
        let mut heard = HeardFilters::default();
        heard.extend(server(3), &filters(0));
        heard.extend(server(1), &filters(3));
        heard.extend(server(2), &filters(4));
        assert_eq!(heard.first().unwrap().0, server(1));
        (0..3).for_each(|_| heard.pop());
        assert_eq!(heard.first(), Some((server(2), digest(&filters(1)[0]))));
        heard.truncate(1);
        heard.pop();
        assert_eq!(heard.first(), None);
        assert!(heard.runs.is_empty());
    }
}
