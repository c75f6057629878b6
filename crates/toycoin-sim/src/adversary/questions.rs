//! Floods of requests that are cheap to send and expensive to answer.

use std::{collections::BTreeSet, time::Duration};

use toycoin_core::BlockHash;
use toycoin_wire::{
    NodeId,
    node::{GetHeaders, NodeMessage},
};

use crate::adversary::{Heard, Said, Scene, Tactic};

/// What is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// All headers from genesis on (GHDR).
    Headers,
    /// The 16 largest recent blocks (GBLK).
    LargeBlocks,
    /// One large block, named 16 times (GBLK).
    SameBlock,
    /// The coinbase of a large block, named 128 times (GTXN).
    Coinbase,
}

impl Question {
    /// Every kind of request.
    pub const ALL: [Self; 4] = [Self::Headers, Self::LargeBlocks, Self::SameBlock, Self::Coinbase];
}

/// Sends the same request again and again.
#[derive(Debug, Clone)]
pub struct QuestionFlood {
    question: Question,
    /// Whether each request goes to one peer; otherwise it goes to everybody.
    directed: bool,
    /// Number of requests per second.
    burst: usize,
    peers: BTreeSet<NodeId>,
}

impl QuestionFlood {
    /// Returns a flood of `burst` requests per second, to one peer after the other if `directed`, otherwise to
    /// everybody.
    pub const fn new(question: Question, directed: bool, burst: usize) -> Self {
        Self { question, directed, burst, peers: BTreeSet::new() }
    }

    fn message(&self, scene: &Scene<'_>) -> Option<NodeMessage> {
        let largest = || large_blocks(scene).into_iter().next();
        Some(match self.question {
            Question::Headers => NodeMessage::GetHeaders(GetHeaders { locator: Vec::new(), stop: BlockHash::ZERO }),
            Question::LargeBlocks => NodeMessage::GetBlocks(large_blocks(scene)),
            Question::SameBlock => NodeMessage::GetBlocks(vec![largest()?; 16]),
            Question::Coinbase => {
                let block = scene.chain.block(&largest()?).ok()??;
                NodeMessage::GetTransactions(vec![block.coinbase_txid(); 128])
            }
        })
    }
}

/// Most peers to which requests are directed.
const MAX_PEERS: usize = 64;

impl Tactic for QuestionFlood {
    fn incoming(&mut self, from: NodeId, _: &NodeMessage, _: &mut Scene<'_>) -> Heard {
        if self.peers.len() < MAX_PEERS {
            self.peers.insert(from);
        }
        Heard::Pass
    }

    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let Some(message) = self.message(scene) else { return Vec::new() };
        let to: Vec<_> = match self.directed {
            true => self.peers.iter().copied().map(Some).collect(),
            false => vec![None],
        };
        to.into_iter()
            .cycle()
            .take(if self.peers.is_empty() { 0 } else { self.burst })
            .map(|to| (to, message.clone()))
            .collect()
    }

    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }
}

/// Returns the largest recent blocks, at most 16, in descending order of size.
pub(super) fn large_blocks(scene: &Scene<'_>) -> Vec<BlockHash> {
    let tip = scene.chain.height();
    let heights = (0..=tip).rev().take(32);
    let blocks = heights.filter_map(|height| scene.chain.block_at(height).ok().flatten());
    let mut blocks: Vec<_> = blocks.map(|block| (block.block().size(), block.hash())).collect();
    blocks.sort_by(|one, other| other.cmp(one));
    blocks.into_iter().take(16).map(|(_, hash)| hash).collect()
}
