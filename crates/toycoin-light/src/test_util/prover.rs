//! The slow prover: it has every header and every leaf in a list.

use std::collections::BTreeSet;

use toycoin_core::{
    Domain, Work,
    proof::{AncestryProof, Sample, Subtree, TAIL, WorkProof, missing_subtrees, points},
};

use super::{Entry, HeaderChain};
use crate::{Challenge, Start};

/// A prover over a chain of headers.
#[derive(Debug)]
pub struct Prover<'a> {
    chain: &'a HeaderChain,
    /// The hashes of all perfect subtrees: level 0 has the leaves, level 1 the nodes above two of them, and so on.
    levels: Vec<Vec<[u8; 32]>>,
}

impl<'a> Prover<'a> {
    /// Hashes all leaves of a chain, and every perfect subtree.
    pub fn new(chain: &'a HeaderChain) -> Self {
        let mut levels = vec![chain.entries().iter().map(leaf).collect::<Vec<_>>()];
        while let Some(last) = levels.last().filter(|level| level.len() > 1) {
            let above = last.chunks_exact(2).map(|pair| pair.iter().copied().reduce(node).unwrap_or_default());
            levels.push(above.collect());
        }
        Self { chain, levels }
    }

    /// Returns the proof of the chain's tip.
    pub fn prove(&self, challenge: &Challenge) -> WorkProof {
        self.prove_at(self.chain.height(), challenge)
    }

    /// Returns the proof of the chain up to a height of at least [`LEAST_HEIGHT`](crate::LEAST_HEIGHT).
    ///
    /// # Panics
    /// When the height is below that, or above the chain's.
    pub fn prove_at(&self, height: u64, challenge: &Challenge) -> WorkProof {
        let tip = self.entry(height);
        let first = height - TAIL as u64;
        let before_tail = self.entry(first - 1).work;
        let Start { height: start, work: known, .. } = challenge.start_or_genesis(self.chain.params());
        let tail_work = tip.work.saturating_sub(before_tail);
        let points = points(&challenge.seed, &tip.hash, challenge.counted_slices(), tail_work, tip.work);
        let asked: BTreeSet<_> =
            points.into_iter().filter(|point| *point > known).map(|point| self.height_of(point)).collect();
        let mut leaves: BTreeSet<_> = asked.iter().flat_map(|height| [height - 1, *height]).collect();
        leaves.extend((first - 1..height).chain([start]));
        WorkProof {
            tip: tip.header,
            opening: tip.opening,
            tail: (first..height).map(|height| self.entry(height).header).collect(),
            before_tail,
            samples: asked.into_iter().map(|height| self.sample(height)).collect(),
            nodes: self.nodes(leaves, height),
        }
    }

    /// Returns the proof that headers are ancestors of the header at `tip`.
    pub fn prove_ancestry(&self, tip: u64, heights: &BTreeSet<u64>) -> AncestryProof {
        let leaves: BTreeSet<_> = heights.iter().flat_map(|height| [height.saturating_sub(1), *height]).collect();
        AncestryProof {
            tip: self.entry(tip).hash,
            items: heights.iter().map(|height| self.sample(*height)).collect(),
            nodes: if leaves.is_empty() { Vec::new() } else { self.nodes(leaves, tip) },
        }
    }

    /// Returns a header as a proof shows it.
    pub fn sample(&self, height: u64) -> Sample {
        let Entry { header, opening, .. } = *self.entry(height);
        let before = height.checked_sub(1).map_or(Work::ZERO, |parent| self.entry(parent).work);
        Sample { header, opening, before }
    }

    /// Returns the hash of a subtree of the range.
    pub fn subtree(&self, tree: Subtree) -> [u8; 32] {
        let Subtree { first, size } = tree;
        if size.is_power_of_two() && first % size == 0 {
            let level = self.levels.get(size.trailing_zeros() as usize);
            return *level.and_then(|level| level.get(index(first / size))).expect("a subtree of the chain");
        }
        let left = size.next_power_of_two() / 2;
        let [left, right] = [Subtree { first, size: left }, Subtree { first: first + left, size: size - left }];
        node(self.subtree(left), self.subtree(right))
    }

    fn nodes(&self, known: BTreeSet<u64>, leaves: u64) -> Vec<[u8; 32]> {
        let known: Vec<_> = known.into_iter().collect();
        missing_subtrees(&known, leaves).into_iter().map(|tree| self.subtree(tree)).collect()
    }

    /// Returns the height of the header with a point in its interval.
    fn height_of(&self, point: Work) -> u64 {
        self.chain.entries().partition_point(|entry| entry.work < point) as u64
    }

    fn entry(&self, height: u64) -> &'a Entry {
        self.chain.entries().get(index(height)).expect("a height of the chain")
    }
}

/// Returns a height as the index in a list, out of range on a machine whose memory does not have it.
fn index(height: u64) -> usize {
    usize::try_from(height).unwrap_or(usize::MAX)
}

fn leaf(entry: &Entry) -> [u8; 32] {
    Domain::MmrLeaf.hasher().bytes(entry.hash.as_bytes()).bytes(&entry.work.to_le_bytes()).finish()
}

fn node(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
    Domain::MmrNode.hasher().bytes(&left).bytes(&right).finish()
}
