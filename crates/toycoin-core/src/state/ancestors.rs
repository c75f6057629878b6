//! The Merkle mountain range over a chain's headers: one hash that commits to every ancestor and to the work up to it.
//!
//! A leaf holds a header's hash and the chain's work up to and including that header. A light client that trusts one
//! header can therefore check any ancestor. It can also sample ancestors in proportion to their work.

use crate::{
    commitment::Domain,
    digest::BlockHash,
    target::Work,
    tree::{NodeHash, Peaks, Shape},
};

/// Returns the leaf of a header: `H_mmr-leaf(hash | work)`.
pub(crate) fn leaf(hash: BlockHash, work: Work) -> NodeHash {
    Domain::MmrLeaf.hasher().bytes(hash.as_bytes()).bytes(&work.to_le_bytes()).finish()
}

/// The Merkle mountain range over headers 0 to n - 1 of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ancestors {
    peaks: Peaks,
}

impl Ancestors {
    /// Returns how many headers it covers.
    pub const fn count(&self) -> u64 {
        self.peaks.leaves()
    }

    /// Appends the next header. `work` is the chain's work up to and including it.
    ///
    /// Returns the peaks that were merged. [`pop`](Self::pop) needs them to remove the header again.
    pub fn push(&mut self, hash: BlockHash, work: Work) -> MergedPeaks {
        MergedPeaks(self.peaks.push(Shape::MOUNTAINS, leaf(hash, work)))
    }

    /// Removes the last header. `merged` is what [`push`](Self::push) returned for it.
    pub fn pop(&mut self, merged: &MergedPeaks) {
        self.peaks.pop(&merged.0);
    }

    /// Returns the root: `H_mmr-root(n | top)`, without `top` if there are no headers.
    pub fn root(&self) -> [u8; 32] {
        self.peaks.root(Shape::MOUNTAINS)
    }

    /// Returns the peaks, the largest first. Peaks and [`count`](Self::count) are all that needs to be stored.
    pub fn peaks(&self) -> &[[u8; 32]] {
        self.peaks.as_slice()
    }

    /// Restores a stored range; `None` unless there is one peak for each 1 bit of `count`.
    pub fn from_parts(count: u64, peaks: Vec<[u8; 32]>) -> Option<Self> {
        Peaks::from_parts(count, peaks).map(|peaks| Self { peaks })
    }
}

/// The peaks that were merged when a header was appended, the smallest first: at most 64.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MergedPeaks(Vec<[u8; 32]>);

/// A proof that a header is an ancestor of a chain, for a verifier who trusts the chain's [root](Ancestors::root).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AncestorProof {
    /// The header's index, which must equal its height.
    pub index: u64,
    /// How many headers the root covers.
    pub count: u64,
    /// The hashes beside the path from the leaf to the root, in that order.
    pub siblings: Vec<[u8; 32]>,
}

impl AncestorProof {
    /// Builds the proof for the header at `index`; `None` if there is none. The time is linear in the number of
    /// headers.
    pub fn build(headers: &[(BlockHash, Work)], index: u64) -> Option<Self> {
        let leaves: Vec<_> = headers.iter().map(|(hash, work)| leaf(*hash, *work)).collect();
        let siblings = Shape::MOUNTAINS.path(&leaves, usize::try_from(index).ok()?)?;
        Some(Self { index, count: leaves.len() as u64, siblings })
    }

    /// Returns whether the proof is valid for a header of that hash, height and chain work under `root`.
    pub fn verify(&self, root: [u8; 32], hash: BlockHash, height: u64, work: Work) -> bool {
        self.index == height
            && Shape::MOUNTAINS.root_of_path(leaf(hash, work), self.index, self.count, &self.siblings) == Some(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proves_an_ancestor_at_its_height_with_its_work() {
        let work = |i: u8| Work::from_be_bytes([i; 32]);
        let headers: Vec<_> = (0..13).map(|i| (BlockHash::from_bytes([i; 32]), work(i))).collect();
        let mut ancestors = Ancestors::default();
        for (hash, work) in &headers {
            ancestors.push(*hash, *work);
        }
        for (height, (hash, at)) in headers.iter().enumerate() {
            let height = height as u64;
            let proof = AncestorProof::build(&headers, height).unwrap();
            assert!(proof.verify(ancestors.root(), *hash, height, *at));
            assert!(!proof.verify(ancestors.root(), *hash, height + 1, *at), "another height");
            assert!(!proof.verify(ancestors.root(), *hash, height, work(99)), "another work");
        }
        assert_eq!(AncestorProof::build(&headers, 13), None);
    }

    #[test]
    fn reads_back_its_parts() {
        let mut ancestors = Ancestors::default();
        for i in 0..11 {
            ancestors.push(BlockHash::from_bytes([i; 32]), Work::ZERO);
        }
        let parts = Ancestors::from_parts(ancestors.count(), ancestors.peaks().to_vec());
        assert_eq!(parts, Some(ancestors));
        assert_eq!(Ancestors::from_parts(2, vec![]), None);
    }
}
