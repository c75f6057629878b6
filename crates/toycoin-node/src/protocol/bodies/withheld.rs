//! Branches whose lowest missing block nobody sends: other branches come before them.
//!
//! Otherwise a peer could stop every node: it would show headers and withhold the bodies, or send one now and then. What
//! counts is the time, not the number of peers that were asked, since new node ids that claim the branch cost nothing.

use std::collections::BTreeSet;

use toycoin_core::{BlockHash, chain::Chain, store::ChainStore};

use crate::{limits, machine::Monotonic, protocol::net::Net};

/// The lowest missing blocks of branches, and which of them nobody sends.
#[derive(Debug, Default)]
pub(super) struct Withheld {
    /// The lowest missing block on the branch of the best header, and since when it is that.
    lowest: Option<(BlockHash, Monotonic)>,
    /// Lowest missing blocks of branches that all peers were asked for without success, or that take too long.
    hashes: BTreeSet<BlockHash>,
    /// When the branch of the best header first began with one of these.
    best_since: Option<Monotonic>,
}

/// The missing blocks of a branch, the lowest first.
pub(super) type Missing = Vec<BlockHash>;

impl Withheld {
    /// Returns since when nobody sends the lowest missing block on the branch of the best header.
    pub(super) const fn best_since(&self) -> Option<Monotonic> {
        self.best_since
    }

    /// Returns whether no block is withheld, as far as is known.
    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty() && self.best_since.is_none()
    }

    /// Returns when the lowest missing block counts as withheld, unless it does already.
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        let (_, since) = self.lowest.filter(|(hash, _)| !self.hashes.contains(hash))?;
        Some(since + limits::WITHHELD_AFTER)
    }

    /// Notes the lowest missing block on the branch of the best header.
    pub(super) fn note_lowest(&mut self, lowest: Option<BlockHash>, now: Monotonic) {
        if self.lowest.map(|(hash, _)| hash) != lowest {
            self.lowest = lowest.map(|hash| (hash, now));
        }
        if let Some((hash, _)) = self.lowest
            && self.next_timeout().is_some_and(|due| due <= now)
        {
            self.hashes.insert(hash);
        }
    }

    /// Notes a lowest missing block that no peer is left to ask for. Returns whether that is new.
    pub(super) fn insert(&mut self, hash: BlockHash) -> bool {
        self.hashes.insert(hash)
    }

    /// Forgets a block that has arrived.
    pub(super) fn arrived(&mut self, hash: &BlockHash) {
        self.hashes.remove(hash);
    }

    /// Forgets the blocks that are no longer wanted.
    pub(super) fn retain(&mut self, is_wanted: impl Fn(&BlockHash) -> bool) {
        self.hashes.retain(is_wanted);
    }

    /// Updates the time since which the best header's branch stands still.
    pub(super) fn settle(&mut self, now: Monotonic) {
        let is_withheld = self.lowest.is_some_and(|(lowest, _)| self.hashes.contains(&lowest));
        self.best_since = is_withheld.then(|| self.best_since.unwrap_or(now));
    }

    /// Takes the branch that is requested next. Branches whose lowest block nobody sends come last.
    pub(super) fn next_branch(&self, branches: &mut Vec<Missing>) -> Option<Missing> {
        let place = branches.iter().position(|missing| !self.starts(missing)).unwrap_or(0);
        (place < branches.len()).then(|| branches.remove(place))
    }

    /// Adds other branches if nobody sends the first branch's lowest block. They have more work than the tip and belong
    /// to peers; the most work comes first. There is one for each lowest block, up to a bound.
    pub(super) fn add_others<S: ChainStore>(&self, branches: &mut Vec<Missing>, net: &Net, chain: &Chain<S>) {
        if !branches.first().is_some_and(|best| self.starts(best)) {
            return;
        }
        let (tree, tip, now) = (chain.headers(), chain.tip().work, net.now.monotonic);
        let peers = net.peers.iter().filter(|(_, peer)| !peer.is_muted(now));
        let ends = peers.flat_map(|(_, peer)| peer.ends()).filter_map(|end| tree.get(&end));
        let ends: BTreeSet<_> = ends.map(|end| (end.work, end.hash)).filter(|(work, _)| *work > tip).collect();
        for (_, end) in ends.into_iter().rev() {
            if branches.len() > limits::BRANCHES {
                return;
            }
            let missing = chain.missing_blocks_towards(&end, limits::BODY_REQUESTS, limits::BODY_WINDOW);
            if !missing.is_empty() && branches.iter().all(|other| other.first() != missing.first()) {
                branches.push(missing);
            }
        }
    }

    fn starts(&self, missing: &Missing) -> bool {
        missing.first().is_some_and(|lowest| self.hashes.contains(lowest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Monotonic = Monotonic::ORIGIN;

    fn hash(number: u8) -> BlockHash {
        BlockHash::from_bytes([number; 32])
    }

    #[test]
    fn a_block_that_stays_the_lowest_for_long_is_withheld() {
        let mut withheld = Withheld::default();
        withheld.note_lowest(Some(hash(1)), START);
        let due = withheld.next_timeout().expect("it may be withheld");
        withheld.note_lowest(Some(hash(2)), due);
        withheld.settle(due);
        assert!(withheld.is_empty(), "there was progress");
        let later = withheld.next_timeout().expect("so may this one");
        withheld.note_lowest(Some(hash(2)), later);
        withheld.settle(later);
        assert_eq!((withheld.best_since(), withheld.next_timeout()), (Some(later), None));
        withheld.arrived(&hash(2));
        withheld.note_lowest(None, later);
        withheld.settle(later);
        assert!(withheld.is_empty());
    }

    #[test]
    fn branches_that_start_with_a_withheld_block_come_last() {
        let mut withheld = Withheld::default();
        assert!(withheld.insert(hash(1)) && !withheld.insert(hash(1)));
        let mut branches = vec![vec![hash(1), hash(2)], vec![hash(3)]];
        assert_eq!(withheld.next_branch(&mut branches), Some(vec![hash(3)]));
        assert_eq!(withheld.next_branch(&mut branches), Some(vec![hash(1), hash(2)]));
        assert_eq!(withheld.next_branch(&mut branches), None);
    }
}
