//! The prover: proofs about the active chain, for those who have not the chain.
//!
//! ```text
//!   prove_work        points ─▶ the headers under them, by binary search over the chain's work ─▶ samples
//!                     samples, tail ─▶ leaves that the verifier computes ─▶ nodes that it cannot
//!   prove_ancestors   the same tree, for headers that the asker names
//!   receipt           a transaction, and its path in the Merkle tree of its block
//! ```
//!
//! No step walks over the chain: a proof of 10^6 headers reads some 300 of them and computes some 20,000 hashes.

use std::collections::BTreeSet;

use crate::{
    chain::{Chain, ChainError, HeaderEntry, mountains::leaf_at},
    digest::{BlockHash, Txid},
    header::Header,
    merkle::InclusionProof,
    proof::{
        AncestryProof, Receipt, ReceiptTransaction, Sample, TAIL, WorkProof, missing_subtrees, points as draw_points,
    },
    store::ChainStore,
    target::Work,
};

/// The answer to a question for a proof of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvedWork {
    /// The proof of the work of the chain that ends at the tip.
    Proof(Box<WorkProof>),
    /// The tip's height is below [`TAIL`] + 2, too low for a proof. These are all headers from height 1 to the tip.
    TooShort(Vec<Header>),
    /// The start is no ancestor of the tip: it is the tip, above it, on another branch, or not known. A chain that
    /// [began at a snapshot](Chain::snapshot_height) proves nothing, so it knows no start either.
    UnknownStart,
}

/// The answer to a question for a proof that headers are ancestors of a tip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedAncestors {
    /// The proof. Without an item, it has no node either.
    pub proof: AncestryProof,
    /// The hashes that are not among the tip's ancestors, each once, in the order asked.
    pub missing: Vec<BlockHash>,
}

impl<S: ChainStore> Chain<S> {
    /// Proves the work of the active chain up to `tip`, by headers that `seed` chooses; see [`crate::proof`].
    ///
    /// A `tip` that is not on the active chain counts as the active chain's own tip. `slices` is the number of points
    /// in an octave. More than [`MAX_SLICES`](crate::proof::MAX_SLICES) count as that many, and with 0 there is no
    /// sample.
    ///
    /// `start` is a header whose work the asker has proved before. Points at or below its work are left out, and its
    /// leaf takes the place of genesis' as the first that the verifier knows. Zeros and genesis' hash mean genesis.
    ///
    /// # Errors
    /// An error of the store, and [`ChainError::Lost`] when it lacks the opening of a sample.
    pub fn prove_work(
        &self,
        tip: &BlockHash,
        seed: &[u8; 32],
        slices: u16,
        start: &BlockHash,
    ) -> Result<ProvedWork, ChainError<S::Error>> {
        if self.tree.base() > 0 {
            return Ok(ProvedWork::UnknownStart);
        }
        let top = self.height_of_tip(tip);
        // the header before the tail is not genesis, so that there is a header to sample
        let Some(last) = top.checked_sub(TAIL as u64 + 1).filter(|last| *last > 0) else {
            return Ok(ProvedWork::TooShort((1..=top).map(|height| self.entry(height).header).collect()));
        };
        let Some(start) = self.height_of_start(start, top) else { return Ok(ProvedWork::UnknownStart) };

        let (tip, before_tail, proved) = (self.entry(top), self.entry(last).work, self.entry(start).work);
        let points = draw_points(seed, &tip.hash, slices, tip.work.saturating_sub(before_tail), tip.work);
        let above = points.into_iter().filter(|point| *point > proved);
        let sampled: BTreeSet<_> = above.map(|point| self.height_of_work(point)).collect();

        let mut known = BTreeSet::from([start]);
        known.extend(sampled.iter().flat_map(|height| [height - 1, *height]));
        known.extend(last..top);
        let samples: Result<_, _> = sampled.into_iter().map(|height| self.sample(height)).collect();
        Ok(ProvedWork::Proof(Box::new(WorkProof {
            tip: tip.header,
            opening: self.opening_at(top)?.ok_or(ChainError::Lost(tip.hash))?,
            tail: (last + 1..top).map(|height| self.entry(height).header).collect(),
            before_tail,
            samples: samples?,
            nodes: self.range_nodes(&known, top),
        })))
    }

