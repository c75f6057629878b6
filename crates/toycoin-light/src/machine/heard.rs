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
    /// Neighbouring heights of one server, one after the other.
    runs: VecDeque<Run>,
}

/// Neighbouring heights whose filters one server gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    server: Server,
    count: usize,
    /// Whether a second server gave the same.
    is_agreed: bool,
}

impl HeardFilters {
    /// Adds filters of the next heights.
    pub(super) fn extend(&mut self, server: Server, filters: &[BlockFilter]) {
        self.digests.extend(filters.iter().map(digest));
        self.push(Run { server, count: filters.len(), is_agreed: false });
    }

    /// Adds a run behind the others.
    fn push(&mut self, run: Run) {
        match self.runs.back_mut().filter(|last| (last.server, last.is_agreed) == (run.server, run.is_agreed)) {
            Some(last) => last.count += run.count,
            // a run of none would name a source for what another one gave
            None if run.count == 0 => {}
            None => self.runs.push_back(run),
        }
    }

    /// Returns the place of the lowest filter that a server could confirm: no second one did, and it did not give it
    /// itself. The lowest of all has place 0.
    pub(super) fn lowest_for(&self, server: &Server) -> Option<usize> {
        let mut place = 0;
        for run in &self.runs {
            if !run.is_agreed && run.server != *server {
                return Some(place);
            }
            place += run.count;
        }
        None
    }

    /// Returns who gave the filter at a place, and its digest, unless a second one gave the same.
    pub(super) fn open_at(&self, place: usize) -> Option<(Server, Digest)> {
        let mut end = 0;
        let run = self.runs.iter().find(|run| {
            end += run.count;
            place < end
        });
        Some((run.filter(|run| !run.is_agreed)?.server, *self.digests.get(place)?))
    }

    /// Notes that a second server gave the same filters from a place on, so many.
    pub(super) fn agree(&mut self, place: usize, count: usize) {
        let mut first = 0;
        for run in std::mem::take(&mut self.runs) {
            let last = first + run.count;
            // what lies before, within and behind
            let [from, to] = [place, place + count].map(|at| at.clamp(first, last));
            self.push(Run { count: from - first, ..run });
            self.push(Run { count: to - from, is_agreed: true, ..run });
            self.push(Run { count: last - to, ..run });
            first = last;
        }
    }

    /// Drops the lowest filters that two servers gave, and returns how many these are.
    pub(super) fn pop_agreed(&mut self) -> usize {
        let mut count = 0;
        while let Some(run) = self.runs.pop_front_if(|run| run.is_agreed) {
            count += run.count;
        }
        self.digests.drain(..count);
        count
    }

    /// Keeps the lowest filters alone.
    pub(super) fn truncate(&mut self, keep: usize) {
        self.digests.truncate(keep);
        let mut left = keep;
        self.runs.retain_mut(|run| {
            run.count = left.min(run.count);
            left -= run.count;
            run.count > 0
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
    fn a_filter_keeps_its_source_until_a_second_one_agrees() {
        let mut heard = HeardFilters::default();
        heard.extend(server(3), &filters(0));
        heard.extend(server(1), &filters(3));
        heard.extend(server(2), &filters(4));
        assert_eq!(heard.open_at(0).unwrap().0, server(1));
        assert_eq!([1, 2, 3].map(|of| heard.lowest_for(&server(of))), [Some(3), Some(0), Some(0)]);
        heard.agree(0, 3);
        assert_eq!((heard.open_at(2), heard.pop_agreed()), (None, 3));
        assert_eq!(heard.open_at(0), Some((server(2), digest(&filters(1)[0]))));
        heard.truncate(1);
        heard.agree(0, 1);
        assert_eq!((heard.pop_agreed(), heard.open_at(0)), (1, None));
        assert!(heard.runs.is_empty() && heard.digests.is_empty());
    }

    #[test]
    fn filters_in_the_midst_may_be_agreed_on_first() {
        let mut heard = HeardFilters::default();
        heard.extend(server(1), &filters(3));
        heard.extend(server(2), &filters(4));
        heard.agree(4, 2);
        assert_eq!((heard.pop_agreed(), heard.lowest_for(&server(1))), (0, Some(3)));
        assert_eq!([3, 4, 5, 6].map(|place| heard.open_at(place).is_some()), [true, false, false, true]);
        heard.agree(0, 4);
        assert_eq!((heard.pop_agreed(), heard.lowest_for(&server(1))), (6, Some(0)));
        assert_eq!(heard.open_at(0), Some((server(2), digest(&filters(4)[3]))));
    }
}
