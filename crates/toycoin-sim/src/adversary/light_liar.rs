//! Adversary that is honest to full nodes and lies to light clients.

use std::{collections::BTreeSet, time::Duration};

use toycoin_core::{
    BlockHash, Chain, ChainParams, MemoryStore, SecretKey, chain::ProvedWork, filter::BlockFilter, proof::AncestryProof,
};
use toycoin_wire::{
    NodeId, Tag,
    node::{GetProof, NodeMessage, Status},
};

use crate::{
    adversary::{Heard, Lie, Said, Scene, Tactic, false_answer},
    dice::Dice,
};

/// A full node that lies to light clients in one way.
///
/// It takes a peer for a light client if that peer's status names genesis although the chain has grown.
pub struct LightLiar {
    lie: Lie,
    /// Whether its status claims more work than any chain has, so that it is asked first.
    boasts: bool,
    /// Time between two false statuses.
    every: Duration,
    /// Peers whose last status names genesis.
    newcomers: BTreeSet<NodeId>,
    /// A chain of another network, once it is needed.
    other: Option<Box<Chain<MemoryStore>>>,
}

/// Most newcomers that it remembers.
const NEWCOMERS: usize = 64;

/// Height of its chain from which on a peer at genesis is taken for a light client.
const GROWN: u64 = 3;

/// Number of blocks by which an old tip is old.
const OLD: u64 = 20;

/// Number of blocks of the other network: enough for a proof.
const OTHER_BLOCKS: u64 = 110;

impl LightLiar {
    /// Returns a liar that does not boast, unless that is its lie.
    pub const fn new(lie: Lie) -> Self {
        let boasts = matches!(lie, Lie::ClaimsWork);
        Self { lie, boasts, every: Duration::from_secs(2), newcomers: BTreeSet::new(), other: None }
    }

    /// Makes it claim more work than any chain has, once per interval.
    #[must_use]
    pub fn boasting(self, every: Duration) -> Self {
        Self { boasts: true, every, ..self }
    }

    /// Draws whether it boasts, and how often.
    #[must_use]
    pub fn drawn(lie: Lie, dice: &mut Dice) -> Self {
        let liar = Self::new(lie);
        let every = dice.between(Duration::from_millis(300), Duration::from_secs(5));
        if dice.chance(0.5) { liar.boasting(every) } else { liar }
    }

    fn is_light(&self, peer: &NodeId, scene: &Scene<'_>) -> bool {
        scene.chain.height() >= GROWN && self.newcomers.contains(peer)
    }

    fn note(&mut self, peer: NodeId, status: &Status) {
        if status.height > 0 {
            self.newcomers.remove(&peer);
        } else if self.newcomers.len() < NEWCOMERS {
            self.newcomers.insert(peer);
        }
    }

    /// Returns the status that light clients hear.
    fn status(&self, scene: &mut Scene<'_>) -> NodeMessage {
        let tip = scene.chain.tip();
        let (mut hash, mut height, mut work) = (tip.hash, tip.height, tip.work.to_be_bytes());
        if self.boasts {
            (hash, height) = (BlockHash::from_bytes(scene.dice.bytes()), height + 1_000);
            work[16] = 1;
        }
        let genesis = scene.chain.params().genesis_hash();
        NodeMessage::Status(Status { genesis, tip: hash, height, work, time: scene.unix_ms })
    }

    fn statuses(&self, scene: &mut Scene<'_>) -> Vec<Said> {
        if scene.chain.height() < GROWN {
            return Vec::new();
        }
        self.newcomers.iter().map(|peer| (Some(*peer), self.status(scene))).collect()
    }

    fn other(&mut self) -> &Chain<MemoryStore> {
        self.other.get_or_insert_with(|| {
            let mut chain = Chain::in_memory(ChainParams::regtest());
            let miner = SecretKey::classroom(1).public_key();
            for _ in 0..OTHER_BLOCKS {
                let now_ms = chain.tip().time + 1_000;
                let template = chain.template(Vec::new(), miner, b"", now_ms);
                if let Ok(block) = template {
                    let _ = chain.apply(block.mine_trivial(), now_ms);
                }
            }
            Box::new(chain)
        })
    }

    /// Answers a question in place of the machine inside; `None` if that is to answer.
    fn answer(&mut self, question: &NodeMessage, scene: &mut Scene<'_>) -> Option<Vec<NodeMessage>> {
        match (self.lie, question) {
            (Lie::Silent, _) => Some(Vec::new()),
            (Lie::Empty, _) => Some(empty(question)),
            (Lie::NotFound, _) => Some(not_found(question)),
            (Lie::OldTips, NodeMessage::GetProof(request)) => {
                let old = scene.chain.header_at(scene.chain.height().saturating_sub(OLD))?.hash;
                let proved = scene.chain.prove_work(&old, &request.seed, request.slices, &request.start);
                Some(proof(proved.ok()?))
            }
            (Lie::OldTips, NodeMessage::GetHeaders(request)) => {
                let mut headers = scene.chain.headers_after(&request.locator, &request.stop, 2_000);
                let last = scene.chain.height().saturating_sub(OLD);
                headers.retain(|header| header.height <= last);
                Some(vec![NodeMessage::Headers(headers)])
            }
            (Lie::OtherSeed, NodeMessage::GetProof(GetProof { tip, seed, slices, start })) => {
                let seed = seed.map(|byte| !byte);
                Some(proof(scene.chain.prove_work(tip, &seed, *slices, start).ok()?))
            }
            (Lie::OtherNetwork, NodeMessage::GetProof(request)) => {
                let zero = BlockHash::ZERO;
                Some(proof(self.other().prove_work(&zero, &request.seed, request.slices, &zero).ok()?))
            }
            (Lie::OtherNetwork, NodeMessage::GetHeaders(_)) => {
                let genesis = self.other().params().genesis_hash();
                Some(vec![NodeMessage::Headers(self.other().headers_after(&[genesis], &BlockHash::ZERO, 50))])
            }
            _ => None,
        }
    }
}

