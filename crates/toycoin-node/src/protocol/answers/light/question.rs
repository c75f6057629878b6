//! The questions of light clients.

use toycoin_core::BlockHash;
use toycoin_wire::node::{GetAncestors, GetChunk, GetFilters, GetProof, GetReceipts, NodeMessage};

use crate::limits;

/// A question of a light client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::protocol) enum LightQuestion {
    Proof(GetProof),
    Ancestors(GetAncestors),
    Receipts(GetReceipts),
    Filters(GetFilters),
    /// The manifest of the snapshot of a block; zeros stand for the newest.
    Manifest(BlockHash),
    Chunk(GetChunk),
}

impl LightQuestion {
    /// Returns the question in a message; `None` if it is another message.
    pub(in crate::protocol) fn of(message: &NodeMessage) -> Option<Self> {
        match message {
            NodeMessage::GetProof(request) => Some(Self::Proof(request.clone())),
            NodeMessage::GetAncestors(request) => Some(Self::Ancestors(request.clone())),
            NodeMessage::GetReceipts(request) => Some(Self::Receipts(request.clone())),
            NodeMessage::GetFilters(request) => Some(Self::Filters(*request)),
            NodeMessage::GetManifest(block) => Some(Self::Manifest(*block)),
            NodeMessage::GetChunk(request) => Some(Self::Chunk(*request)),
            _ => None,
        }
    }

    /// Returns what is wrong with the question, if no honest client asks it.
    pub(in crate::protocol) fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Proof(request) if request.slices == 0 => Some("GPRF asks for a proof without a sample"),
            _ => None,
        }
    }

    pub(in crate::protocol) const fn is_proof(&self) -> bool {
        matches!(self, Self::Proof(_))
    }

    /// Returns whether its answer is paid from the buckets for chunks of snapshots.
    pub(in crate::protocol) const fn is_chunk(&self) -> bool {
        matches!(self, Self::Chunk(_))
    }

    /// Returns the hashes by which an answer says that it has nothing of what is asked for.
    pub(in crate::protocol) fn hashes(&self) -> Vec<[u8; 32]> {
        match self {
            Self::Proof(request) => vec![request.start.to_bytes()],
            Self::Ancestors(request) => request.blocks.iter().map(|block| block.to_bytes()).collect(),
            Self::Receipts(request) => request.transactions.iter().map(|txid| txid.to_bytes()).collect(),
            Self::Filters(request) => vec![request.last.to_bytes()],
            Self::Manifest(block) => vec![block.to_bytes()],
            Self::Chunk(request) => vec![request.snapshot],
        }
    }

    /// Returns the cost of planning the answer, in tokens.
    pub(in crate::protocol) fn lookup_tokens(&self) -> u64 {
        match self {
            Self::Receipts(request) => limits::LOOKUP_TOKENS * request.transactions.len().max(1) as u64,
            _ => limits::LOOKUP_TOKENS,
        }
    }
}
