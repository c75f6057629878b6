//! Results of a run.

use std::{collections::BTreeMap, fmt, time::Duration};

use toycoin_core::{BlockHash, Txid};

use crate::fault::FaultKind;

/// Counters of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Events that happened.
    pub events: u64,
    /// Blocks that nodes found.
    pub blocks_mined: u64,
    /// Blocks that honest nodes rejected.
    pub blocks_rejected: u64,
    /// Reorganisations of honest nodes, counted by the number of blocks that they disconnected.
    pub reorgs: BTreeMap<usize, u64>,
    /// Time from when a block was found until another node connected it, for each block and each node except its miner.
    pub propagation: Vec<Duration>,
    /// Payments that wallets made.
    pub payments: u64,
    /// Double spends: payments of coins for which another node had already received a payment.
    pub double_spends: u64,
    /// Payments that the payer's node refused at once.
    pub payments_refused: u64,
    /// Writes from nodes to relays, or messages between nodes of a mesh.
    pub messages: u64,
    /// Bytes of these writes or messages.
    pub sent_bytes: u64,
    /// Envelopes that relays wrote to nodes.
    pub deliveries: u64,
    /// Envelopes that a partition, a careless relay or a censor dropped; on a mesh, messages that a partition did.
    pub dropped_envelopes: u64,
    /// Deliveries that relays dropped because a node read too slowly.
    pub lagged: u64,
    /// Gossip of which a node of a mesh had a copy already when it arrived. No machine heard it again.
    pub gossip_repeated: u64,
    /// Gossip that was not sent because the connection was busy for too long.
    pub gossip_dropped: u64,
    /// Questions that were not sent because the peer had 32 of that node to answer.
    pub questions_dropped: u64,
    /// Connections that a lossy link broke.
    pub broken_connections: u64,
    /// Peers that honest nodes muted.
    pub mutes: u64,
    /// Blocks that honest nodes connected, counted once per node and connection.
    pub blocks_connected: u64,
    /// Bytes that honest nodes sent, as a part of `sent_bytes`.
    pub honest_bytes: u64,
    /// Honest recipients of the messages that honest nodes published, summed over all messages.
    pub honest_published: u64,
    /// Messages from honest nodes that a relay wrote to honest nodes.
    pub honest_delivered: u64,
    /// Bytes of bodies from honest nodes that relays wrote to honest nodes, those of compact blocks and of the payments
    /// that complete them included.
    pub body_bytes: u64,
    /// Part of `body_bytes` for bodies that the node had received before.
    pub repeated_body_bytes: u64,
    /// Signatures of unconfirmed transactions that honest nodes verified.
    pub payment_signatures: u64,
    /// Most of these signatures that one node verified for one input.
    pub most_payment_signatures: u64,
    /// Total time in which miners did not search although nothing except a branch could stop them.
    pub paused: Duration,
    /// Most pause time that any miner had used up and not yet regained.
    pub most_paused: Duration,
    /// Warnings of honest nodes that a clock is wrong.
    pub clock_warnings: u64,
}

impl Statistics {
    pub(crate) fn moved(&mut self, disconnected: usize) {
        if disconnected > 0 {
            *self.reorgs.entry(disconnected).or_default() += 1;
        }
    }
}

/// Result of a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Run {
    /// Seed of the run.
    pub seed: u64,
    /// Virtual time from beginning to end.
    pub lasted: Duration,
    /// Height and hash of each node's tip; `None` for a participant that is not a node.
    pub tips: Vec<Option<(u64, BlockHash)>>,
    /// Time that each node took from its last start to the best tip of the honest nodes, if it got there.
    pub caught_up: Vec<Option<Duration>>,
    /// Whether all honest nodes had the same tip at the end.
    pub converged: bool,
    /// Counters of the run.
    pub statistics: Statistics,
    /// Number of found blocks that the first honest node's chain does not hold.
    pub stale_blocks: u64,
    /// Number of injected faults by kind.
    pub injected: BTreeMap<FaultKind, u64>,
    /// Number of drawn adversaries by the name of their tactic.
    pub tactics: BTreeMap<&'static str, u64>,
    /// Time from payment to first confirmation at the payer's node, for each confirmed payment.
    pub confirmations: Vec<Duration>,
    /// Payments that wallets made and their nodes accepted, in the order in which they were made.
    pub payments: Vec<Txid>,
    /// Dropped payments with the reasons.
    pub dropped: Vec<(Txid, String)>,
    /// Number of distinct signatures that were verified.
    pub signatures: usize,
    /// Difficulty of the first honest node's chain: (height, header time in ms, expected hashes of its bits) per block.
    pub difficulty: Vec<(u64, u64, f64)>,
    /// Hash of the trace, in hex.
    pub trace_hash: String,
    /// The trace as JSON lines, if it was kept.
    pub trace: Option<String>,
}

impl Run {
    /// Returns whether all honest nodes had the same tip at the end.
    pub const fn converged(&self) -> bool {
        self.converged
    }

    /// Returns how many blocks the deepest reorganisation disconnected.
    pub fn deepest_reorg(&self) -> usize {
        self.statistics.reorgs.keys().last().copied().unwrap_or(0)
    }

    /// Returns the lowest height among the nodes; 0 if there are none.
    pub fn height(&self) -> u64 {
        self.tips.iter().flatten().map(|(height, _)| *height).min().unwrap_or(0)
    }

    /// Returns the stale block rate: the share of found blocks that the first honest node's chain does not hold.
    pub fn stale_rate(&self) -> f64 {
        self.stale_blocks as f64 / (self.statistics.blocks_mined as f64).max(1.0)
    }

    /// Returns the share of body bytes that were new to the node that received them; 1 if no bodies were sent.
    pub fn useful_bytes(&self) -> f64 {
        1.0 - self.statistics.repeated_body_bytes as f64 / (self.statistics.body_bytes as f64).max(1.0)
    }

    /// Returns the mean time from when a block was found until another node connected it.
    pub fn mean_propagation(&self) -> Duration {
        let times = &self.statistics.propagation;
        let count = u32::try_from(times.len()).unwrap_or(u32::MAX).max(1);
        times.iter().sum::<Duration>() / count
    }
}

/// A broken invariant, and where it broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Violation {
    /// Seed of the run.
    pub seed: u64,
    /// Number of lines that the trace had at that moment.
    pub event: u64,
    /// Virtual time at which the invariant broke.
    pub at: Duration,
    /// Name of the invariant.
    pub invariant: String,
    /// The node at which it broke, if it is an invariant of one node.
    pub node: Option<usize>,
    /// Description of what is wrong.
    pub what: String,
    /// The trace as JSON lines, if it was kept.
    pub lines: Option<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, event {}, {:.3} s: {}", self.seed, self.event, self.at.as_secs_f64(), self.invariant)?;
        if let Some(node) = self.node {
            write!(f, " at node {node}")?;
        }
        write!(f, ": {}", self.what)
    }
}
