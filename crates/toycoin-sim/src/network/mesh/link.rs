//! A connection between two nodes of a mesh, and what travels on it.

use std::rc::Rc;

use toycoin_node::{peering::Role, protocol::QuestionId};

use crate::link::Pipe;

/// Number of a connection, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkId(pub(crate) u64);

/// What one end of a connection knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It sends and receives.
    Open,
    /// It has closed the connection, and its node is about to be informed.
    Closing,
    /// Its node knows that the connection is over, or has crashed.
    Closed,
}

/// A connection between two nodes of a mesh.
#[derive(Debug)]
pub(crate) struct MeshLink {
    /// The node that dialled, and the node that was dialled.
    pub(super) nodes: [usize; 2],
    /// [`Role::Outbound`] or [`Role::Feeler`].
    pub(super) role: Role,
    /// What each of the two nodes sends.
    pub(super) pipes: [Pipe; 2],
    pub(super) ends: [End; 2],
    /// Whether each node's machine was informed that the peer has joined.
    pub(super) joined: [bool; 2],
    /// Whether nothing arrives any more, although an end may not know it yet.
    pub(super) broken: bool,
    /// Whether the dialled node has answered the one request for addresses.
    pub(super) gave_addresses: bool,
    /// Number of each node's questions whose end has not arrived.
    pub(super) unanswered: [usize; 2],
}

impl MeshLink {
    pub(super) fn new(dialler: usize, dialled: usize, role: Role) -> Self {
        Self {
            nodes: [dialler, dialled],
            role,
            pipes: [Pipe::default(); 2],
            ends: [End::Open; 2],
            joined: [false; 2],
            broken: false,
            gave_addresses: false,
            unanswered: [0; 2],
        }
    }

    /// Returns which of the two ends is a node's: 0 if it dialled, else 1.
    pub(super) fn side_of(&self, node: usize) -> usize {
        usize::from(self.nodes[0] != node)
    }

    /// Returns whether a node can still send on it.
    pub(super) fn is_open_at(&self, node: usize) -> bool {
        self.ends[self.side_of(node)] == End::Open
    }
}

/// What travels on a connection. Payloads are a tag and a body.
#[derive(Debug, Clone)]
pub(crate) enum Parcel {
    /// A message for everybody.
    Gossip(Rc<[u8]>),
    /// A question.
    Question(QuestionId, Rc<[u8]>),
    /// One message of the answer to a question.
    Answer(Rc<[u8]>),
    /// The end of an answer, with the question if the answer lacks something.
    End(Option<Rc<[u8]>>),
    /// A request for addresses, `GADR`.
    AskAddresses,
    /// Addresses, the payload of an `ADDR`.
    Addresses(Rc<[u8]>),
}

/// Bytes around each message: the frame's length, the headers of yamux and noise.
const OVERHEAD: usize = 34;

impl Parcel {
    /// Returns its bytes on the wire.
    pub(super) fn bytes(&self) -> usize {
        let payload = match self {
            Self::Gossip(payload) | Self::Question(_, payload) | Self::Answer(payload) | Self::Addresses(payload) => {
                payload.len()
            }
            Self::End(_) => 0,
            Self::AskAddresses => 4,
        };
        payload + OVERHEAD
    }
}
