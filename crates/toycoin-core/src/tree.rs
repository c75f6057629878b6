//! Hash trees of the shape in RFC 6962, for the Merkle root and for the Merkle mountain range of headers.
//!
//! ```text
//!  n = 5          node                 the left subtree is the largest power of two below n;
//!               /      \               nothing is duplicated; the root hashes n too,
//!           node        leaf 4         so trees of different sizes never share one
//!          /    \
//!       node    node
//!      /   \    /   \
//!     0     1  2     3
//! ```
//!
//! A tree that grows leaf by leaf is a Merkle mountain range: one perfect tree, a *peak*, for each 1 bit of n.

use crate::commitment::Domain;

/// The hash of a leaf or an inner node.
pub(crate) type NodeHash = [u8; 32];

/// The kind of a tree: the domains of its inner nodes and of its root.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) node: Domain,
    pub(crate) root: Domain,
}

impl Shape {
    /// The Merkle tree over a block's transactions.
    pub(crate) const MERKLE: Self = Self { node: Domain::MerkleNode, root: Domain::MerkleRoot };
    /// The Merkle mountain range over a chain's headers.
    pub(crate) const MOUNTAINS: Self = Self { node: Domain::MmrNode, root: Domain::MmrRoot };

    /// Returns the inner node above two hashes.
    pub(crate) fn node(self, left: &NodeHash, right: &NodeHash) -> NodeHash {
        self.node.hasher().bytes(left).bytes(right).finish()
    }

    /// Returns the root over `n` leaves: `H_root(n | top)`, without `top` for an empty tree.
    pub(crate) fn root(self, n: u64, top: Option<&NodeHash>) -> NodeHash {
        let hasher = self.root.hasher();
        let counted = match self.root {
            // a block's leaves are counted by a u32, as is every count in a preimage; headers by a u64, as are heights
            Domain::MerkleRoot => hasher.count(usize::try_from(n).unwrap_or(usize::MAX)),
            _ => hasher.u64(n),
        };
        counted.bytes(top.map_or(&[], |top| top.as_slice())).finish()
    }

    /// Returns the siblings of leaf `index`, from the leaf to the root; `None` if there is no such leaf.
    pub(crate) fn path(self, leaves: &[NodeHash], index: usize) -> Option<Vec<NodeHash>> {
        let mut siblings = Vec::new();
        let (mut range, mut at) = (leaves.get(..)?, index);
        if at >= range.len() {
            return None;
        }
        while range.len() > 1 {
            let (left, right) = range.split_at(largest_power_below(range.len()));
            if at < left.len() {
                siblings.push(Peaks::over(self, right).top(self)?);
                range = left;
            } else {
                siblings.push(Peaks::over(self, left).top(self)?);
                at -= left.len();
                range = right;
            }
        }
        siblings.reverse();
        Some(siblings)
    }

    /// Returns the root that a leaf and its siblings give; `None` unless they are a path in a tree of exactly `n`
    /// leaves.
    pub(crate) fn root_of_path(self, leaf: NodeHash, index: u64, n: u64, siblings: &[NodeHash]) -> Option<NodeHash> {
        if index >= n {
            return None;
        }
        // RFC 9162, 2.1.3.2: `last` is the index of the last node of a level, `at` that of the path's node
        let (mut hash, mut at, mut last) = (leaf, index, n - 1);
        for sibling in siblings {
            if last == 0 {
                return None;
            }
            if at & 1 == 1 || at == last {
                hash = self.node(sibling, &hash);
                // the last node of a level moves up unchanged until it has a sibling
                while at & 1 == 0 && at != 0 {
                    at >>= 1;
                    last >>= 1;
                }
            } else {
                hash = self.node(&hash, sibling);
            }
            at >>= 1;
            last >>= 1;
        }
        (last == 0).then(|| self.root(n, Some(&hash)))
    }
}

/// The peaks of a growing tree, the largest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Peaks {
    leaves: u64,
    peaks: Vec<NodeHash>,
}

impl Peaks {
    /// Builds the peaks of a tree over all leaves.
    pub(crate) fn over(shape: Shape, leaves: &[NodeHash]) -> Self {
        let mut peaks = Self::default();
        for leaf in leaves {
            peaks.push(shape, *leaf);
        }
        peaks
    }

    /// Restores peaks from a store; `None` unless there is one for each 1 bit of `leaves`.
    pub(crate) fn from_parts(leaves: u64, peaks: Vec<NodeHash>) -> Option<Self> {
        (u32::try_from(peaks.len()) == Ok(leaves.count_ones())).then_some(Self { leaves, peaks })
    }

