//! What can happen to a node, and what it wants done.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use toycoin_core::{
    Amount, BlockHash, CheckedBlock, Header, OutPoint, PublicKey, Rule, Transaction, Txid,
    chain::{Audit, Tip},
    utxo::Coin,
};
use toycoin_wire::NodeId;

use crate::{
    mempool::{AdmitError, DropReason},
    protocol::{Claims, ClockWarning, PeerClaim},
    relay::ConnectionId,
};

/// What can happen to a node.
#[derive(Debug)]
pub enum Input<'a> {
    /// A connection to relay number `relay` of the configuration stands.
    Connected {
        /// The driver's name for it, never used again.
        connection: ConnectionId,
        /// Which relay, in the configuration's order.
        relay: usize,
        /// The node's id on this connection: drawn anew for each, so that a hanging old one locks nobody out.
        node_id: NodeId,
    },
    /// Bytes came on a connection, in any split.
    Received {
        /// The connection.
        connection: ConnectionId,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Bytes that were [sent](Output::Send) on a connection are written, in the order in which they were sent.
    ///
    /// A driver says so of all of them: until then they count as waiting, and a machine sends no more than
    /// [`TRANSPORT_QUEUE_BYTES`](crate::limits::TRANSPORT_QUEUE_BYTES) that wait.
    Written {
        /// The connection.
        connection: ConnectionId,
        /// How many bytes, since the last of these inputs.
        bytes: u64,
    },
    /// A connection is gone, by whichever side.
    Disconnected {
        /// The connection.
        connection: ConnectionId,
    },
    /// Whoever embeds the node asks for something.
    Request {
        /// Comes back with the [`Output::Reply`].
        id: RequestId,
        /// What is asked.
        request: Request,
    },
    /// The search for [`Output::Mine`] found a nonce.
    Mined {
        /// The job's number.
        job: JobId,
        /// The nonce.
        nonce: u64,
    },
    /// The time of [`next_timeout`](crate::machine::Machine::next_timeout) has come.
    Timeout,
}

/// What a node wants done.
#[derive(Debug)]
pub enum Output {
    /// Write bytes to a connection.
    Send {
        /// The connection.
        connection: ConnectionId,
        /// Whole frames.
        bytes: Bytes,
    },
    /// Close a connection, once what was sent before is written.
    Close {
        /// The connection.
        connection: ConnectionId,
        /// Why.
        reason: String,
    },
    /// Answer a request.
    Reply {
        /// The request's number.
        id: RequestId,
        /// The answer, boxed since it can be large.
        response: Box<Response>,
    },
    /// Search this header's nonce, and nothing else from now on.
    Mine(MiningJob),
    /// Search nothing until the next [`Output::Mine`].
    StopMining,
    /// Tell whoever listens.
    Emit(Event),
    /// The store failed: the machine ignores everything from now on.
    Halt {
        /// The store's error.
        error: String,
    },
}

/// The number that a driver gives a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// The number that the machine gives a template; a later one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// A header whose nonce is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MiningJob {
    /// Comes back with [`Input::Mined`].
    pub id: JobId,
    /// All but the nonce is set; its bits say how hard.
    pub header: Header,
}

/// What an embedder can ask of a node.
#[derive(Debug, Clone)]
pub enum Request {
    /// Take a transaction into the mempool and tell the network: [`Response::Submitted`].
    Submit(Transaction),
    /// [`Response::Status`].
    Status,
    /// The coins of an owner, mature or not: [`Response::Coins`].
    Coins(PublicKey),
    /// A block of any branch by its hash: [`Response::Block`].
    Block(BlockHash),
    /// A block of the active chain by its height: [`Response::Block`].
    BlockAt(u64),
    /// Where a transaction is: [`Response::Transaction`].
    Transaction(Txid),
    /// [`Submit`](Self::Submit) a transaction and [wait for its confirmations](Self::WaitForConfirmations), with nothing in
    /// between: [`Response::Submitted`] with the error if it is not taken, else the answer to the wait. One that is
    /// confirmed already is waited for.
    SubmitAndWait {
        /// The transaction.
        transaction: Transaction,
        /// How many blocks, its own included, at least 1.
        confirmations: u64,
    },
    /// Wait until a transaction has so many confirmations, at least 1: [`Response::Confirmed`] or
    /// [`Response::NotConfirmed`]. Counts again if a reorganisation takes them away. One that was dropped before, or is
    /// not known, is answered at once.
    WaitForConfirmations {
        /// The transaction.
        txid: Txid,
        /// How many blocks, its own included.
        confirmations: u64,
    },
    /// Stop waiting for the answer to another request.
    Cancel(RequestId),
    /// The moves from a block to the tip, some at a time: [`Response::Since`].
    Since(BlockHash),
    /// The active chain's hashes: [`Response::ActiveChain`].
    ActiveChain,
    /// Count the supply from the coins: [`Response::Audit`].
    Audit,
    /// Begin or stop to mine: [`Response::Done`].
    SetMining(bool),
    /// What peers are known: [`Response::Peers`].
    Peers,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone)]
