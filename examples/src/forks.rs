//! Forks among the observed blocks: blocks with more than one child.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::BlockHash;

/// Tree of the observed blocks.
#[derive(Debug, Clone, Default)]
pub struct Forks {
    children: BTreeMap<BlockHash, BTreeSet<BlockHash>>,
}

/// Relation of a block to those observed before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kin {
    /// First observed child of its parent.
    FirstChild,
    /// Another child of a parent that has one: a fork begins, or gets another branch.
    Sibling,
    /// Observed before.
    Known,
}

impl Forks {
    /// Adds a block, and returns its relation to the earlier ones.
    pub fn add(&mut self, hash: BlockHash, previous: BlockHash) -> Kin {
        let siblings = self.children.entry(previous).or_default();
        let first = siblings.is_empty();
        match (siblings.insert(hash), first) {
            (false, _) => Kin::Known,
            (true, true) => Kin::FirstChild,
            (true, false) => Kin::Sibling,
        }
    }

    /// Returns the number of observed blocks.
    pub fn blocks(&self) -> usize {
        self.children.values().map(BTreeSet::len).sum()
    }

    /// Returns the number of blocks with more than one child.
    pub fn forks(&self) -> usize {
        self.children.values().filter(|children| children.len() > 1).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(byte: u8) -> BlockHash {
        BlockHash::from_bytes([byte; 32])
    }

    #[test]
    fn fork_is_counted_once_however_often_it_is_heard() {
        let mut forks = Forks::default();
        assert_eq!(forks.add(hash(1), hash(0)), Kin::FirstChild);
        assert_eq!(forks.add(hash(2), hash(1)), Kin::FirstChild);
        assert_eq!(forks.add(hash(3), hash(1)), Kin::Sibling);
        assert_eq!(forks.add(hash(3), hash(1)), Kin::Known);
        assert_eq!(forks.add(hash(4), hash(2)), Kin::FirstChild);
        assert_eq!(forks.add(hash(5), hash(3)), Kin::FirstChild, "the branches go on");
        assert_eq!((forks.blocks(), forks.forks()), (5, 1));
    }
}
