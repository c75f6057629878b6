//! What a node publishes: its events.

use std::{fmt, sync::Arc, time::Duration};

use toycoin_core::{Amount, BlockHash, CheckedBlock, Rule, Transaction, Txid, chain::Tip, compact::FillError};
use toycoin_wire::NodeId;

use crate::{
    mempool::DropReason,
    protocol::{ClockWarning, JobId},
};

/// An event that a node publishes to its listeners.
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
    /// A block left the active chain. Its transactions return to the mempool, unless another block holds them.
    BlockDisconnected {
        /// The block.
        block: Arc<CheckedBlock>,
    },
    /// The tip moved. This event comes after all blocks of the move, and after all that it changes in the mempool.
    TipChanged {
        /// The new tip.
        tip: Tip,
        /// What became of the old branch, if blocks left the active chain.
        reorg: Option<Arc<Reorg>>,
    },
    /// A block is kept on a branch with no more work than the active chain.
    SideBlock {
        /// Its hash.
        hash: BlockHash,
        /// Its height.
        height: u64,
    },
    /// This node found a block, and keeps it. A block ahead of this node's clock is published once its time has come.
    BlockMined {
        /// Its hash.
        hash: BlockHash,
        /// Its height.
        height: u64,
    },
    /// A nonce of this node came too late: its job was over, so the block is stale.
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
        /// Its size by formula, in bytes.
        size: u64,
        /// The transaction itself.
        transaction: Arc<Transaction>,
        /// Where it came from.
        origin: TransactionOrigin,
    },
    /// A transaction left the mempool, or an active block, and this node will not mine it.
    TransactionDropped {
        /// Its id.
        txid: Txid,
        /// The reason.
        reason: DropReason,
    },
    /// A block broke a rule.
    BlockRejected {
        /// Its hash.
        hash: BlockHash,
        /// The rule.
        rule: Rule,
        /// The reason, as text.
        reason: String,
    },
    /// A relay connection is ready.
    RelayConnected {
        /// The relay's index in the configuration.
        relay: usize,
    },
    /// A relay connection is lost.
    RelayDisconnected {
        /// The relay's index in the configuration.
        relay: usize,
    },
    /// A peer was heard for the first time on the channel. Its status shows later whether it is on this network.
    PeerConnected {
        /// Its id.
        id: NodeId,
    },
    /// A peer was silent for too long, or its relay connection is lost.
    PeerDisconnected {
        /// Its id.
        id: NodeId,
    },
    /// A peer is muted for a time, because it sent what no honest peer sends, or too much of what one might send.
    PeerMuted {
        /// Its id.
        id: NodeId,
        /// The reason.
        reason: MuteReason,
    },
    /// A relay dropped messages for this node. This event comes at most once every two seconds per relay connection.
    Lagged {
        /// The number of dropped messages since the last such event.
        count: u64,
    },
    /// A peer reports that it refused a block or transaction of ours.
    RejectReceived {
        /// The block's or transaction's id.
        hash: [u8; 32],
        /// The rule's number.
        rule: u16,
        /// The peer's text; control characters are escaped.
        text: String,
    },
    /// The miner threads' hash rate, at intervals while they search. The runtime emits it, since the machine has no
    /// threads.
    HashRate {
        /// Hashes per second since the last such event.
        per_second: u64,
    },
    /// Other clocks, or the times of blocks, differ too much from this machine's clock. Each kind of warning comes at
    /// most every ten minutes.
    ClockOff(ClockWarning),
    /// This node does not mine, because its tip lies too far ahead of its clock: every other node would defer a block
    /// on it. This event comes at most once a minute while that lasts.
    MiningWaits {
        /// The time until the clock has come close enough, if nothing else changes.
        wait: Duration,
    },
}

/// A reorganisation: blocks left the active chain, because another branch has more work.
///
/// The blocks themselves were in the events before. This is their sum, bounded in size, for whoever reports the move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reorg {
    /// The tip before.
    pub old_tip: Tip,
    /// The last block that both branches share.
    pub ancestor: BlockHash,
    /// Its height.
    pub ancestor_height: u64,
    /// The number of blocks that left the active chain, at least 1.
    pub disconnected: usize,
    /// The number of blocks that entered it, at least 1.
    pub connected: usize,
    /// Payments of the blocks that left which wait in the mempool again: the first
    /// [`REORG_PAYMENTS`](crate::limits::REORG_PAYMENTS) of them, parents before children.
    pub returned: Vec<Txid>,
    /// The number of all such payments. A payment that somebody sent again while the move went on is not counted.
    pub returned_count: usize,
}

/// Where a transaction in the mempool came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransactionOrigin {
    /// This node's embedder submitted it.
    Own,
    /// A peer sent it.
    Peer {
        /// The peer's id.
        id: NodeId,
    },
    /// A reorganisation brought it back from a block that became stale.
    StaleBlock {
        /// The block.
        block: BlockHash,
    },
    /// It had waited when the node last stopped. These events come as the node starts, so that a handle may miss them;
    /// the mempool lists what waits.
    Restored,
}

/// The reason why a peer is muted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MuteReason {
    /// It sent a block, header or transaction that breaks a rule which honest peers verify.
    BrokenRule(Rule),
    /// It sent a payload that does not decode.
    Undecodable(String),
    /// It sent headers that do not link to each other.
    UnlinkedHeaders,
    /// It answered a request for payments of a compact block with others.
    OtherPayments(FillError),
    /// It asked for payments of a block in places that are not ascending, or that the block does not have.
    Places,
    /// It sent too much of what an honest peer might send occasionally; this is its score.
    Score(u32),
}

impl fmt::Display for MuteReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenRule(rule) => write!(f, "broke rule {rule}: {}", rule.sentence()),
            Self::Undecodable(why) => write!(f, "sent what does not decode: {why}"),
            Self::UnlinkedHeaders => f.write_str("sent headers that do not follow on each other"),
            Self::OtherPayments(why) => write!(f, "sent other payments of a block than were asked for: {why}"),
            Self::Places => f.write_str("asked for payments of a block in places that it does not have"),
            Self::Score(score) => write!(f, "scored {score} points"),
        }
    }
}
