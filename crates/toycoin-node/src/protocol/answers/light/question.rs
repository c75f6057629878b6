//! The questions of light clients.

use toycoin_wire::node::{GetAncestors, GetFilters, GetProof, GetReceipts, NodeMessage};

use crate::limits;

/// A question of a light client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::protocol) enum LightQuestion {
    Proof(GetProof),
    Ancestors(GetAncestors),
    Receipts(GetReceipts),
    Filters(GetFilters),
}

impl LightQuestion {
    /// Returns the question in a message; `None` if it is another message.
    pub(in crate::protocol) fn of(message: &NodeMessage) -> Option<Self> {
        match message {
            NodeMessage::GetProof(request) => Some(Self::Proof(request.clone())),
            NodeMessage::GetAncestors(request) => Some(Self::Ancestors(request.clone())),
            NodeMessage::GetReceipts(request) => Some(Self::Receipts(request.clone())),
            NodeMessage::GetFilters(request) => Some(Self::Filters(*request)),
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

    /// Returns the cost of planning the answer, in tokens.
    pub(in crate::protocol) fn lookup_tokens(&self) -> u64 {
        match self {
            Self::Receipts(request) => limits::LOOKUP_TOKENS * request.transactions.len().max(1) as u64,
            Self::Proof(_) | Self::Ancestors(_) | Self::Filters(_) => limits::LOOKUP_TOKENS,
        }
    }
}
