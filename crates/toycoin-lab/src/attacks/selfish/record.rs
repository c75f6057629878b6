//! The ties that a selfish miner makes, and who won them.

use std::time::Duration;

use toycoin_core::BlockHash;
use toycoin_sim::BlockFate;

/// A tie that the attacker published with his whole branch: if the others win it, he loses all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PublishedTie {
    /// The last block of his branch.
    pub(super) tip: BlockHash,
    /// Its height.
    pub(super) height: u64,
    /// The virtual time at which he published it.
    pub(super) at: Duration,
}

/// The ties of a trial.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) ties: Vec<PublishedTie>,
}

impl Record {
    /// Returns how many ties a block of the others settled, and how many of these for the attacker: the block extends
    /// his branch.
    pub(super) fn settled(&self, fates: &[BlockFate], attacker: usize) -> (u64, u64) {
        let settles = |tie: &PublishedTie| {
            let mut next = fates.iter().filter(|fate| fate.found_at >= tie.at && fate.miner != attacker);
            let block = next.find(|fate| fate.height > tie.height)?;
            (block.height == tie.height + 1).then_some(block.parent == tie.tip)
        };
        let settled: Vec<bool> = self.ties.iter().filter_map(settles).collect();
        (settled.len() as u64, settled.iter().filter(|won| **won).count() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use toycoin_core::BlockHash;
    use toycoin_sim::BlockFate;

    use super::{PublishedTie, Record};

    fn fate(hash: u8, parent: u8, height: u64, miner: usize, seconds: u64) -> BlockFate {
        BlockFate {
            hash: BlockHash::from_bytes([hash; 32]),
            parent: BlockHash::from_bytes([parent; 32]),
            height,
            miner,
            found_at: Duration::from_secs(seconds),
            first_seen: Vec::new(),
            active: true,
            fees: None,
        }
    }

    #[test]
    fn next_block_of_others_settles_a_tie() {
        let tie = |tip: u8, height, seconds| PublishedTie {
            tip: BlockHash::from_bytes([tip; 32]),
            height,
            at: Duration::from_secs(seconds),
        };
        let fates = [
            fate(1, 0, 1, 9, 1),
            fate(2, 0, 1, 0, 2),
            // node 1 extends the attacker's block 1
            fate(3, 1, 2, 1, 3),
            fate(4, 3, 3, 9, 4),
            fate(5, 3, 3, 0, 5),
            // node 0 extends its own block 5
            fate(6, 5, 4, 0, 6),
            fate(7, 6, 5, 9, 7),
            fate(8, 6, 5, 1, 8),
            // the attacker settles this one, and the others go on from there
            fate(9, 7, 6, 9, 9),
            fate(10, 9, 7, 0, 10),
        ];
        let record = Record { ties: vec![tie(1, 1, 2), tie(4, 3, 5), tie(7, 5, 8)] };

        assert_eq!(record.settled(&fates, 9), (2, 1));
    }
}
