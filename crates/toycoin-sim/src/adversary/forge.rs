//! Forged chains: blocks with valid proof of work beside the real chain.

use std::collections::BTreeMap;

use toycoin_core::{
    Amount, Block, BlockHash, Coinbase, Header, PublicKey, SecretKey, StateRoot, TxOut, Work, consensus::HeaderContext,
};
use toycoin_node::limits;
use toycoin_wire::{
    NodeId,
    node::{NodeMessage, Status},
};

use crate::{
    adversary::{PrivateChain, Said, Scene},
    network::solve_header,
};

/// A forged chain beside the real one.
#[derive(Debug, Clone, Default)]
pub struct ForgedChain {
    pub(super) headers: Vec<Header>,
    pub(super) bodies: BTreeMap<BlockHash, Block>,
    pub(super) work: Work,
}

impl ForgedChain {
    /// Forges a chain from genesis with as little work as the difficulty rules allow.
    ///
    /// It has up to `length` blocks, as many as time since genesis allows, and less work than the real chain. Returns
    /// `None` if the network does not adjust its difficulty.
    pub(super) fn easiest(scene: &mut Scene<'_>, length: u64) -> Option<Self> {
        let params = scene.chain.params().clone();
        let mut context = scene.chain.headers().context_after(&params.genesis_hash())?;
        let retargeting = params.spec().retargeting?;
        let mut forged = Self::default();
        let mut time = params.spec().genesis_time;
        for height in 1..=length {
            // a delay of two half-lives makes a block four times easier; from height 9 on, blocks on schedule keep the
            // difficulty low
            time += if height <= 8 { 2 * retargeting.half_life_ms } else { retargeting.spacing_ms };
            if time > scene.unix_ms || forged.work + forged.work > scene.chain.tip().work {
                break;
            }
            let block = empty_block(height, scene.dice_root());
            forged.push(&mut context, scene, time, block);
        }
        Some(forged)
    }

    /// Mines a valid branch of `length` empty blocks on the real chain's block at `height`, with evenly spaced times up
    /// to now. Returns `None` if there is no such block.
    pub(super) fn private(scene: &Scene<'_>, height: u64, length: usize) -> Option<Self> {
        let mut chain = PrivateChain::at(scene.chain, height, SecretKey::classroom(9).public_key())?;
        let step = scene.unix_ms.saturating_sub(chain.tip().time) / (length as u64 + 1);
        let mut forged = Self::default();
        for _ in 0..length {
            let time = chain.tip().time + step;
            let mut block = chain.template(time).ok()?;
            block.header = solve_header(block.header);
            chain.extend(block.clone()).ok()?;
            forged.headers.push(block.header);
            forged.bodies.insert(block.hash(), block);
        }
        forged.work = chain.tip().work;
        Some(forged)
    }

    /// Returns the block at index `place`, if it is not the last one and the chain up to it has less work than `below`.
    pub(super) fn body(&self, place: usize, below: Work) -> Option<Block> {
        let behind = self.headers.get(place + 1..)?;
        let rest: Work = behind.iter().filter_map(work_of).sum();
        let header = self.headers.get(place)?;
        let is_lighter = self.work.saturating_sub(rest) < below && !behind.is_empty();
        self.bodies.get(&header.hash()).filter(|_| is_lighter).cloned()
    }

    /// Returns a truthful status of the forged chain.
    pub(super) fn own_status(&self, scene: &Scene<'_>) -> Option<NodeMessage> {
        self.status(scene, self.work)
    }

    /// Returns the first headers, as many as fit in one message.
    pub(super) fn first_page(&self) -> Vec<Header> {
        self.headers.iter().take(limits::HEADERS_A_MESSAGE).copied().collect()
    }

    /// Answers a request for the chain's headers or blocks; returns `None` for any other message.
    pub fn answer(&self, from: NodeId, message: &NodeMessage) -> Option<Vec<Said>> {
        match message {
            NodeMessage::GetHeaders(request) if !self.headers.is_empty() => {
                let known = |header: &Header| request.locator.contains(&header.hash());
                let first = self.headers.iter().rposition(known).map_or(0, |at| at + 1);
                let page: Vec<_> = self.headers.iter().skip(first).take(limits::HEADERS_A_MESSAGE).copied().collect();
                Some(vec![(Some(from), NodeMessage::Headers(page))])
            }
            NodeMessage::GetBlocks(hashes) if hashes.iter().any(|hash| self.bodies.contains_key(hash)) => {
                let bodies = hashes.iter().filter_map(|hash| self.bodies.get(hash));
                Some(bodies.map(|block| (Some(from), NodeMessage::Block(block.clone()))).collect())
            }
            _ => None,
        }
    }

    /// Returns a status of the forged chain that claims this much work.
    pub(super) fn status(&self, scene: &Scene<'_>, work: Work) -> Option<NodeMessage> {
        let last = self.headers.last()?;
        Some(NodeMessage::Status(Status {
            genesis: scene.chain.params().genesis_hash(),
            tip: last.hash(),
            height: last.height,
            work: work.to_be_bytes(),
            time: scene.unix_ms,
        }))
    }

    pub(super) fn push(&mut self, context: &mut HeaderContext, scene: &Scene<'_>, time: u64, mut block: Block) {
        let params = scene.chain.params();
        block.header.previous = context.parent;
        block.header.height = context.height + 1;
        block.header.bits = context.expected_bits(params);
        block.header.time = time.max(context.time + 1);
        block.header.merkle_root = block.merkle_root();
        block.header = solve_header(block.header);
        let hash = block.hash();
        context.extend(&block.header, hash);
        self.work = self.work + work_of(&block.header).unwrap_or_default();
        self.headers.push(block.header);
        self.bodies.insert(hash, block);
    }
}

impl Scene<'_> {
    /// Returns a random state root, which matches no state.
    pub(super) fn dice_root(&mut self) -> StateRoot {
        StateRoot::from_bytes(self.dice.bytes())
    }
}

/// Returns an orphan block: nobody has its parent.
pub(super) fn orphan_block(scene: &mut Scene<'_>, owner: PublicKey) -> Block {
    let height = scene.chain.height() + 1;
    let root = scene.dice_root();
    let mut block = empty_block(height, root);
    block.coinbase.outputs = vec![TxOut { value: Amount::from_grains(1), owner }];
    block.header.previous = BlockHash::from_bytes(scene.dice.bytes());
    block.header.bits = scene.chain.params().spec().limit_bits;
    block.header.time = scene.unix_ms;
    block.header.merkle_root = block.merkle_root();
    block.header = solve_header(block.header);
    block
}

fn work_of(header: &Header) -> Option<Work> {
    header.bits.to_target().ok().map(|target| target.work())
}

pub(super) fn empty_block(height: u64, state_root: StateRoot) -> Block {
    let header = Header {
        previous: BlockHash::ZERO,
        merkle_root: Default::default(),
        version: Header::VERSION,
        bits: toycoin_core::CompactTarget::from_bits(0),
        height,
        time: 0,
        state_root,
        nonce: 0,
    };
    Block {
        header,
        coinbase: Coinbase { height, extra: b"forged".to_vec(), outputs: Vec::new() },
        transactions: vec![],
    }
}
