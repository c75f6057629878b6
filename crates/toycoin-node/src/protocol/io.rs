//! A node's inputs and outputs, requests and responses.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use toycoin_core::{
    BlockHash, CheckedBlock, CompactTarget, Header, OutPoint, PublicKey, Rule, Transaction, Txid,
    chain::{Audit, HeaderCursor, HeaderPage, KnownHeader, Tip},
    utxo::Coin,
};
use toycoin_wire::NodeId;

use crate::{
    mempool::{AdmitError, DropReason, MempoolCursor, MempoolPage},
    protocol::{
        Claims, ClockWarning, Direction, Event, Judgement, Missed, PeerClaim, QuestionId, Ticket, Unanswered, Via,
    },
    relay::ConnectionId,
};

/// An input of a node's machine.
#[derive(Debug)]
pub enum Input<'a> {
    /// A connection to the relay with index `relay` in the configuration is established.
    Connected {
        /// The driver's name for the connection, never used again.
        connection: ConnectionId,
        /// The relay's index in the configuration.
        relay: usize,
        /// The node's id on this connection. It is drawn anew for each connection, because a relay refuses an id whose
        /// old connection still hangs.
        node_id: NodeId,
    },
    /// Bytes arrived on a connection, split at any place.
    Received {
        /// The connection.
        connection: ConnectionId,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Bytes that were [sent](Output::Send) on a connection are written, in the order in which they were sent.
    ///
    /// A driver must report all of them. Until then they count as waiting, and the machine lets at most
    /// [`TRANSPORT_QUEUE_BYTES`](crate::limits::TRANSPORT_QUEUE_BYTES) wait.
    Written {
        /// The connection.
        connection: ConnectionId,
        /// The number of bytes since the last such input.
        bytes: u64,
    },
    /// A connection has ended, closed by either side.
    Disconnected {
        /// The connection.
        connection: ConnectionId,
    },
    /// A mesh stands, with no peers so far: peers that are connected to us directly. [`Input::Disconnected`] ends it.
    MeshUp {
        /// The driver's name for it, never used again.
        connection: ConnectionId,
    },
    /// A peer of a mesh is connected, and both sides speak this protocol.
    Joined {
        /// The mesh.
        connection: ConnectionId,
        /// The peer's name, which it cannot choose.
        peer: NodeId,
        /// Who dialled.
        direction: Direction,
    },
    /// A peer of a mesh is gone.
    Left {
        /// The mesh.
        connection: ConnectionId,
        /// The peer.
        peer: NodeId,
    },
    /// A peer of a mesh said something.
    Heard {
        /// The mesh.
        connection: ConnectionId,
        /// The neighbour from which it came.
        from: NodeId,
        /// How it came, and so what is owed for it.
        via: Via,
        /// The payload: tag and body.
        payload: &'a [u8],
    },
    /// What a neighbour gossiped was dropped before it was judged, because too much waits for that. Gossip does not
    /// bring it again for a while, so it is asked of others once there is room.
    Missed {
        /// The mesh.
        connection: ConnectionId,
        /// The neighbour from which it came. It need not have joined.
        from: NodeId,
        /// What it was about.
        what: &'a Missed,
    },
    /// A peer of a mesh answered a question of ours in part or not at all. What did not come by now does not come.
    ///
    /// A driver tells this for each question for headers, blocks or transactions whose answer lacks something, after
    /// the messages of that answer. For a peer that is [gone](Input::Left) it need not.
    Unanswered {
        /// The mesh.
        connection: ConnectionId,
        /// The peer that was asked.
        from: NodeId,
        /// The payload of the question, or of a part of it: tag and body.
        question: &'a [u8],
        /// The reason.
        why: Unanswered,
    },
    /// The embedder asks for something.
    Request {
        /// The request's number, repeated in the [`Output::Reply`].
        id: RequestId,
        /// The request.
        request: Request,
    },
    /// The search for [`Output::Mine`] found a nonce.
    Mined {
        /// The job's number.
        job: JobId,
        /// The nonce.
        nonce: u64,
    },
    /// Make a fresh block template at once, if the node mines: [`Output::Mine`] follows.
    ///
    /// A driver whose search finds blocks at times that it draws gives this just before a found block is completed. A
    /// search has no memory, so the template may be as fresh as that. See
    /// [`lazy_templates`](crate::protocol::NodeConfig::lazy_templates).
    Refresh,
    /// The time of [`next_timeout`](crate::machine::Machine::next_timeout) has come.
    Timeout,
}

