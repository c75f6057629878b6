//! The proof that headers are ancestors of a tip.

use crate::{digest::BlockHash, proof::Sample};

/// A proof that some headers are ancestors of a tip whose work was proved before. It is for old payments.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AncestryProof {
    /// The tip's hash.
    pub tip: BlockHash,
    /// The ancestors, the lowest first.
    pub items: Vec<Sample>,
    /// The nodes of the mountain range that the verifier cannot compute, depth first, left before right.
    pub nodes: Vec<[u8; 32]>,
}