pub enum Response {
    /// To [`Request::Submit`]; to [`Request::SubmitAndWait`] if the transaction is not taken.
    Submitted(Result<Txid, SubmitError>),
    /// To [`Request::Status`].
    Status(Status),
    /// To [`Request::Coins`].
    Coins(Vec<(OutPoint, Coin)>),
    /// To [`Request::Block`] and [`Request::BlockAt`].
    Block(Option<Arc<CheckedBlock>>),
    /// To [`Request::Transaction`].
    Transaction(Option<TransactionPlace>),
    /// To [`Request::WaitForConfirmations`] and [`Request::SubmitAndWait`].
    Confirmed(Confirmed),
    /// To the same: it will not be, as far as this node knows, or too many wait.
    NotConfirmed(WaitError),
    /// To [`Request::Since`]; `None` when the block is not known.
    Since(Option<ChainDelta>),
    /// To [`Request::ActiveChain`]: genesis first.
    ActiveChain(Vec<BlockHash>),
    /// To [`Request::Audit`].
    Audit(Audit),
    /// To [`Request::SetMining`] and [`Request::Cancel`].
    Done,
    /// To [`Request::Peers`].
    Peers(Vec<PeerInfo>),
    /// To any request, once the store has failed.
    Halted,
}

/// Why a node does not take a transaction from whoever embeds it. Nothing of the transaction is kept then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The mempool refuses it.
    #[error(transparent)]
    Refused(#[from] AdmitError),
    /// As many payments as the node repeats wait for a block already.
    #[error("{limit} payments wait for their confirmation already; submit this one when some are confirmed")]
    TooManyPending {
        /// The most.
        limit: usize,
    },
}

impl SubmitError {
    /// Returns the rule that the transaction breaks, if that is why.
    pub fn broken_rule(&self) -> Option<Rule> {
        match self {
            Self::Refused(error) => error.broken_rule(),
            Self::TooManyPending { .. } => None,
        }
    }
}

/// Why a wait for confirmations ended without them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The transaction was dropped.
    #[error("the transaction was dropped: {0}")]
    Dropped(DropReason),
    /// The transaction waits for no block, is in none of the active chain, and was not dropped lately.
    #[error("transaction {txid} is not known here; submit it first")]
    Unknown {
        /// Its id.
        txid: Txid,
    },
    /// The request was [cancelled](Request::Cancel).
    #[error("the request was cancelled")]
    Cancelled,
    /// More requests wait than the node keeps.
    #[error("too many requests wait for confirmations")]
    TooMany,
}

/// A transaction that has the confirmations that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// The block that holds it.
    pub block: BlockHash,
    /// The block's height.
    pub height: u64,
    /// How many it has now.
    pub confirmations: u64,
}

/// Where a transaction is.
#[derive(Debug, Clone)]
pub struct TransactionPlace {
    /// The transaction; `None` for a coinbase.
    pub transaction: Option<Transaction>,
    /// Its block and height; `None` while it waits in the mempool.
    pub block: Option<(BlockHash, u64)>,
    /// How many blocks confirm it.
    pub confirmations: u64,
}

/// A stretch of moves of the tip.
#[derive(Debug, Clone)]
pub struct ChainDelta {
    /// Blocks that left the active chain, the highest first.
    pub disconnected: Vec<Arc<CheckedBlock>>,
    /// Blocks that entered it, the lowest first.
    pub connected: Vec<Arc<CheckedBlock>>,
    /// Whether the last of them is the tip; else ask again from there.
    pub complete: bool,
}

/// How a node is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The active chain's tip.
    pub tip: Tip,
    /// The height of the best header that was verified (rules R06 to R14), whatever peers claim; above the tip's while
    /// catching up.
    pub best_height: u64,
    /// Headers that were verified and are held back until their chain has more work than ours.
    pub held_headers: usize,
    /// Transactions in the mempool.
    pub mempool: usize,
    /// Their size by formula, in bytes.
    pub mempool_bytes: u64,
    /// Relay connections that are ready.
    pub connections: usize,
    /// Peers that were heard of lately.
    pub peers: usize,
    /// How many of them claim what of their chains. Nobody has verified it.
    pub claims: Claims,
    /// Whether it mines.
    pub mining: bool,
    /// What is wrong with this machine's clock or with others', if anything is at the moment.
    pub clock: Option<ClockWarning>,
}

