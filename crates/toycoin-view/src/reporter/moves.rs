//! Moves of a tip that are under way: which blocks have left and entered the chain so far.

use toycoin_core::{BlockHash, chain::Tip};

use crate::{event::TipMove, limits::LISTED_BLOCKS};

/// The blocks of a move whose end has not been told.
#[derive(Debug, Default)]
pub(super) struct Move {
    /// From the old tip downward; the first ones alone, since they are the highest.
    left: Vec<BlockHash>,
    left_count: u64,
    /// Upward; the last ones alone.
    joined: Vec<BlockHash>,
    joined_count: u64,
    own: Option<BlockHash>,
}

impl Move {
    pub(super) fn left(&mut self, hash: BlockHash) {
        self.left_count += 1;
        if self.left.len() < LISTED_BLOCKS {
            self.left.push(hash);
        }
    }

    pub(super) fn joined(&mut self, hash: BlockHash, own: bool) {
        self.joined_count += 1;
        if self.joined.len() == LISTED_BLOCKS {
            self.joined.remove(0);
        }
        self.joined.push(hash);
        self.own = own.then_some(hash);
    }

    /// Returns the fact about the whole move.
    pub(super) fn end(self, node: usize, tip: &Tip) -> TipMove {
        let text = |hashes: &[BlockHash]| hashes.iter().map(ToString::to_string).collect();
        let count = |all: u64, listed: &[BlockHash]| (all > listed.len() as u64).then_some(all);
        TipMove {
            node,
            hash: tip.hash.to_string(),
            height: tip.height,
            left: text(&self.left),
            left_count: count(self.left_count, &self.left),
            joined: text(&self.joined),
            joined_count: count(self.joined_count, &self.joined),
            own: self.own == Some(tip.hash),
        }
    }
}
