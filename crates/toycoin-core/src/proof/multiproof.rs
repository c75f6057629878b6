//! One proof for many leaves of the mountain range.
//!
//! ```text
//!  known leaves 2, 3 of n = 6                        the walk goes depth first, left before right:
//!                 ┌─────── top ───────┐              a subtree without a known leaf is one node of the proof,
//!          ┌──────┴──────┐        ┌───┴───┐          a known leaf is computed,
//!        [0,1]         2   3      [4,5]              everything else is split as in RFC 6962
//!        node 0       known       node 1
//! ```

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{
    digest::BlockHash,
    state::ancestor_leaf,
    target::Work,
    tree::{NodeHash, Shape},
};

/// A subtree of the range: `size` leaves from `first` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subtree {
    /// Its first leaf.
    pub first: u64,
    /// The number of its leaves, at least 1.
    pub size: u64,
}

impl Subtree {
    /// Splits the subtree at the largest power of two below its size; `None` for a leaf.
    pub(crate) const fn split(self) -> Option<(Self, Self)> {
        if self.size < 2 {
            return None;
        }
        let left = self.size.next_power_of_two() / 2;
        Some((Self { first: self.first, size: left }, Self { first: self.first + left, size: self.size - left }))
    }
}

/// The reason why nodes are not a multiproof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MultiproofError {
    /// A node is missing.
    #[error("a node of the range is missing")]
    Missing,
    /// A node is left over.
    #[error("a node of the range is left over")]
    LeftOver,
}

/// Returns the subtrees whose hashes a proof holds, in their order. `known` are the leaves that the verifier computes,
/// in ascending order and below `leaves`, the size of the range.
pub fn missing_subtrees(known: &[u64], leaves: u64) -> Vec<Subtree> {
    let mut missing = Vec::new();
    if leaves > 0 {
        collect(known, Subtree { first: 0, size: leaves }, &mut missing);
    }
    missing
}

fn collect(known: &[u64], tree: Subtree, missing: &mut Vec<Subtree>) {
    match tree.split() {
        _ if known.is_empty() => missing.push(tree),
        None => {}
        Some((left, right)) => {
            let (before, after) = known.split_at(known.partition_point(|leaf| *leaf < right.first));
            collect(before, left, missing);
            collect(after, right, missing);
        }
    }
}

/// Computes the range from known leaves and a proof's nodes. `known` holds the hash and the chain's work of each known
/// leaf, all below `leaves`.
///
/// # Errors
/// When a node is missing or left over. Wrong nodes give a range with another root.
pub fn fold(
    known: &BTreeMap<u64, (BlockHash, Work)>,
    leaves: u64,
    nodes: &[[u8; 32]],
) -> Result<Folded, MultiproofError> {
    let known: Vec<_> = known.iter().map(|(index, (hash, work))| (*index, ancestor_leaf(*hash, *work))).collect();
    let mut folded = Folded { leaves, top: None, inner: BTreeMap::new() };
    let mut nodes = nodes.iter();
    if leaves > 0 {
        let whole = Subtree { first: 0, size: leaves };
        folded.top = Some(folded.fold(&known, whole, &mut nodes).ok_or(MultiproofError::Missing)?);
    }
    if nodes.next().is_some() { Err(MultiproofError::LeftOver) } else { Ok(folded) }
}

/// A range as far as a multiproof shows it.
#[derive(Debug, Clone)]
pub struct Folded {
    leaves: u64,
    top: Option<NodeHash>,
    /// Every subtree on the way to a known leaf, and beside it.
    inner: BTreeMap<Subtree, NodeHash>,
}

impl Folded {
    /// Returns the root over all leaves.
    pub fn root(&self) -> [u8; 32] {
        Shape::MOUNTAINS.root(self.leaves, self.top.as_ref())
    }

    /// Returns the root over leaves 0 to `count - 1`, which the header of height `count` commits to. `None` unless
    /// leaf `count` is known: its path has all peaks of the range before it.
    pub fn prefix_root(&self, count: u64) -> Option<[u8; 32]> {
        let peaks = self.prefix_peaks(count)?;
        let top = peaks.into_iter().rev().reduce(|right, left| Shape::MOUNTAINS.node(&left, &right));
        Some(Shape::MOUNTAINS.root(count, top.as_ref()))
    }