/// An output of a node's machine: what its driver must do.
#[derive(Debug)]
pub enum Output {
    /// Write bytes to a connection.
    Send {
        /// The connection.
        connection: ConnectionId,
        /// Whole frames.
        bytes: Bytes,
    },
    /// Say something on a mesh.
    Say {
        /// The mesh.
        connection: ConnectionId,
        /// To one peer; `None` publishes it by gossip.
        to: Option<NodeId>,
        /// The question that it answers. Without one it is a question of ours, or gossip.
        answers: Option<QuestionId>,
        /// The payload: tag and body.
        payload: Bytes,
    },
    /// No further answer to a peer's question follows.
    End {
        /// The question.
        question: QuestionId,
    },
    /// What was heard by gossip is judged: it goes on to others, or not.
    Judge {
        /// The ticket.
        ticket: Ticket,
        /// The judgement.
        judgement: Judgement,
    },
    /// A peer of a mesh is muted: have no connection with it for a time.
    Shun {
        /// The mesh.
        connection: ConnectionId,
        /// The peer.
        peer: NodeId,
        /// For how long.
        time: Duration,
    },
    /// Close a connection, once the bytes that were sent before are written.
    Close {
        /// The connection.
        connection: ConnectionId,
        /// The reason.
        reason: String,
    },
    /// Answer a request.
    Reply {
        /// The request's number.
        id: RequestId,
        /// The answer, boxed since it can be large.
        response: Box<Response>,
    },
    /// Search this header's nonce, and no other job from now on.
    Mine(MiningJob),
    /// Search nothing until the next [`Output::Mine`].
    StopMining,
    /// Publish an event to the listeners.
    Emit(Event),
    /// The store failed. The machine ignores every further input.
    Halt {
        /// The store's error.
        error: String,
    },
}

/// The number of a request, chosen by the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// The number of a mining job, chosen by the machine. A later job has a greater number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// A header whose nonce is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MiningJob {
    /// The job's number, repeated in [`Input::Mined`].
    pub id: JobId,
    /// The header, complete but for the nonce. Its bits give the difficulty.
    pub header: Header,
}

