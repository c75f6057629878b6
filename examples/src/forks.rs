//! Forks among the blocks that were heard: blocks with more than one child.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::BlockHash;

/// The family tree of the blocks that were heard.
#[derive(Debug, Clone, Default)]
pub struct Forks {
    children: BTreeMap<BlockHash, BTreeSet<BlockHash>>,
}

/// What a block is to those that were heard before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kin {
    /// The first on its parent.
    FirstChild,
    /// Its parent has a child already: a fork begins, or grows another tooth.
    Sibling,
    /// It was heard before.
    Known,
}

impl Forks {
    /// Takes note of a block.
    pub fn add(&mut self, hash: BlockHash, previous: BlockHash) -> Kin {
        let siblings = self.children.entry(previous).or_default();
        let first = siblings.is_empty();
        match (siblings.insert(hash), first) {
            (false, _) => Kin::Known,
            (true, true) => Kin::FirstChild,
            (true, false) => Kin::Sibling,
        }
    }

    /// Returns how many blocks were heard.
    pub fn blocks(&self) -> usize {
        self.children.values().map(BTreeSet::len).sum()
    }

    /// Returns how many blocks have more than one child.
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
