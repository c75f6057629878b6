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
    /// Returns the question in a message, or the message if it is another one.
    pub(in crate::protocol) fn of(message: NodeMessage) -> Result<Self, NodeMessage> {
        match message {
            NodeMessage::GetProof(request) => Ok(Self::Proof(request)),
            NodeMessage::GetAncestors(request) => Ok(Self::Ancestors(request)),
            NodeMessage::GetReceipts(request) => Ok(Self::Receipts(request)),
            NodeMessage::GetFilters(request) => Ok(Self::Filters(request)),
            other => Err(other),
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