/// A request of the embedder.
#[derive(Debug, Clone)]
pub enum Request {
    /// Take a transaction into the mempool and publish it: [`Response::Submitted`].
    Submit(Transaction),
    /// The node's status: [`Response::Status`].
    Status,
    /// An owner's coins in the UTXO set, immature ones included: [`Response::Coins`].
    Coins(PublicKey),
    /// A block of any branch by its hash: [`Response::Block`].
    Block(BlockHash),
    /// A block of the active chain by its height: [`Response::Block`].
    BlockAt(u64),
    /// A transaction and its location: [`Response::Transaction`].
    Transaction(Txid),
    /// [`Submit`](Self::Submit) a transaction and [wait for its confirmations](Self::WaitForConfirmations) in one step.
    /// The answer is [`Response::Submitted`] with the error if the transaction is refused, else the answer to the wait.
    /// A transaction that is already confirmed is waited for as well.
    SubmitAndWait {
        /// The transaction.
        transaction: Transaction,
        /// The number of confirmations, its own block included, at least 1.
        confirmations: u64,
    },
    /// Wait until a transaction has this many confirmations, at least 1: [`Response::Confirmed`] or
    /// [`Response::NotConfirmed`]. The count begins again if a reorganisation removes them. For a transaction that was
    /// dropped or is unknown the answer comes at once.
    WaitForConfirmations {
        /// The transaction.
        txid: Txid,
        /// The number of confirmations, its own block included.
        confirmations: u64,
    },
    /// Stop waiting for the answer to another request.
    Cancel(RequestId),
    /// Some of the moves from a block to the tip: [`Response::Since`].
    Since(BlockHash),
    /// The hashes of the active chain: [`Response::ActiveChain`].
    ActiveChain,
    /// Count the supply from the UTXO set: [`Response::Audit`].
    Audit,
    /// Start or stop mining: [`Response::Done`].
    SetMining(bool),
    /// Delay the publication of each block that the node finds from now on: [`Response::Done`]. A block that waits
    /// already does not wait longer than that from now.
    SetBlockDelay(Duration),
    /// The known peers: [`Response::Peers`].
    Peers,
    /// Some of what waits in the mempool, in the order of [`Mempool::page`](crate::mempool::Mempool::page):
    /// [`Response::Mempool`].
    Mempool {
        /// Where the page begins; `None` for the first page.
        after: Option<MempoolCursor>,
        /// Most transactions of the page, at most [`MEMPOOL_PAGE`](crate::limits::MEMPOOL_PAGE).
        limit: usize,
    },
    /// Some of the known headers of all branches, as [`Chain::headers_from`](toycoin_core::Chain::headers_from) returns
    /// them: [`Response::Headers`].
    Headers {
        /// Where the page begins.
        from: HeaderCursor,
        /// Most headers of the page, at most [`HEADER_PAGE`](crate::limits::HEADER_PAGE).
        limit: usize,
    },
    /// The tips of all branches, the active chain's first, then those with the most work, at most
    /// [`TIPS`](crate::limits::TIPS): [`Response::Tips`].
    Tips,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone)]
pub enum Response {
    /// Answers [`Request::Submit`], and [`Request::SubmitAndWait`] if the transaction is refused.
    Submitted(Result<Txid, SubmitError>),
    /// Answers [`Request::Status`].
    Status(Status),
    /// Answers [`Request::Coins`].
    Coins(Vec<(OutPoint, Coin)>),
    /// Answers [`Request::Block`] and [`Request::BlockAt`].
    Block(Option<Arc<CheckedBlock>>),
    /// Answers [`Request::Transaction`].
    Transaction(Option<TransactionPlace>),
    /// Answers [`Request::WaitForConfirmations`] and [`Request::SubmitAndWait`].
    Confirmed(Confirmed),
    /// Answers the same requests when the confirmations will not come as far as this node knows, or too many requests
    /// wait.
    NotConfirmed(WaitError),
    /// Answers [`Request::Since`]; `None` when the block is unknown, or blocks above it were pruned.
    Since(Option<ChainDelta>),
    /// Answers [`Request::ActiveChain`]; genesis comes first.
    ActiveChain(Vec<BlockHash>),
    /// Answers [`Request::Audit`].
    Audit(Audit),
    /// Answers [`Request::SetMining`], [`Request::SetBlockDelay`] and [`Request::Cancel`].
    Done,
    /// Answers [`Request::Peers`].
    Peers(Vec<PeerInfo>),
    /// Answers [`Request::Mempool`].
    Mempool(MempoolPage),
    /// Answers [`Request::Headers`].
    Headers(HeaderPage),
    /// Answers [`Request::Tips`].
    Tips(Vec<KnownHeader>),
    /// Answers any request, once the store has failed.
    Halted,
}

/// The reason why a node refuses a transaction from its embedder. The node keeps nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The mempool refuses the transaction.
    #[error(transparent)]
    Refused(#[from] AdmitError),
    /// Too many payments of this node already wait for a block.
    #[error("{limit} payments wait for their confirmation already; submit this one when some are confirmed")]
    TooManyPending {
        /// The highest allowed number.
        limit: usize,
    },
}