    /// Returns the number of leaves.
    pub(crate) const fn leaves(&self) -> u64 {
        self.leaves
    }

    /// Returns the peaks, the largest first.
    pub(crate) fn as_slice(&self) -> &[NodeHash] {
        &self.peaks
    }

    /// Appends a leaf. Returns the peaks that were merged into the new last one, the smallest first, for [`Self::pop`].
    pub(crate) fn push(&mut self, shape: Shape, leaf: NodeHash) -> Vec<NodeHash> {
        let mut merged = Vec::new();
        let mut hash = leaf;
        for _ in 0..self.leaves.trailing_ones() {
            let left = self.peaks.pop().expect("a peak for each 1 bit of the number of leaves");
            hash = shape.node(&left, &hash);
            merged.push(left);
        }
        self.peaks.push(hash);
        self.leaves += 1;
        merged
    }

    /// Removes the last leaf. `merged` is what [`Self::push`] returned for it.
    pub(crate) fn pop(&mut self, merged: &[NodeHash]) {
        self.peaks.pop();
        self.peaks.extend(merged.iter().rev());
        self.leaves = self.leaves.saturating_sub(1);
    }

    /// Returns the hash over all peaks, folded from the right; `None` for an empty tree.
    fn top(&self, shape: Shape) -> Option<NodeHash> {
        self.peaks.iter().rev().copied().reduce(|right, left| shape.node(&left, &right))
    }

    /// Returns the root.
    pub(crate) fn root(&self, shape: Shape) -> NodeHash {
        shape.root(self.leaves, self.top(shape).as_ref())
    }
}

/// Returns the largest power of two below `n`, for `n` of at least 2.
fn largest_power_below(n: usize) -> usize {
    n.next_power_of_two() / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape::MERKLE;

    fn leaves(n: usize) -> Vec<NodeHash> {
        (0..n).map(|i| blake3::hash(&i.to_le_bytes()).into()).collect()
    }

    /// The definition in RFC 6962.
    fn model(leaves: &[NodeHash]) -> NodeHash {
        match leaves {
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(largest_power_below(leaves.len()));
                SHAPE.node(&model(left), &model(right))
            }
        }
    }

    #[test]
    fn peaks_folded_from_the_right_are_the_tree_of_rfc_6962() {
        for n in 1..70 {
            let leaves = leaves(n);
            assert_eq!(Peaks::over(SHAPE, &leaves).top(SHAPE), Some(model(&leaves)), "{n} leaves");
        }
    }

    #[test]
    fn a_path_leads_to_the_root_and_no_other_path_does() {
        for n in 1..35 {
            let leaves = leaves(n);
            let root = Peaks::over(SHAPE, &leaves).root(SHAPE);
            for index in 0..n {
                let (at, size) = (index as u64, n as u64);
                let path = SHAPE.path(&leaves, index).unwrap();
                let follow = |at, size, path: &[NodeHash]| SHAPE.root_of_path(leaves[index], at, size, path);
                assert_eq!(follow(at, size, &path), Some(root), "leaf {index} of {n}");
                let longer: Vec<_> = path.iter().copied().chain([[0; 32]]).collect();
                assert_eq!(follow(at, size, &longer), None, "a sibling too many");
                if let Some((_, shorter)) = path.split_last() {
                    assert_eq!(follow(at, size, shorter), None, "a sibling too few");
                }
                for other in (0..n).filter(|other| *other != index) {
                    assert_ne!(follow(other as u64, size, &path), Some(root), "leaf {index} of {n} at {other}");
                }
                assert_ne!(follow(at, size + 1, &path), Some(root), "another number of leaves");
            }
            assert_eq!(SHAPE.path(&leaves, n), None);
        }
        assert_eq!(SHAPE.root_of_path([0; 32], 0, 0, &[]), None);
    }

    #[test]
    fn popping_takes_a_push_back() {
        let leaves = leaves(70);
        let mut peaks = Peaks::default();
        let mut history = Vec::new();
        for leaf in &leaves {
            let before = peaks.clone();
            history.push((before, peaks.push(SHAPE, *leaf)));
        }
        for (before, merged) in history.into_iter().rev() {
            peaks.pop(&merged);
            assert_eq!(peaks, before);
        }
    }

    #[test]
    fn an_empty_tree_has_a_root_of_its_own() {
        let empty = Peaks::default().root(Shape::MOUNTAINS);
        assert_eq!(empty, Domain::MmrRoot.hasher().u64(0).finish());
    }
}
