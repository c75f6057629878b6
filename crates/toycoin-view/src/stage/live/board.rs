//! Who is who behind the gates, and between whom nothing passes.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use toycoin_wire::NodeId;

/// Most node ids that are remembered. Nodes of this process alone are behind gates, and each reconnect makes an id.
const IDS: usize = 10_000;

/// The nodes behind the gates, and the groups of a partition.
#[derive(Debug, Default)]
pub(super) struct Board {
    owners: RwLock<BTreeMap<NodeId, usize>>,
    groups: RwLock<Vec<Vec<usize>>>,
}

impl Board {
    /// Notes that a node uses an id.
    pub(super) fn introduce(&self, id: NodeId, node: usize) {
        let mut owners = self.owners.write().unwrap_or_else(PoisonError::into_inner);
        if owners.len() < IDS {
            owners.insert(id, node);
        }
    }

    /// Returns the node that uses an id.
    pub(super) fn owner(&self, id: &NodeId) -> Option<usize> {
        self.owners.read().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }

    /// Sets the groups between which nothing passes; none ends the partition.
    pub(super) fn part(&self, groups: Vec<Vec<usize>>) {
        *self.groups.write().unwrap_or_else(PoisonError::into_inner) = groups;
    }

    /// Returns whether messages pass from one node to another.
    pub(super) fn passes(&self, from: usize, to: usize) -> bool {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        let of = |node: usize| groups.iter().position(|group| group.contains(&node));
        groups.is_empty() || of(from) == of(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_pass_within_a_group_alone() {
        let board = Board::default();
        assert!(board.passes(0, 2));
        board.part(vec![vec![0, 1], vec![2]]);
        assert!(board.passes(0, 1) && !board.passes(0, 2) && !board.passes(2, 1));
        board.part(Vec::new());
        assert!(board.passes(2, 1));
    }
}