impl SubmitError {
    /// Returns the rule that the transaction breaks, if that is the reason.
    pub fn broken_rule(&self) -> Option<Rule> {
        match self {
            Self::Refused(error) => error.broken_rule(),
            Self::TooManyPending { .. } => None,
        }
    }
}

/// The reason why a wait for confirmations ended without them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The transaction was dropped.
    #[error("the transaction was dropped: {0}")]
    Dropped(DropReason),
    /// The transaction is neither in the mempool nor on the active chain, and was not dropped recently.
    #[error("transaction {txid} is not known here; submit it first")]
    Unknown {
        /// Its id.
        txid: Txid,
    },
    /// The request was [cancelled](Request::Cancel).
    #[error("the request was cancelled")]
    Cancelled,
    /// Too many requests wait already.
    #[error("too many requests wait for confirmations")]
    TooMany,
}

/// A transaction that has the requested confirmations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// The block that holds it.
    pub block: BlockHash,
    /// The block's height.
    pub height: u64,
    /// The number of confirmations it has now.
    pub confirmations: u64,
}

/// A transaction and its location.
#[derive(Debug, Clone)]
pub struct TransactionPlace {
    /// The transaction; `None` for a coinbase, and if its block was pruned.
    pub transaction: Option<Transaction>,
    /// Its block and height; `None` while it waits in the mempool.
    pub block: Option<(BlockHash, u64)>,
    /// The number of its confirmations.
    pub confirmations: u64,
}

/// Some of the moves of the tip.
#[derive(Debug, Clone)]
pub struct ChainDelta {
    /// Blocks that left the active chain, the highest first.
    pub disconnected: Vec<Arc<CheckedBlock>>,
    /// Blocks that entered it, the lowest first.
    pub connected: Vec<Arc<CheckedBlock>>,
    /// Whether the last of them is the tip. If not, ask again from there.
    pub complete: bool,
}

/// The status of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The active chain's tip.
    pub tip: Tip,
    /// The height of the best header that was verified (rules R06 to R14), regardless of peers' claims. It is above the
    /// tip's during initial block download (IBD).
    pub best_height: u64,
    /// Headers that were verified, and are held back until their chain has more work than the tip.
    pub held_headers: usize,
    /// The number of transactions in the mempool.
    pub mempool: usize,
    /// Their size by formula, in bytes.
    pub mempool_bytes: u64,
    /// The number of relay connections that are ready.
    pub connections: usize,
    /// The number of peers that were heard recently.
    pub peers: usize,
    /// The peers' claims about their chains, with the number of peers for each. Nobody has verified them.
    pub claims: Claims,
    /// The block whose nonce is searched at the moment; `None` while the node does not mine, or waits.
    pub search: Option<BlockSearch>,
    /// The present clock warning, about this machine's clock or another one, if there is any.
    pub clock: Option<ClockWarning>,
    /// The height of the snapshot at which the chain began, if it did. The coins up to there are assumed: the work of the
    /// chain covers them, and nobody has computed them from the blocks here. So every balance is assumed as well.
    pub assumed: Option<u64>,
    /// The height of the first block that the node has: 0, or more if the chain began with a snapshot or is pruned. It
    /// gives nobody a block from below.
    pub first_block: u64,
}

/// The search for a block's nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockSearch {
    /// The height of the block.
    pub height: u64,
    /// The target that its hash must meet.
    pub bits: CompactTarget,
    /// The number of payments that it holds.
    pub payments: usize,
}

/// A peer as this node sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerInfo {
    /// The connection on which it is heard.
    pub connection: ConnectionId,
    /// Its id there.
    pub id: NodeId,
    /// Who dialled, on a mesh; `None` for a peer that is heard through a relay.
    pub direction: Option<Direction>,
    /// Where it is, on a mesh, as text for people. The machine does not know it; the runtime adds it.
    pub address: Option<String>,
    /// Its last claim, if it has sent a status of this network.
    pub claim: Option<PeerClaim>,
    /// Its misbehaviour score.
    pub score: u32,
    /// Whether it is muted.
    pub muted: bool,
}
