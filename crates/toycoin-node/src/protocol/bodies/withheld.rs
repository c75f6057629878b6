//! Branches whose lowest missing block does not come: other branches come before them.
//!
//! Otherwise a peer could stop every node: it would show headers and withhold the bodies, or send one now and then. What
//! counts is the time, not the number of peers that were asked, since new node ids that claim the branch cost nothing.
//! Branches that wait for long take turns, so that none of them, a false one least of all, keeps the others out.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{
    BlockHash,
    chain::{Chain, HeaderEntry},
    store::ChainStore,
};

use crate::{limits, machine::Monotonic, protocol::net::Net};

/// The lowest missing blocks of branches, and which of them do not come.
#[derive(Debug, Default)]
pub(super) struct Withheld {
    waits: BTreeMap<BlockHash, Wait>,
    /// The lowest missing block on the branch of the best header.
    best: Option<BlockHash>,
    /// Since when that one counts as withheld.
    best_since: Option<Monotonic>,
    turns: u64,
}

/// The wait for a branch's lowest missing block.
#[derive(Debug)]
struct Wait {
    /// When the block was first the lowest. A branch that is forgotten for a while and returns goes on waiting.
    since: Monotonic,
    /// When it was last the lowest of a branch.
    noted: Monotonic,
    /// Whether all peers were asked for it in vain, or it takes too long.
    is_withheld: bool,
    /// The last turn in which it was requested.
    turn: u64,
}

/// The missing blocks of a branch, the lowest first.
pub(super) type Missing = Vec<BlockHash>;

impl Withheld {
    /// Returns since when the lowest missing block on the branch of the best header does not come.
    pub(super) const fn best_since(&self) -> Option<Monotonic> {
        self.best_since
    }

