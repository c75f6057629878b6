//! What goes into the machine and what comes out.

use std::time::Duration;

use bytes::Bytes;
use toycoin_core::{
    Block, BlockHash, Header, PublicKey, Transaction, Txid, Work,
    proof::{AncestryProof, Receipt, WorkProof},
};
use toycoin_wire::{NodeId, Tag};

/// A full node that is asked: a peer on one connection. On another connection the same name is another server, since
/// the relay there may lie about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Server {
    /// The connection, by the driver's number.
    pub connection: u64,
    /// The peer on it.
    pub peer: NodeId,
}

/// An input of the light client.
#[derive(Debug)]
pub enum Input<'a> {
    /// A connection stands: a relay has confirmed the subscription, or a mesh is up.
    Opened {
        /// The connection's number, which no other connection has had.
        connection: u64,
    },
    /// A connection is gone, with all servers on it.
    Closed {
        /// The connection.
        connection: u64,
    },
    /// A server has joined a mesh. On a relay, servers are heard of by what they say.
    Joined {
        /// The server.
        server: Server,
    },
    /// A server is gone.
    Left {
        /// The server.
        server: Server,
    },
    /// A server said something, to us or to all.
    Heard {
        /// The server.
        server: Server,
        /// The payload: tag and body.
        payload: &'a [u8],
    },
    /// A server will not answer what it was asked.
    Unanswered {
        /// The server.
        server: Server,
        /// The tag of the question.
        question: Tag,
    },
    /// Follow the payments of another owner too, from a height on.
    Watch {
        /// The owner.
        owner: PublicKey,
        /// The lowest height at which the owner may have been paid.
        birthday: u64,
    },
    /// Tell the network a payment, again and again until a block holds it.
    Pay {
        /// The payment.
        transaction: Transaction,
    },
    /// Tell a payment no more.
    Forget {
        /// Its id.
        txid: Txid,
    },
    /// Collect the receipt of a transaction.
    Prove {
        /// Its id.
        txid: Txid,
    },
    /// The time of [`next_timeout`](toycoin_wire::machine::Machine::next_timeout) has come.
    Timeout,
}

/// An output of the light client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Say something to one server.
    Ask {
        /// The server.
        server: Server,
        /// The payload: tag and body.
        payload: Bytes,
    },
    /// Say something to all on a connection.
    Tell {
        /// The connection.
        connection: u64,
        /// The payload: tag and body.
        payload: Bytes,
    },
    /// A server sent something false. Nothing that it says is heard for a time.
    Mute {
        /// The server.
        server: Server,
        /// For how long.
        time: Duration,
        /// What was false.
        reason: String,
    },
    /// Something that the user wants to know.
    Emit(Event),
}

/// What a light client reports.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The proved tip has moved.
    Tip(Tip),
    /// Blocks above this height may have been replaced: forget them. Those that concern the owners are reported again.
    Rewound {
        /// The highest block that stays.
        height: u64,
    },
    /// An owner is watched from here on. If blocks have to be searched again for it, [`Rewound`](Self::Rewound) came
    /// before.
    Watched {
        /// The owner.
        owner: PublicKey,
    },
    /// A block pays an owner, or spends an owner's coin. Blocks come in the order of their heights.
    Block(Box<Block>),
    /// All blocks up to this height are searched.
    Searched {
        /// The height.
        height: u64,
        /// The height up to which at least two servers gave the same filters.
        confirmed: u64,
    },
    /// A server sent something false and is muted.
    Muted {
        /// The server.
        server: Server,
        /// What was false.
        reason: String,
    },
    /// A receipt is complete and holds.
    Receipt(Box<ReceiptBundle>),
    /// No server has a receipt for a transaction: no block holds it, or they withhold it.
    NoReceipt {
        /// The transaction.
        txid: Txid,
    },
}

/// A tip whose work was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: BlockHash,
    /// The chain's work up to and including it.
    pub work: Work,
}

/// A receipt with all that ties it to a tip. It can be checked without a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptBundle {
    /// The transaction and the proof that its block holds it.
    pub receipt: Receipt,
    /// The block's header.
    pub header: Header,
    /// The proof of the tip's work, which nobody drew a seed for: seed zero, 40 slices.
    pub proof: WorkProof,
    /// The proof that the block is an ancestor of the tip; `None` if the header is the tip or in the proof's tail.
    pub ancestry: Option<AncestryProof>,
}
