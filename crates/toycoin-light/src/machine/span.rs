//! A span: neighbouring blocks whose filters are asked of one server.

use std::collections::BTreeMap;

use toycoin_core::{
    BlockHash,
    filter::{BlockFilter, FilterItem},
};

use super::io::Server;

/// Neighbouring blocks whose filters are asked of one server.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) server: Option<Server>,
    /// Its filters, once they are here.
    pub(super) filters: Vec<BlockFilter>,
    pub(super) is_matched: bool,
    /// The blocks that match and are not searched yet, by height.
    pub(super) hits: BTreeMap<u64, BlockHash>,
}

impl Span {
    pub(super) const fn new(first: u64, last: u64) -> Self {
        Self { first, last, server: None, filters: Vec::new(), is_matched: false, hits: BTreeMap::new() }
    }

    /// Returns the filters above one height and up to another.
    pub(super) fn between(&self, above: u64, to: u64) -> &[BlockFilter] {
        let place = |height: u64| usize::try_from((height + 1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.filters.get(place(above)..place(to)).unwrap_or_default()
    }

    /// Drops what lies above a height. Returns whether something is left.
    pub(super) fn cut(&mut self, height: u64) -> bool {
        self.last = self.last.min(height);
        let left = usize::try_from((self.last + 1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.filters.truncate(left);
        self.hits.retain(|at, _| *at <= height);
        left > 0
    }

    /// Forgets its filters and their source. It begins above the height that is searched already.
    pub(super) fn forget(&mut self, searched: u64) {
        let first = self.first.max(searched + 1);
        *self = Self::new(first, self.last);
    }

    /// Searches the filters from a height on, and wants each block that matches and was not wanted before.
    pub(super) fn find(
        &mut self,
        from: u64,
        items: &[FilterItem],
        mut want: impl FnMut(u64, BlockHash),
    ) -> Result<(), String> {
        for (height, filter) in (self.first..).zip(&self.filters).filter(|(height, _)| *height >= from) {
            match filter.matches(items) {
                Ok(true) => {
                    self.hits.insert(height, filter.block);
                    want(height, filter.block);
                }
                Ok(false) => {}
                Err(error) => return Err(format!("its filter of block {height} is malformed: {error}")),
            }
        }
        Ok(())
    }
}
