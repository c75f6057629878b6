//! Fork choice: which branches could become the active chain. Every body of theirs is here, and the most work wins.

use std::{cmp::Reverse, collections::BTreeSet};

use crate::{
    chain::header_tree::{HeaderTree, NodeId},
    target::Work,
};

/// What is here of a header's block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Missing,
    /// Here, but an ancestor's is not.
    Waiting,
    /// Here, with every ancestor's.
    Complete,
}

/// Complete branches with more work than the active chain, the most work first, of equals the first complete.
#[derive(Debug, Clone)]
pub(super) struct Candidates {
    /// By node; nodes beyond its end are missing.
    bodies: Vec<Body>,
    better: BTreeSet<(Reverse<Work>, u64, NodeId)>,
    /// How many branches were complete before.
    sequence: u64,
}

impl Candidates {
    pub(super) fn new() -> Self {
        Self { bodies: vec![Body::Complete], better: BTreeSet::new(), sequence: 0 }
    }

    pub(super) fn has_body(&self, id: NodeId) -> bool {
        self.body(id) != Body::Missing
    }

    /// Returns whether its body and every ancestor's is here.
    pub(super) fn is_complete(&self, id: NodeId) -> bool {
        self.body(id) == Body::Complete
    }

    /// Notes that a node's body is here.
    pub(super) fn body_arrived(&mut self, tree: &HeaderTree, id: NodeId) {
        self.set(id, Body::Waiting);
        if self.body(tree.parent(id)) != Body::Complete {
            return;
        }
        // what had waited for it is complete too
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
        let (Reverse(work), _, id) = self.better.first()?;
        (*work > tree.node(tip).work).then_some(*id)
    }

    /// Forgets the branches that no longer exceed the active chain's work.
    pub(super) fn prune(&mut self, tree: &HeaderTree, tip: NodeId) {
        let work = tree.node(tip).work;
        while self.better.last().is_some_and(|(Reverse(least), ..)| *least <= work) {
            self.better.pop_last();
        }
    }

    /// Forgets the branches that are invalid.
    pub(super) fn drop_invalid(&mut self, tree: &HeaderTree) {
        self.better.retain(|(.., id)| !tree.node(*id).invalid);
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
