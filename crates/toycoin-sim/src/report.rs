//! What a run found out.

use std::{collections::BTreeMap, fmt, time::Duration};

use toycoin_core::{BlockHash, Txid};

use crate::{fault::FaultKind, network::Network};

/// Counts of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Things that happened.
    pub events: u64,
    /// Blocks that nodes found.
    pub blocks_mined: u64,
    /// Blocks that honest nodes refused.
    pub blocks_rejected: u64,
    /// Moves of an honest node's tip that disconnected blocks, by how many.
    pub reorgs: BTreeMap<usize, u64>,
    /// For each block and node but its miner, the time from when it was found until it was connected.
    pub propagation: Vec<Duration>,
    /// Payments that wallets made.
    pub payments: u64,
    /// Of these, second payments of coins that another node had been told are paid.
    pub double_spends: u64,
    /// Payments that the payer's node refused at once.
    pub payments_refused: u64,
    /// Writes of nodes to relays.
    pub messages: u64,
    /// Bytes of them.
    pub sent_bytes: u64,
    /// Envelopes that relays wrote to nodes.
    pub deliveries: u64,
    /// Envelopes that a partition, a careless relay or a censor dropped.
    pub dropped_envelopes: u64,
    /// Deliveries that relays dropped for a node that read too slowly.
    pub lagged: u64,
    /// Connections that a lossy link broke.
    pub broken_connections: u64,
    /// Peers that honest nodes muted.
    pub mutes: u64,
    /// Blocks that honest nodes connected, each as often as a node did.
    pub blocks_connected: u64,
    /// Of the bytes that nodes sent, those of honest nodes.
    pub honest_bytes: u64,
    /// For each message that an honest node published, the honest nodes that it was for.
    pub honest_published: u64,
    /// Those of them that a relay wrote to a node.
    pub honest_delivered: u64,
    /// Bytes of bodies from honest nodes that relays wrote to honest nodes.
    pub body_bytes: u64,
    /// Of these, the bytes of bodies that the node had been sent before.
    pub repeated_body_bytes: u64,
    /// Signatures that honest nodes verified for what is not in a block yet.
    pub payment_signatures: u64,
    /// Most of these that a node verified for one input.
    pub most_payment_signatures: u64,
    /// For how long miners did not search while nothing but branches could stop them, all together.
    pub paused: Duration,
    /// The most of such time that a miner had used up and that had not come back.
    pub most_paused: Duration,
    /// Warnings of honest nodes that a clock is off.
    pub clock_warnings: u64,
}

impl Statistics {
    pub(crate) fn moved(&mut self, disconnected: usize) {
        if disconnected > 0 {
            *self.reorgs.entry(disconnected).or_default() += 1;
        }
    }
}

/// What a run ended with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Run {
    /// The seed that it was drawn from.
    pub seed: u64,
    /// Virtual time from beginning to end.
    pub lasted: Duration,
    /// The tip of each node: height and hash, `None` for one that is no node.
    pub tips: Vec<Option<(u64, BlockHash)>>,
    /// How long each node took from its last start until it was on the best tip of the honest, if it got there.
    pub caught_up: Vec<Option<Duration>>,
    /// Whether all honest nodes were on one tip at the end.
    pub converged: bool,
    /// Counts.
    pub statistics: Statistics,
    /// The blocks found that the first honest node's chain does not hold.
    pub stale_blocks: u64,
    /// Faults that were injected, by kind.
    pub injected: BTreeMap<FaultKind, u64>,
    /// The adversaries that were drawn, by the names of their tactics.
    pub tactics: BTreeMap<&'static str, u64>,
    /// The time from payment to first confirmation at the payer's node, of all that were confirmed.
    pub confirmations: Vec<Duration>,
    /// Payments that wallets made and their nodes took, in the order in which they were made.
    pub payments: Vec<Txid>,
    /// Payments that were dropped, with their reasons.
    pub dropped: Vec<(Txid, String)>,
    /// Signatures that were judged, each once.
    pub signatures: usize,
    /// Target times of the first honest node's chain: (height, header time, hashes that its bits ask for).
    pub difficulty: Vec<(u64, u64, f64)>,
    /// The hash of the trace.
    pub trace_hash: String,
    /// The trace as JSON lines, if it was kept.
    pub trace: Option<String>,
}

impl Run {
    pub(crate) fn of(seed: u64, network: Network) -> Self {
        let tip = |node| network.node(node).map(|node| (node.chain().height(), node.chain().tip().hash));
        let chain = network.chains().next().map(|(_, chain)| chain);
        let mined = network.mined_at.keys();
        let stale = mined.filter(|hash| chain.is_none_or(|chain| !chain.is_active(hash))).count();
        let paid = network.payments.all.values();
        let confirmations = paid.filter_map(|paid| Some(paid.confirmed_at?.saturating_sub(paid.at))).collect();
        let dropped = network.payments.all.iter();
        let dropped = dropped.filter_map(|(txid, paid)| Some((*txid, paid.dropped.clone()?))).collect();
        let mut payments: Vec<_> = network.payments.all.iter().filter(|(_, paid)| paid.accepted).collect();
        payments.sort_by_key(|(_, paid)| paid.at);
        let payments = payments.into_iter().map(|(txid, _)| *txid).collect();
        let heights = 0..=chain.map_or(0, |chain| chain.height());
        let difficulty = heights.filter_map(|height| {
            let header = chain?.header_at(height)?.header;
            let work = header.bits.to_target().map_or(0.0, |target| target.work().to_f64());
            Some((height, header.time, work))
        });
        Self {
            seed,
            lasted: network.now,
            tips: (0..network.nodes.len()).map(tip).collect(),
            caught_up: network.nodes.iter().map(|site| site.caught_up).collect(),
            converged: network.agrees(),
            stale_blocks: stale as u64,
            injected: network.injected.clone(),
            tactics: network.tactics.clone(),
            confirmations,
            payments,
            dropped,
            signatures: network.verifier.judged(),
            difficulty: difficulty.collect(),
            trace_hash: network.trace.hash(),
            trace: network.trace.lines().map(str::to_owned),
            statistics: network.statistics,
        }
    }

    /// Returns whether all honest nodes were on one tip at the end.
    pub const fn converged(&self) -> bool {
        self.converged
    }

    /// Returns how many blocks the deepest reorganisation took back.
    pub fn deepest_reorg(&self) -> usize {
        self.statistics.reorgs.keys().last().copied().unwrap_or(0)
    }

    /// Returns the lowest height among the nodes.
    pub fn height(&self) -> u64 {
        self.tips.iter().flatten().map(|(height, _)| *height).min().unwrap_or(0)
    }

    /// Returns the share of found blocks that the chain does not hold.
    pub fn stale_rate(&self) -> f64 {
        self.stale_blocks as f64 / (self.statistics.blocks_mined as f64).max(1.0)
    }

    /// Returns the share of the bytes of bodies that were new to the node that they were sent to; 1 if there were none.
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

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Violation {
    /// The seed of the run.
    pub seed: u64,
    /// The line of the trace.
    pub event: u64,
    /// The virtual time.
    pub at: Duration,
    /// Which invariant.
    pub invariant: String,
    /// At which node, if it is one's.
    pub node: Option<usize>,
    /// What is wrong.
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