    /// Proves that headers are ancestors of `tip`. A `tip` that is not on the active chain counts as the active chain's
    /// own tip, which the proof names.
    ///
    /// # Errors
    /// An error of the store, and [`ChainError::Lost`] when it lacks the opening of an item.
    pub fn prove_ancestors(
        &self,
        tip: &BlockHash,
        hashes: &[BlockHash],
    ) -> Result<ProvedAncestors, ChainError<S::Error>> {
        let top = self.height_of_tip(tip);
        let (mut found, mut unknown, mut missing) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for hash in hashes {
            match self.height_on_chain(hash).filter(|height| *height < top && self.tree.base() == 0) {
                Some(height) => drop(found.insert(height)),
                None if unknown.insert(*hash) => missing.push(*hash),
                None => {}
            }
        }
        let known: BTreeSet<_> = found.iter().flat_map(|height| [height.saturating_sub(1), *height]).collect();
        let nodes = if found.is_empty() { Vec::new() } else { self.range_nodes(&known, top) };
        let items: Result<_, _> = found.into_iter().map(|height| self.sample(height)).collect();
        Ok(ProvedAncestors { proof: AncestryProof { tip: self.entry(top).hash, items: items?, nodes }, missing })
    }

    /// Returns the receipt of a transaction, `None` if no block of the active chain holds it, or if that block was
    /// pruned. It reads the block's body.
    ///
    /// # Errors
    /// An error of the store, and [`ChainError::Lost`] when it lacks the body or an index into it is wrong.
    pub fn receipt(&self, txid: &Txid) -> Result<Option<Receipt>, ChainError<S::Error>> {
        let Some((hash, index)) = self.find_transaction(txid)? else { return Ok(None) };
        let lost = || ChainError::Lost(hash);
        let Some(block) = self.block(&hash)? else {
            let height = self.tree.get(&hash).map(|entry| entry.header.height);
            return if height.is_some_and(|height| height < self.first_block()) { Ok(None) } else { Err(lost()) };
        };
        let inclusion = InclusionProof::build(block.ids(), index).ok_or_else(lost)?;
        let transaction = match usize::try_from(index).unwrap_or(usize::MAX).checked_sub(1) {
            None => ReceiptTransaction::Coinbase(block.block().coinbase.clone()),
            Some(at) => ReceiptTransaction::Transaction(block.block().transactions.get(at).cloned().ok_or_else(lost)?),
        };
        Ok(Some(Receipt { block: hash, inclusion, transaction }))
    }

    /// Returns the header at `height` with what ties it to a tip.
    fn sample(&self, height: u64) -> Result<Sample, ChainError<S::Error>> {
        let entry = self.entry(height);
        let opening = self.opening_at(height)?.ok_or(ChainError::Lost(entry.hash))?;
        let before = height.checked_sub(1).map_or(Work::ZERO, |below| self.entry(below).work);
        Ok(Sample { header: entry.header, opening, before })
    }

    /// Returns the nodes of the range over the ancestors of the header at `top` that do not follow from known leaves.
    fn range_nodes(&self, known: &BTreeSet<u64>, top: u64) -> Vec<[u8; 32]> {
        let known: Vec<_> = known.iter().copied().collect();
        let leaf = |height: u64| leaf_at(&self.tree, &self.active, height);
        missing_subtrees(&known, top).into_iter().map(|tree| self.mountains.node(tree, &leaf)).collect()
    }

    /// Returns the height of the header whose work covers a point: the first up to which the chain has that much work.
    /// The point is at most the tip's work.
    fn height_of_work(&self, point: Work) -> u64 {
        self.active.partition_point(|id| self.tree.node(*id).work < point) as u64
    }

    fn height_of_tip(&self, tip: &BlockHash) -> u64 {
        self.height_on_chain(tip).unwrap_or_else(|| self.height())
    }

    /// Returns the height of an ancestor of the header at `top`.
    fn height_of_start(&self, start: &BlockHash, top: u64) -> Option<u64> {
        if *start == BlockHash::ZERO {
            return Some(0);
        }
        self.height_on_chain(start).filter(|height| *height < top)
    }

    fn height_on_chain(&self, hash: &BlockHash) -> Option<u64> {
        self.tree.get(hash).map(|entry| entry.header.height).filter(|_| self.is_active(hash))
    }

    fn entry(&self, height: u64) -> &HeaderEntry {
        let id = self.active.get(self.active_index(height));
        self.tree.node(*id.expect("only heights up to the tip's are asked for"))
    }
}
