//! The verifier of proofs that headers are ancestors of a proved tip.

use std::collections::BTreeMap;

use thiserror::Error;
use toycoin_core::{
    BlockHash, ChainParams, CompactTarget, Target, Work,
    proof::{AncestryProof, Folded, MultiproofError, Sample, fold},
};
use toycoin_wire::limits::MAX_ANCESTORS;

use crate::{MAX_NODES, ProvedHeader, ProvedTip, verify::checked_add};

/// The reason why a proof of ancestry is refused. The variants stand in the order of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AncestryError {
    /// The proof is for another tip.
    #[error("the proof is for the tip {found}, not for {expected}")]
    OtherTip {
        /// The tip of the proof.
        found: BlockHash,
        /// The tip whose work is proved.
        expected: BlockHash,
    },
    /// There are more headers than one may ask for.
    #[error("{found} headers are more than {MAX_ANCESTORS}, the most that one may ask for")]
    TooManyHeaders {
        /// The number of headers.
        found: usize,
    },
    /// There are more nodes than any proof needs.
    #[error("{found} nodes are more than {MAX_NODES}, the most that a proof may have")]
    TooManyNodes {
        /// The number of nodes.
        found: usize,
    },
    /// The headers are not in ascending order, or one is there twice.
    #[error("the header at height {height} follows one at {before}")]
    Order {
        /// The header's height.
        height: u64,
        /// The height of the header before it.
        before: u64,
    },
    /// A header is not below the tip.
    #[error("the header at height {height} is not below the tip at {tip}")]
    Height {
        /// The header's height.
        height: u64,
        /// The tip's height.
        tip: u64,
    },
    /// The bits of a header are no target, or not in the canonical form of their target.
    #[error("the header at height {height} has bits {bits}, which is not how a target is written in compact form")]
    Bits {
        /// The header's height.
        height: u64,
        /// Its bits.
        bits: CompactTarget,
    },
    /// There is work before genesis.
    #[error("the proof claims work before genesis")]
    WorkBeforeGenesis,
    /// The work up to a header is 2^256 or more.
    #[error("the work up to height {height} would be 2^256 or more")]
    WorkOverflow {
        /// The header's height.
        height: u64,
    },
    /// Two parts of the proof contradict each other about one header's hash or the work up to it.
    #[error("two parts of the proof say different things of the header at height {height}")]
    Claims {
        /// The header's height.
        height: u64,
    },
    /// A node of the range is missing.
    #[error("a node of the range is missing")]
    NodeMissing,
    /// A node of the range is left over.
    #[error("a node of the range is left over")]
    NodeLeftOver,
    /// The tip does not commit to the headers and the work that the proof shows.
    #[error("the tip does not commit to what the proof shows")]
    TipState,
    /// A header does not commit to the headers and the work before it.
    #[error("the header at height {height} does not commit to what the proof shows before it")]
    State {
        /// The header's height.
        height: u64,
    },
}

impl From<MultiproofError> for AncestryError {
    fn from(error: MultiproofError) -> Self {
        match error {
            MultiproofError::Missing => Self::NodeMissing,
            MultiproofError::LeftOver => Self::NodeLeftOver,
        }
    }
}

/// Verifies that headers are ancestors of a tip, and returns them with the work up to each, the lowest first.
///
/// The tip's work is proved already, so the headers' own proof of work needs no check: the tip commits to each of them.
/// Whether these are the headers that were asked for is for the caller to compare.
///
/// # Errors
/// The first check that fails; see [`AncestryError`].
pub fn verify_ancestry(
    params: &ChainParams,
    tip: &ProvedTip,
    proof: &AncestryProof,
) -> Result<Vec<ProvedHeader>, AncestryError> {
    verify_folded(params, tip, proof).map(|(headers, _)| headers)
}

/// Verifies as [`verify_ancestry`], and returns also the range that the proof shows; `None` if there are no headers.
pub(crate) fn verify_folded(
    params: &ChainParams,
    tip: &ProvedTip,
    proof: &AncestryProof,
) -> Result<(Vec<ProvedHeader>, Option<Folded>), AncestryError> {
    check_form(tip, proof)?;
    let mut leaves = BTreeMap::new();
    let headers: Vec<_> = proof.items.iter().map(|item| claims(item, &mut leaves)).collect::<Result<_, _>>()?;
    if headers.is_empty() {
        return if proof.nodes.is_empty() { Ok((headers, None)) } else { Err(AncestryError::NodeLeftOver) };
    }
    let folded = fold(&leaves, tip.height(), &proof.nodes)?;
    let root = tip.opening().state_root(params.issued(tip.height()), &folded.root());
    if root != tip.header().state_root {
        return Err(AncestryError::TipState);
    }
    proof.items.iter().try_for_each(|item| check_prefix(params, item, &folded))?;
    Ok((headers, Some(folded)))
}

fn check_form(tip: &ProvedTip, proof: &AncestryProof) -> Result<(), AncestryError> {
    let (found, expected) = (proof.tip, tip.hash());
    if found != expected {
        return Err(AncestryError::OtherTip { found, expected });
    }
    let (items, nodes) = (proof.items.len(), proof.nodes.len());
    if items > MAX_ANCESTORS {
        return Err(AncestryError::TooManyHeaders { found: items });
    }
    if nodes > MAX_NODES {
        return Err(AncestryError::TooManyNodes { found: nodes });
    }
    let mut before = None;
    for height in proof.items.iter().map(|item| item.header.height) {
        match before {
            Some(before) if before >= height => return Err(AncestryError::Order { height, before }),
            _ if height >= tip.height() => return Err(AncestryError::Height { height, tip: tip.height() }),
            _ => before = Some(height),
        }
    }
    Ok(())
}

/// Notes the leaves that a header claims: its own and its parent's.
fn claims(item: &Sample, leaves: &mut BTreeMap<u64, (BlockHash, Work)>) -> Result<ProvedHeader, AncestryError> {
    let Sample { header, opening, before } = *item;
    let (height, bits, hash) = (header.height, header.bits, header.hash());
    let own = bits.to_target().ok().filter(|_| bits.is_canonical()).map(Target::work);
    let own = own.ok_or(AncestryError::Bits { height, bits })?;
    if height == 0 && before != Work::ZERO {
        return Err(AncestryError::WorkBeforeGenesis);
    }
    let work = checked_add(before, own).ok_or(AncestryError::WorkOverflow { height })?;
    let parent = height.checked_sub(1).map(|parent| (parent, (header.previous, before)));
    for (height, claim) in parent.into_iter().chain([(height, (hash, work))]) {
        if *leaves.entry(height).or_insert(claim) != claim {
            return Err(AncestryError::Claims { height });
        }
    }
    Ok(ProvedHeader { header, hash, work, opening: Some(opening) })
}

fn check_prefix(params: &ChainParams, item: &Sample, folded: &Folded) -> Result<(), AncestryError> {
    let height = item.header.height;
    let root = folded.prefix_root(height).map(|root| item.opening.state_root(params.issued(height), &root));
    if root == Some(item.header.state_root) { Ok(()) } else { Err(AncestryError::State { height }) }
}