    /// Returns the peaks of the range over leaves 0 to `count - 1`, the largest first, to go on from there as
    /// [`Ancestors`](crate::state::Ancestors). `None` unless leaf `count` is known.
    pub fn prefix_peaks(&self, count: u64) -> Option<Vec<[u8; 32]>> {
        let mut first = 0;
        let mut peaks = Vec::new();
        for bit in (0..u64::BITS).rev().filter(|bit| count >> bit & 1 == 1) {
            let peak = Subtree { first, size: 1 << bit };
            peaks.push(*self.inner.get(&peak)?);
            first += peak.size;
        }
        Some(peaks)
    }

    fn fold<'a>(
        &mut self,
        known: &[(u64, NodeHash)],
        tree: Subtree,
        nodes: &mut impl Iterator<Item = &'a NodeHash>,
    ) -> Option<NodeHash> {
        let hash = match (known, tree.split()) {
            ([], _) => *nodes.next()?,
            ([(_, leaf), ..], None) => *leaf,
            (known, Some((left, right))) => {
                let (before, after) = known.split_at(known.partition_point(|(leaf, _)| *leaf < right.first));
                let left = self.fold(before, left, nodes)?;
                let right = self.fold(after, right, nodes)?;
                Shape::MOUNTAINS.node(&left, &right)
            }
        };
        self.inner.insert(tree, hash);
        Some(hash)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::state::Ancestors;

    fn headers(n: u64) -> Vec<(BlockHash, Work)> {
        let of = |i: u64| blake3::hash(&i.to_le_bytes());
        (0..n).map(|i| (BlockHash::from_bytes(of(i).into()), Work::from_be_bytes(of(i + 1_000_000).into()))).collect()
    }

    fn hash_of(headers: &[(BlockHash, Work)], tree: Subtree) -> NodeHash {
        match tree.split() {
            None => {
                let (hash, work) = headers[tree.first as usize];
                ancestor_leaf(hash, work)
            }
            Some((left, right)) => Shape::MOUNTAINS.node(&hash_of(headers, left), &hash_of(headers, right)),
        }
    }

    fn range(headers: &[(BlockHash, Work)]) -> Ancestors {
        let mut range = Ancestors::default();
        for (hash, work) in headers {
            range.push(*hash, *work);
        }
        range
    }

    proptest! {
        #[test]
        fn known_leaves_and_nodes_give_the_root_and_the_prefixes(
            n in 1_u64..200,
            picks in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12),
        ) {
            let headers = headers(n);
            let known: BTreeMap<_, _> =
                picks.iter().map(|pick| pick.index(n as usize)).map(|i| (i as u64, headers[i])).collect();
            let indices: Vec<_> = known.keys().copied().collect();
            let mut nodes: Vec<_> = missing_subtrees(&indices, n).into_iter().map(|t| hash_of(&headers, t)).collect();
            let folded = fold(&known, n, &nodes).unwrap();
            prop_assert_eq!(folded.root(), range(&headers).root());
            for count in indices {
                let before = range(&headers[..count as usize]);
                prop_assert_eq!(folded.prefix_root(count), Some(before.root()));
                prop_assert_eq!(folded.prefix_peaks(count), Some(before.peaks().to_vec()));
            }
            nodes.push([0; 32]);
            prop_assert_eq!(fold(&known, n, &nodes).unwrap_err(), MultiproofError::LeftOver);
            nodes.pop();
            if nodes.pop().is_some() {
                prop_assert_eq!(fold(&known, n, &nodes).unwrap_err(), MultiproofError::Missing);
            }
        }
    }

    #[test]
    fn an_empty_range_needs_nothing() {
        let folded = fold(&BTreeMap::new(), 0, &[]).unwrap();
        assert_eq!(folded.root(), Ancestors::default().root());
        assert_eq!(folded.prefix_root(0), Some(folded.root()));
    }
}