/// A peer as a node sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerInfo {
    /// The connection on which it is heard.
    pub connection: ConnectionId,
    /// Its id there.
    pub id: NodeId,
    /// What it claimed last, if it said a status of this network.
    pub claim: Option<PeerClaim>,
    /// Its misbehaviour score.
    pub score: u32,
    /// Whether it is muted.
    pub muted: bool,
}

/// What a node tells whoever listens.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A block entered the active chain.
    BlockConnected {
        /// The block.
        block: Arc<CheckedBlock>,
        /// Whether this node mined it.
        own: bool,
    },
    /// A block left the active chain; its transactions wait again, unless another block holds them.
    BlockDisconnected {
        /// The block.
        block: Arc<CheckedBlock>,
    },
    /// The tip moved; comes after all blocks of the move.
    TipChanged {
        /// The new tip.
        tip: Tip,
        /// How many blocks left the active chain.
        disconnected: usize,
    },
    /// A block is kept on a branch with no more work than the active chain.
    SideBlock {
        /// Its hash.
        hash: BlockHash,
        /// Its height.
        height: u64,
    },
    /// This node found a block, and keeps it. One that is ahead of this node's clock is told once its time has come.
    BlockMined {
        /// Its hash.
        hash: BlockHash,
        /// Its height.
        height: u64,
    },
    /// A block of this node was found in vain: its job was over.
    StaleJob {
        /// The job.
        job: JobId,
    },
    /// A transaction entered the mempool.
    TransactionAccepted {
        /// Its id.
        txid: Txid,
        /// Its fee.
        fee: Amount,
    },
    /// A transaction left the mempool, or an active block, and will not be mined from here.
    TransactionDropped {
        /// Its id.
        txid: Txid,
        /// Why.
        reason: DropReason,
    },
    /// A block broke a rule.
    BlockRejected {
        /// Its hash.
        hash: BlockHash,
        /// The rule.
        rule: Rule,
        /// In words.
        reason: String,
    },
    /// A relay connection is ready.
    RelayConnected {
        /// Which relay, in the configuration's order.
        relay: usize,
    },
    /// A relay connection is gone.
    RelayDisconnected {
        /// Which relay, in the configuration's order.
        relay: usize,
    },
    /// Somebody on the channel was heard for the first time; whether on this network is known from its status.
    PeerConnected {
        /// Its id.
        id: NodeId,
    },
    /// A peer was not heard for long, or its relay connection is gone.
    PeerDisconnected {
        /// Its id.
        id: NodeId,
    },
    /// A peer sent what no honest peer sends, or too much of what one might, and is not listened to for a time.
    PeerMuted {
        /// Its id.
        id: NodeId,
        /// Why.
        reason: MuteReason,
    },
    /// Messages for this node were dropped by a relay: at most once every few seconds for each relay connection.
    Lagged {
        /// How many since this was told last.
        count: u64,
    },
    /// A peer says that it refused something of ours.
    RejectReceived {
        /// The block's or transaction's id.
        hash: [u8; 32],
        /// The rule's number.
        rule: u16,
        /// In the peer's words; control characters are escaped.
        text: String,
    },
    /// What the miner threads do, told now and then while they search. A runtime says it, not the machine, which has no
    /// threads.
    HashRate {
        /// Hashes a second since it was told last.
        per_second: u64,
    },
    /// Others' clocks, or the times of their blocks, and this machine's clock differ too much: each kind of warning at
    /// most every ten minutes.
    ClockOff(ClockWarning),
    /// This node does not mine, since its chain lies too far ahead of its clock: every block on the tip would be put off
    /// by everybody else. Told once a minute at most while that lasts.
    MiningWaits {
        /// How long it takes until the clock has come close enough, if nothing else changes.
        wait: Duration,
    },
}

/// Why a peer is not listened to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MuteReason {
    /// It sent a block, header or transaction that breaks a rule which honest peers check.
    BrokenRule(Rule),
    /// It sent a payload that does not decode.
    Undecodable(String),
    /// It sent headers that do not follow on each other.
    UnlinkedHeaders,
    /// It sent too much of what an honest peer might send now and then.
    Score(u32),
}

impl fmt::Display for MuteReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenRule(rule) => write!(f, "broke rule {rule}: {}", rule.sentence()),
            Self::Undecodable(why) => write!(f, "sent what does not decode: {why}"),
            Self::UnlinkedHeaders => f.write_str("sent headers that do not follow on each other"),
            Self::Score(score) => write!(f, "scored {score} points"),
        }
    }
}