    /// Returns when the best header's branch no longer comes first, unless it does not already.
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        let wait = self.waits.get(&self.best?).filter(|wait| !wait.is_withheld)?;
        Some(wait.since + limits::WITHHELD_AFTER)
    }

    /// Notes the lowest missing block on the branch of the best header.
    pub(super) fn note_best(&mut self, lowest: Option<BlockHash>, now: Monotonic) {
        self.best = lowest;
        if let Some(lowest) = lowest {
            self.note(lowest, now);
        }
    }

    /// Notes the lowest missing block of a branch.
    fn note(&mut self, lowest: BlockHash, now: Monotonic) {
        let new = Wait { since: now, noted: now, is_withheld: false, turn: 0 };
        let wait = self.waits.entry(lowest).or_insert(new);
        wait.noted = now;
        wait.is_withheld |= wait.since + limits::WITHHELD_AFTER <= now;
        if self.waits.len() > limits::MAX_BRANCH_WAITS {
            let oldest = self.waits.iter().min_by_key(|(_, wait)| wait.noted).map(|(hash, _)| *hash);
            oldest.and_then(|oldest| self.waits.remove(&oldest));
        }
    }

    /// Notes that no peer is left to ask for a branch's lowest block. Returns whether the branch came first so far.
    pub(super) fn asked_in_vain(&mut self, lowest: &BlockHash) -> bool {
        self.waits.get_mut(lowest).is_some_and(|wait| !std::mem::replace(&mut wait.is_withheld, true))
    }

    /// Notes that a branch's lowest block was requested: its turn is over.
    pub(super) fn asked(&mut self, lowest: &BlockHash) {
        if let Some(wait) = self.waits.get_mut(lowest) {
            self.turns += 1;
            wait.turn = self.turns;
        }
    }

    /// Forgets a block that has arrived.
    pub(super) fn arrived(&mut self, hash: &BlockHash) {
        self.waits.remove(hash);
    }

    /// Returns whether a block is, or was recently, the lowest of a branch.
    pub(super) fn remembers(&self, hash: &BlockHash) -> bool {
        self.waits.contains_key(hash)
    }

    /// Updates the time since which the best header's branch stands still, and forgets old waits.
    pub(super) fn settle(&mut self, now: Monotonic) {
        let is_withheld = self.best.is_some_and(|best| self.is_withheld(&best));
        self.best_since = is_withheld.then(|| self.best_since.unwrap_or(now));
        let best = self.best;
        let is_old = |wait: &Wait| now.saturating_since(wait.noted) >= limits::BRANCH_WAIT_MEMORY;
        self.waits.retain(|hash, wait| best == Some(*hash) || !is_old(wait));
    }

    /// Takes the branch that is requested next: those whose lowest block may still come, in order, and then the others
    /// in turn.
    pub(super) fn next_branch(&self, branches: &mut Vec<Missing>) -> Option<Missing> {
        let turn = |missing: &Missing| {
            let wait = missing.first().and_then(|lowest| self.waits.get(lowest));
            wait.filter(|wait| wait.is_withheld).map(|wait| wait.turn)
        };
        let first = branches.iter().enumerate().min_by_key(|(place, missing)| (turn(missing), *place));
        let place = first.map(|(place, _)| place)?;
        Some(branches.remove(place))
    }

    /// Adds other branches if the first branch's lowest block does not come. They have more work than the tip and belong
    /// to peers; the most work comes first. There is one for each lowest block, up to a bound.
    pub(super) fn add_others<S: ChainStore>(&mut self, branches: &mut Vec<Missing>, net: &Net, chain: &Chain<S>) {
        if !branches.first().and_then(|best| best.first()).is_some_and(|lowest| self.is_withheld(lowest)) {
            return;
        }
        let (tree, tip, now) = (chain.headers(), chain.tip().work, net.now.monotonic);
        let is_listed = |end: &BlockHash, branches: &[Missing]| {
            let lowest = branches.iter().filter_map(|missing| tree.get(missing.first()?));
            let leads = |lowest: &HeaderEntry| tree.ancestor(end, lowest.header.height).map(|entry| entry.hash);
            lowest.into_iter().any(|lowest| leads(lowest) == Some(lowest.hash))
        };
        let peers = net.peers.iter().filter(|(_, peer)| !peer.is_muted(now));
        let ends = peers.flat_map(|(_, peer)| peer.ends()).filter_map(|end| tree.get(&end));
        let ends: BTreeSet<_> = ends.map(|end| (end.work, end.hash)).filter(|(work, _)| *work > tip).collect();
        for (_, end) in ends.into_iter().rev() {
            if branches.len() > limits::BRANCHES {
                return;
            }
            if is_listed(&end, branches) {
                continue;
            }
            let missing = chain.missing_blocks_towards(&end, limits::BODY_REQUESTS, limits::BODY_WINDOW);
            if let Some(lowest) = missing.first() {
                self.note(*lowest, now);
                branches.push(missing);
            }
        }
    }

    fn is_withheld(&self, hash: &BlockHash) -> bool {
        self.waits.get(hash).is_some_and(|wait| wait.is_withheld)
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
        withheld.note_best(Some(hash(1)), START);
        let due = withheld.next_timeout().expect("it may be withheld");
        withheld.arrived(&hash(1));
        withheld.note_best(Some(hash(2)), due);
        withheld.settle(due);
        assert_eq!(withheld.best_since(), None, "there was progress");
        let later = withheld.next_timeout().expect("so may this one");
        withheld.note_best(Some(hash(2)), later);
        withheld.settle(later);
        assert_eq!((withheld.best_since(), withheld.next_timeout()), (Some(later), None));
        withheld.arrived(&hash(2));
        withheld.note_best(None, later);
        withheld.settle(later);
        assert_eq!(withheld.best_since(), None);
    }

    #[test]
    fn two_branches_that_outbid_each_other_gain_no_time() {
        let mut withheld = Withheld::default();
        let mut now = START;
        for number in [1, 2, 1, 2, 1] {
            withheld.note_best(Some(hash(number)), now);
            withheld.settle(now);
            now = now + limits::WITHHELD_AFTER / 3;
        }
        assert!(withheld.best_since().is_some());
    }

    #[test]
    fn branches_that_wait_for_long_come_last_and_take_turns() {
        let mut withheld = Withheld::default();
        let branches = [vec![hash(1), hash(9)], vec![hash(2)], vec![hash(3)]];
        branches.iter().for_each(|missing| withheld.note(missing[0], START));
        assert!(withheld.asked_in_vain(&hash(1)) && !withheld.asked_in_vain(&hash(1)));
        let order = |withheld: &Withheld| {
            let mut left = branches.to_vec();
            std::iter::from_fn(|| Some(withheld.next_branch(&mut left)?[0])).collect::<Vec<_>>()
        };
        assert_eq!(order(&withheld), [hash(2), hash(3), hash(1)]);
        branches.iter().for_each(|missing| withheld.note(missing[0], START + limits::WITHHELD_AFTER));
        for _ in 0..2 {
            for first in [1, 2, 3].map(hash) {
                assert_eq!(order(&withheld)[0], first);
                withheld.asked(&first);
            }
        }
    }

    #[test]
    fn waits_are_bounded_and_forgotten() {
        let mut withheld = Withheld::default();
        for number in 0..=u8::MAX {
            withheld.note(hash(number), START + limits::WITHHELD_AFTER * number.into());
        }
        assert_eq!(withheld.waits.len(), limits::MAX_BRANCH_WAITS);
        assert!(withheld.remembers(&hash(255)) && !withheld.remembers(&hash(0)));
        withheld.settle(START + limits::WITHHELD_AFTER * 255 + limits::BRANCH_WAIT_MEMORY);
        assert!(!withheld.remembers(&hash(255)));
    }
}
