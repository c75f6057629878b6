//! Fork choice among complete branches: those whose bodies are all stored. The most work wins.

use std::{cmp::Reverse, collections::BTreeSet};

use crate::{
    block::Block,
    chain::{
        header_tree::{HeaderTree, NodeId},
        ties::Ties,
    },
    target::Work,
};

/// Whether a block's body is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Missing,
    /// Stored, but the body of an ancestor is missing.
    Waiting,
    /// Stored, and so are the bodies of all ancestors.
    Complete,
}

/// Complete branches with more work than the active chain: the most work first, then the first that was complete.
#[derive(Debug, Clone)]
pub(super) struct Candidates {
    /// The state of each node's body. A node beyond the end has none.
    bodies: Vec<Body>,
    better: BTreeSet<(Reverse<Work>, u64, NodeId)>,
    /// How many branches have become complete so far.
    sequence: u64,
    /// Who wins between branches of equal work.
    ties: Ties,
}

impl Candidates {
    /// Begins with the nodes of a tree, which need no body.
    pub(super) fn new(tree: &HeaderTree) -> Self {
        let (bodies, better) = (vec![Body::Complete; tree.len()], BTreeSet::new());
        Self { bodies, better, sequence: 0, ties: Ties::FirstSeen }
    }

    /// Breaks ties between branches of equal work in another way from now on.
    pub(super) fn break_ties(&mut self, ties: Ties) {
        self.ties = ties;
    }

    pub(super) fn has_body(&self, id: NodeId) -> bool {
        self.body(id) != Body::Missing
    }

    /// Returns whether the node's body and those of all its ancestors are stored.
    pub(super) fn is_complete(&self, id: NodeId) -> bool {
        self.body(id) == Body::Complete
    }

    /// Notes what ties depend on, before a node's body is stored.
    pub(super) fn note(&mut self, tree: &HeaderTree, id: NodeId, block: &Block) {
        self.ties.note(tree.params(), id, block);
    }

    /// Notes that a node's body has been stored.
    pub(super) fn body_arrived(&mut self, tree: &HeaderTree, id: NodeId) {
        self.set(id, Body::Waiting);
        if self.body(tree.parent(id)) != Body::Complete {
            return;
        }
        // descendants that waited for this body are complete too
        let mut queue = vec![id];
        while let Some(id) = queue.pop() {
            self.set(id, Body::Complete);
            if !tree.node(id).invalid {
                self.better.insert((Reverse(tree.node(id).work), self.sequence, id));
                self.sequence += 1;
            }
            queue.extend(tree.children(id).filter(|child| self.body(*child) == Body::Waiting));
        }
    }

    /// Returns the branch that should be active instead of the one that ends at `tip`.
    pub(super) fn best(&self, tree: &HeaderTree, tip: NodeId) -> Option<NodeId> {
        let (most, _, first) = *self.better.first()?;
        let mut best = first;
        if self.ties.can_be_won() {
            // one that lost its tie with the tip may stand before one that wins it
            let equal = self.better.iter().take_while(|(work, ..)| *work == most);
            for (.., id) in equal.skip(1) {
                best = if self.ties.wins(tree, *id, best) { *id } else { best };
            }
        }
        self.beats(tree, best, tip).then_some(best)
    }

    /// Drops the branches that should no longer be active instead of the one that ends at `tip`.
    pub(super) fn prune(&mut self, tree: &HeaderTree, tip: NodeId) {
        while self.better.last().is_some_and(|(.., least)| !self.beats(tree, *least, tip)) {
            self.better.pop_last();
        }
    }

    /// Drops the branches that are invalid.
    pub(super) fn drop_invalid(&mut self, tree: &HeaderTree) {
        self.better.retain(|(.., id)| !tree.node(*id).invalid);
    }

    /// Returns whether a branch should be active instead of another one: it has more work, or as much and wins the tie.
    fn beats(&self, tree: &HeaderTree, id: NodeId, other: NodeId) -> bool {
        let (work, others) = (tree.node(id).work, tree.node(other).work);
        work > others || work == others && self.ties.wins(tree, id, other)
    }

    fn body(&self, id: NodeId) -> Body {
        self.bodies.get(id.index()).copied().unwrap_or(Body::Missing)
    }

    fn set(&mut self, id: NodeId, body: Body) {
        if self.bodies.len() <= id.index() {
            self.bodies.resize(id.index() + 1, Body::Missing);
        }
        if let Some(place) = self.bodies.get_mut(id.index()) {
            *place = body;
        }
    }
}
