//! The inner nodes of the Merkle mountain range over the active chain, for whoever proves something to a light client.
//!
//! A header commits to the root of the range, and a store keeps its peaks alone. A proof needs nodes from everywhere.
//! Nodes above few leaves are cheap to compute from the header tree, and there are many. So only those above 32 leaves
//! and more are kept, which takes 2 bytes for each header:
//!
//! ```text
//!   levels[2]   ┌───────────── 128 leaves ─────────────┐
//!   levels[1]   ┌─── 64 leaves ───┐┌─── 64 leaves ───┐┌─── 64 leaves ───┐
//!   levels[0]   ┌─ 32 ──┐┌─ 32 ──┐┌─ 32 ──┐┌─ 32 ──┐┌─ 32 ──┐┌─ 32 ──┐┌─ 32 ──┐
//!   computed    . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . .  leaves from the header tree
//! ```
//!
//! A node is kept once all its leaves are there, so it never changes while the chain grows. A reorganisation cuts the
//! levels off at the fork.

use crate::{
    chain::{HeaderTree, engine::height_index, header_tree::NodeId},
    proof::Subtree,
    state::ancestor_leaf,
    tree::{NodeHash, Shape},
};

/// The binary logarithm of the number of leaves below the lowest nodes that are kept: 32 leaves.
const LOWEST: u32 = 5;

/// The nodes above 32 leaves and more, level by level, each in the order of its leaves.
#[derive(Debug, Clone, Default)]
pub(super) struct Mountains {
    /// `levels[k]` has the nodes above `32 << k` leaves, and half as many as the level below it, rounded down.
    levels: Vec<Vec<NodeHash>>,
}

impl Mountains {
    /// Follows a chain that has `leaves` leaves now. The first `standing` leaves are those of before; `leaf` returns a
    /// leaf by its index.
    ///
    /// The time is linear in the number of leaves after the first `standing`, and constant for one leaf more, on
    /// average.
    pub(super) fn follow(&mut self, standing: u64, leaves: u64, leaf: impl Fn(u64) -> NodeHash) {
        for (level, nodes) in (LOWEST..).zip(&mut self.levels) {
            nodes.truncate(usize::try_from(standing >> level).unwrap_or(usize::MAX));
        }
        let size = 1 << LOWEST;
        while (self.count(0) + 1) << LOWEST <= leaves {
            let hash = self.node(Subtree { first: self.count(0) << LOWEST, size }, &leaf);
            self.push(hash);
        }
    }

    /// Returns the hash of a subtree of a range over a part of the leaves.
    pub(super) fn node(&self, tree: Subtree, leaf: &impl Fn(u64) -> NodeHash) -> NodeHash {
        if let Some(hash) = self.kept(tree) {
            return hash;
        }
        match tree.split() {
            None => leaf(tree.first),
            Some((left, right)) => Shape::MOUNTAINS.node(&self.node(left, leaf), &self.node(right, leaf)),
        }
    }

    /// Returns the hash of a subtree that is kept. Only perfect subtrees are.
    fn kept(&self, tree: Subtree) -> Option<NodeHash> {
        let level = tree.size.trailing_zeros().checked_sub(LOWEST)?;
        if !tree.size.is_power_of_two() || !tree.first.is_multiple_of(tree.size) {
            return None;
        }
        let nodes = self.levels.get(usize::try_from(level).ok()?)?;
        nodes.get(usize::try_from(tree.first / tree.size).ok()?).copied()
    }

    /// Appends the next node above 32 leaves, and the nodes that it completes.
    fn push(&mut self, mut hash: NodeHash) {
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(nodes) = self.levels.get_mut(level) else { return };
            // an even node is the left one of its pair
            let left = nodes.last().copied().filter(|_| nodes.len() % 2 == 1);
            nodes.push(hash);
            match left {
                Some(left) => hash = Shape::MOUNTAINS.node(&left, &hash),
                None => return,
            }
        }
    }

    fn count(&self, level: usize) -> u64 {
        self.levels.get(level).map_or(0, |nodes| nodes.len() as u64)
    }
}

/// Returns the leaf of the header at `height` on the active chain, which begins at genesis.
///
/// # Panics
/// When the chain ends below that height.
pub(super) fn leaf_at(tree: &HeaderTree, active: &[NodeId], height: u64) -> NodeHash {
    let id = active.get(height_index(height)).expect("a range ends at the tip or below");
    let node = tree.node(*id);
    ancestor_leaf(node.hash, node.work)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns leaf `index` of a branch.
    fn leaf_of(branch: u64, index: u64) -> NodeHash {
        blake3::hash(&[index.to_le_bytes(), branch.to_le_bytes()].concat()).into()
    }

    /// The hash of a subtree by the definition in RFC 6962, from its leaves alone.
    fn model(tree: Subtree, leaf: &impl Fn(u64) -> NodeHash) -> NodeHash {
        match tree.split() {
            None => leaf(tree.first),
            Some((left, right)) => Shape::MOUNTAINS.node(&model(left, leaf), &model(right, leaf)),
        }
    }

    /// Compares every subtree of a range with the model.
    fn assert_same(mountains: &Mountains, tree: Subtree, leaf: &impl Fn(u64) -> NodeHash) {
        assert_eq!(mountains.node(tree, leaf), model(tree, leaf), "{tree:?}");
        if let Some((left, right)) = tree.split().filter(|_| tree.size > 16) {
            assert_same(mountains, left, leaf);
            assert_same(mountains, right, leaf);
        }
    }

    proptest! {
        #[test]
        fn nodes_follow_growth_and_reorganisations(
            moves in proptest::collection::vec((0_u64..400, 1_u64..400), 1..8),
            cut in any::<proptest::sample::Index>(),
        ) {
            let mut mountains = Mountains::default();
            let (mut leaves, mut branch): (u64, Vec<u64>) = (0, Vec::new());
            for (chain, (back, grown)) in (1..).zip(moves) {
                let standing = leaves.saturating_sub(back);
                leaves = standing + grown;
                branch.truncate(standing as usize);
                branch.resize(leaves as usize, chain);
                let leaf = |index: u64| leaf_of(branch[index as usize], index);
                mountains.follow(standing, leaves, leaf);
                for (level, nodes) in (LOWEST..).zip(&mountains.levels) {
                    prop_assert_eq!(nodes.len() as u64, leaves >> level);
                }
                // a range may end below the tip
                for size in [leaves, 1 + cut.index(leaves as usize) as u64] {
                    assert_same(&mountains, Subtree { first: 0, size }, &leaf);
                }
            }
        }
    }

    #[test]
    fn one_leaf_more_costs_at_most_one_small_tree() {
        let mut mountains = Mountains::default();
        let asked = std::cell::Cell::new(0);
        let leaf = |index| {
            asked.set(asked.get() + 1);
            leaf_of(0, index)
        };
        for leaves in 1..=1_000 {
            mountains.follow(leaves - 1, leaves, leaf);
        }
        assert_eq!(asked.get(), 1_000 / 32 * 32, "each leaf of a complete node is hashed once");
        asked.set(0);
        let all = Subtree { first: 0, size: 1_000 };
        mountains.node(all, &leaf);
        assert_eq!(asked.get(), 1_000 % 32, "the rest comes from kept nodes");
    }
}