impl Tactic for LightLiar {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, scene: &mut Scene<'_>) -> Heard {
        if let NodeMessage::Status(status) = message {
            self.note(from, status);
        }
        if !self.is_light(&from, scene) {
            return Heard::Pass;
        }
        if matches!(message, NodeMessage::Status(_)) {
            return Heard::Instead(vec![(Some(from), self.status(scene))]);
        }
        let is_question = matches!(
            message,
            NodeMessage::GetHeaders(_)
                | NodeMessage::GetBlocks(_)
                | NodeMessage::GetProof(_)
                | NodeMessage::GetAncestors(_)
                | NodeMessage::GetReceipts(_)
                | NodeMessage::GetFilters(_)
        );
        match is_question.then(|| self.answer(message, scene)).flatten() {
            Some(answers) => Heard::Instead(answers.into_iter().map(|answer| (Some(from), answer)).collect()),
            None => Heard::Pass,
        }
    }

    fn outgoing(&mut self, (to, message): Said, scene: &mut Scene<'_>) -> Vec<Said> {
        match (to, message) {
            (Some(peer), message) if self.is_light(&peer, scene) => {
                let message = match message {
                    NodeMessage::Status(_) => self.status(scene),
                    answer => false_answer(self.lie, answer, scene),
                };
                vec![(to, message)]
            }
            // full nodes hear the truth, and light clients something else behind it
            (None, message @ NodeMessage::Status(_)) => {
                let mut said = vec![(None, message)];
                said.extend(self.statuses(scene));
                said
            }
            other => vec![other],
        }
    }

    fn encoded(&mut self, to: Option<NodeId>, payload: Vec<u8>, scene: &mut Scene<'_>) -> Vec<u8> {
        let is_light = to.is_some_and(|peer| self.is_light(&peer, scene));
        let tag = payload.first_chunk().copied().map(Tag::new);
        if self.lie != Lie::Garbage || !is_light || tag == Some(Tag::STAT) {
            return payload;
        }
        let mut garbled = payload;
        match scene.dice.below(3) {
            // a body of no meaning
            0 => {
                garbled.truncate(4);
                garbled.extend(scene.dice.bytes::<64>());
            }
            // a body that ends early
            1 => garbled.truncate(4 + scene.dice.index(garbled.len().saturating_sub(4).max(1))),
            _ => garbled.extend([0xff; 7]),
        }
        garbled
    }

    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        self.statuses(scene)
    }

    fn interval(&self) -> Option<Duration> {
        Some(self.every)
    }
}

fn proof(proved: ProvedWork) -> Vec<NodeMessage> {
    match proved {
        ProvedWork::Proof(proof) => vec![NodeMessage::Proof(*proof)],
        ProvedWork::TooShort(headers) => vec![NodeMessage::Headers(headers)],
        ProvedWork::UnknownStart => vec![NodeMessage::Headers(Vec::new())],
    }
}

fn empty(question: &NodeMessage) -> Vec<NodeMessage> {
    match question {
        NodeMessage::GetHeaders(_) | NodeMessage::GetProof(_) => vec![NodeMessage::Headers(Vec::new())],
        NodeMessage::GetFilters(_) => vec![NodeMessage::Filters(Vec::<BlockFilter>::new())],
        NodeMessage::GetReceipts(_) => vec![NodeMessage::Receipts(Vec::new())],
        NodeMessage::GetAncestors(request) => {
            let proof = AncestryProof { tip: request.tip, items: Vec::new(), nodes: Vec::new() };
            vec![NodeMessage::Ancestors(proof)]
        }
        _ => vec![NodeMessage::NotFound(Vec::new())],
    }
}

fn not_found(question: &NodeMessage) -> Vec<NodeMessage> {
    let ids = match question {
        NodeMessage::GetHeaders(request) => request.locator.iter().map(|hash| hash.to_bytes()).collect(),
        NodeMessage::GetBlocks(hashes) => hashes.iter().map(|hash| hash.to_bytes()).collect(),
        NodeMessage::GetProof(request) => vec![request.start.to_bytes()],
        NodeMessage::GetAncestors(request) => request.blocks.iter().map(|hash| hash.to_bytes()).collect(),
        NodeMessage::GetReceipts(request) => request.transactions.iter().map(|txid| txid.to_bytes()).collect(),
        NodeMessage::GetFilters(request) => vec![request.last.to_bytes()],
        _ => Vec::new(),
    };
    vec![NodeMessage::NotFound(ids)]
}

impl std::fmt::Debug for LightLiar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LightLiar").field("lie", &self.lie).field("boasts", &self.boasts).finish_non_exhaustive()
    }
}
