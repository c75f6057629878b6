//! The block of a snapshot, tied to the proved tip.

use toycoin_core::{
    BlockHash, ChainParams, Work,
    proof::{AncestryProof, Opening},
    state::Ancestors,
};

use super::offers::Offer;
use crate::{AncestryError, ProvedHeader, ProvedTip, ancestry::verify_folded, machine::tip::TipKeeper};

/// A block and its parent, which are ancestors of a proved tip.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) block: ProvedHeader,
    pub(super) previous: ProvedHeader,
    pub(super) opening: Opening,
    /// The range over the block's ancestors.
    pub(super) ancestors: Ancestors,
    /// The height and hash of the tip.
    tip: (u64, BlockHash),
}

impl Origin {
    /// Verifies the proof for the block of an offer and its parent. `None` if it is right, and of other blocks.
    pub(super) fn verify(
        params: &ChainParams,
        tip: &ProvedTip,
        offer: &Offer,
        proof: &AncestryProof,
    ) -> Result<Option<Self>, AncestryError> {
        let (headers, folded) = verify_folded(params, tip, proof)?;
        let [previous, block] = headers.as_slice() else { return Ok(None) };
        if (previous.hash(), block.hash()) != (offer.header.previous, offer.block) {
            return Ok(None);
        }
        let height = block.height();
        let peaks = folded.and_then(|folded| folded.prefix_peaks(height));
        let ancestors = peaks.and_then(|peaks| Ancestors::from_parts(height, peaks));
        let origin = block.opening().zip(ancestors).map(|(opening, ancestors)| Self {
            block: *block,
            previous: *previous,
            opening,
            ancestors,
            tip: (tip.height(), tip.hash()),
        });
        Ok(origin)
    }

    /// Returns whether the block is an ancestor of the tip as it is now.
    pub(super) fn is_tied(&self, tip: &TipKeeper) -> bool {
        let (height, hash) = &self.tip;
        tip.window.holds(*height, hash)
    }

    /// Returns the chain's work up to the parent, and up to the block.
    pub(super) const fn work(&self) -> (Work, Work) {
        (self.previous.work(), self.block.work())
    }
}
