//! Adversaries that claim work that nobody did, and evade requests for the proof.

use std::{collections::VecDeque, time::Duration};

use toycoin_core::BlockHash;
use toycoin_wire::{
    NodeId,
    node::{NodeMessage, Status},
};

use crate::adversary::{Heard, Said, Scene, Tactic};

/// How much work a status claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// 2^200 hashes, more than any chain will ever have.
    Huge,
    /// One hash more than the best chain that the liar knows.
    OneMore,
}

/// What the adversary does when a peer requests headers or blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evasion {
    /// It does not answer.
    Silence,
    /// It answers truthfully, but late by this duration.
    Late(Duration),
    /// It answers with NOTF.
    NotFound,
    /// It answers with an empty HDRS, and with NOTF for blocks.
    EmptyHeaders,
}

/// Claims more work than its chain has, and does not deliver it.
#[derive(Debug, Clone)]
pub struct ClaimsWork {
    claim: Claim,
    evasion: Evasion,
    /// Truthful answers with the Unix times in milliseconds at which they are sent, the earliest first.
    late: VecDeque<(u64, Said)>,
}

impl ClaimsWork {
    /// Returns an adversary with this claim and this evasion.
    pub const fn new(claim: Claim, evasion: Evasion) -> Self {
        Self { claim, evasion, late: VecDeque::new() }
    }

    fn status(&self, scene: &mut Scene<'_>) -> NodeMessage {
        let mut work = scene.chain.tip().work.to_be_bytes();
        match self.claim {
            Claim::Huge => work[31 - 200 / 8] = 1,
            Claim::OneMore => add_one(&mut work),
        }
        NodeMessage::Status(Status {
            genesis: scene.chain.params().genesis_hash(),
            tip: BlockHash::from_bytes(scene.dice.bytes()),
            height: scene.chain.height() + 1,
            work,
            time: scene.unix_ms,
        })
    }

    fn evade(&mut self, from: NodeId, message: &NodeMessage, scene: &Scene<'_>) -> Option<NodeMessage> {
        let not_found = |hashes: &[BlockHash]| {
            let hashes = hashes.iter().map(|hash| hash.to_bytes()).collect();
            NodeMessage::NotFound(hashes)
        };
        match (self.evasion, message) {
            (Evasion::NotFound, NodeMessage::GetHeaders(request)) => Some(not_found(&request.locator)),
            (Evasion::EmptyHeaders, NodeMessage::GetHeaders(_)) => Some(NodeMessage::Headers(Vec::new())),
            (Evasion::NotFound | Evasion::EmptyHeaders, NodeMessage::GetBlocks(hashes)) => Some(not_found(hashes)),
            (Evasion::Late(wait), _) => {
                let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                let due = scene.unix_ms.saturating_add(wait);
                let answers = truth(message, scene).into_iter().map(|answer| (due, (Some(from), answer)));
                self.late.extend(answers.take(MAX_LATE.saturating_sub(self.late.len())));
                None
            }
            _ => None,
        }
    }
}

/// Most answers that the adversary keeps for later.
const MAX_LATE: usize = 64;

impl Tactic for ClaimsWork {
    fn outgoing(&mut self, (to, message): Said, scene: &mut Scene<'_>) -> Vec<Said> {
        match message {
            NodeMessage::Status(_) => vec![(to, self.status(scene))],
            other => vec![(to, other)],
        }
    }

    fn incoming(&mut self, from: NodeId, message: &NodeMessage, scene: &mut Scene<'_>) -> Heard {
        if !matches!(message, NodeMessage::GetHeaders(_) | NodeMessage::GetBlocks(_)) {
            return Heard::Pass;
        }
        let answer = self.evade(from, message, scene);
        Heard::Instead(answer.into_iter().map(|answer| (Some(from), answer)).collect())
    }

    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let mut said = vec![(None, self.status(scene))];
        while let Some((_, answer)) = self.late.pop_front_if(|(due, _)| *due <= scene.unix_ms) {
            said.push(answer);
        }
        said
    }

    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }
}

/// Returns the answer of an honest node.
fn truth(message: &NodeMessage, scene: &Scene<'_>) -> Vec<NodeMessage> {
    let most = toycoin_node::limits::HEADERS_A_MESSAGE;
    match message {
        NodeMessage::GetHeaders(request) => {
            vec![NodeMessage::Headers(scene.chain.headers_after(&request.locator, &request.stop, most))]
        }
        NodeMessage::GetBlocks(hashes) => {
            let blocks = hashes.iter().filter_map(|hash| scene.chain.block(hash).ok().flatten());
            blocks.map(|block| NodeMessage::Block(block.block().clone())).collect()
        }
        _ => Vec::new(),
    }
}

/// Adds 1 to a big-endian number.
fn add_one(number: &mut [u8; 32]) {
    for digit in number.iter_mut().rev() {
        *digit = digit.wrapping_add(1);
        if *digit != 0 {
            return;
        }
    }
}
