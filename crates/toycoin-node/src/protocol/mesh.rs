//! The words of a mesh: peers that are connected to us directly, without a relay between.
//!
//! ```text
//!   what comes, via          what this node owes
//!   Gossip(ticket)           a judgement of that ticket: accept, ignore or reject; nothing goes on before it
//!   Question(id)             answers of that id, any number, and then its end
//!   Answer                   nothing
//! ```
//!
//! What was gossiped and could not be judged, because too much waits, is [`Missed`]. A question of ours whose answer lacks something is [`Unanswered`]: what did not come by then does not come.

use toycoin_core::{Header, Txid};
use toycoin_wire::node::{NodeMessage, Payload};

/// Who opened a direct connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The peer dialled us.
    Inbound,
    /// We dialled the peer.
    Outbound,
}

/// The number that a driver gives to a gossiped message, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// The number that a driver gives to a peer's question, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuestionId(pub u64);

/// How a message of a peer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// By gossip: a neighbour forwards it, and perhaps is not its author. Each ticket gets exactly one judgement.
    Gossip(Ticket),
    /// As a question, which has exactly one end.
    Question(QuestionId),
    /// As an answer to a question of ours.
    Answer,
}

/// Whether a gossiped message goes on to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// It goes on.
    Accept,
    /// It does not, and that is nobody's fault.
    Ignore,
    /// It does not, and its sender should have seen why.
    Reject,
}

/// What a gossiped message was about that was dropped before it was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// A transaction with this id.
    Transaction(Txid),
    /// A block with this header.
    Block(Header),
}

impl Missed {
    /// Returns what a gossiped payload is about; `None` if nobody gossips such a payload. That takes one decoding of
    /// the payload and one hash.
    pub fn of(payload: &[u8]) -> Option<Self> {
        let Ok(Payload::Message(message)) = NodeMessage::decode(payload) else { return None };
        match message {
            NodeMessage::Transaction(transaction) => Some(Self::Transaction(transaction.txid())),
            NodeMessage::Block(block) => Some(Self::Block(block.header)),
            NodeMessage::Headers(headers) => headers.first().filter(|_| headers.len() == 1).copied().map(Self::Block),
            _ => None,
        }
    }
}

/// Why a question of ours is not answered, or not wholly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unanswered {
    /// The answer ended without it, its stream was reset, or the question could not be put. That means "not now", and
    /// is nobody's fault.
    NotNow,
    /// The answer did not end in the time that it may take: [`ASK_PATIENCE`](crate::limits::ASK_PATIENCE).
    TimedOut,
}
