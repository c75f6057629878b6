//! What goes into the machine and what comes out.

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use toycoin_core::{
    Header, Work,
    snapshot::{CoinBytes, SnapshotError},
    state::ChainState,
};
use toycoin_wire::Tag;

use crate::machine::Server;

/// An input of the snapshot sync.
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
    /// The time of [`next_timeout`](toycoin_wire::machine::Machine::next_timeout) has come.
    Timeout,
}

/// An output of the snapshot sync.
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
    /// The chunks of a snapshot follow. What was written of an earlier one, if anything, is to be deleted.
    Begin {
        /// The header of the snapshot's block.
        header: Header,
        /// The number of coins, 84 bytes each.
        coins: u64,
    },
    /// Write a chunk: its first byte is at `place * 4,096 * 84`. Chunks come in any order, each once.
    ///
    /// The coins are right if [`Done`](Self::Done) follows, and only then.
    WriteChunk {
        /// The number of the chunk, from 0.
        place: u32,
        /// Its coins, in ascending order.
        coins: Vec<CoinBytes>,
    },
    /// The snapshot that was begun failed: delete what was written of it. The machine begins anew with the servers
    /// that are left, unless the failure [is final](SnapshotFailure::is_final).
    Failed(SnapshotFailure),
    /// All chunks were written, and they are the UTXO set of the block. The machine does nothing more.
    Done(Box<Snapshot>),
}

/// The state after a block whose work was proved, as far as a node needs it to go on from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The block's header.
    pub header: Header,
    /// The chain's work up to and including the block.
    pub work: Work,
    /// The header of its parent, which the rules for the next block's header need.
    pub previous: Header,
    /// The chain's work up to and including the parent.
    pub previous_work: Work,
    /// The state after the block: the sum over the coins that were written, their number and value, and the block's
    /// ancestors without the block itself. Its root is the header's.
    pub state: ChainState,
}

/// The reason why a snapshot was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SnapshotFailure {
    /// The coins are not those of the block. All servers that offered them are muted.
    #[error("the snapshot is false: {0}")]
    False(SnapshotError),
    /// No server offers the snapshot any more.
    #[error("no server offers the snapshot any more")]
    Unavailable,
    /// The servers that offer the snapshot are too slow, and there is another one.
    #[error("the servers that offer the snapshot are too slow; another snapshot is tried")]
    Stalled,
    /// The UTXO set is larger than the configuration allows.
    #[error("the snapshot has {count} coins, and there is room for {most}; make room, or sync all blocks instead")]
    NoRoom {
        /// The number of coins.
        count: u64,
        /// The most that are allowed.
        most: u64,
    },
}

impl SnapshotFailure {
    /// Returns whether the machine does nothing more, since no server could help.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::NoRoom { .. })
    }
}
