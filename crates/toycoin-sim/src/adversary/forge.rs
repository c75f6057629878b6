//! Forged chains: blocks with all the work that they need, and something wrong with them.

use std::collections::BTreeMap;

use toycoin_core::{
    Amount, Block, BlockHash, Coinbase, Header, PublicKey, SecretKey, Signature, StateRoot, Transaction, TxOut, Work,
    consensus::HeaderContext,
};
use toycoin_wire::{
    NodeId,
    node::{NodeMessage, Status},
};

use crate::{
    adversary::{Said, Scene, Tactic},
    network::solve_header,
};

/// What is wrong with a forged block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A transaction whose signature is not its owner's.
    BadSignature,
    /// A state root that is not the state's.
    BadStateRoot,
    /// A transaction that pays more than it spends.
    Overspend,
    /// A coinbase that pays too much.
    WrongSubsidy,
    /// Two transactions that spend one coin.
    SpentTwice,
}

/// A chain made up beside the real one.
#[derive(Debug, Clone, Default)]
pub struct ForgedChain {
    headers: Vec<Header>,
    bodies: BTreeMap<BlockHash, Block>,
    work: Work,
}

impl ForgedChain {
    /// Answers who asks for its headers or blocks; `None` for what is not its business.
    pub fn answer(&self, from: NodeId, message: &NodeMessage) -> Option<Vec<Said>> {
        match message {
            NodeMessage::GetHeaders(request) if !self.headers.is_empty() => {
                let known = |header: &Header| request.locator.contains(&header.hash());
                let first = self.headers.iter().rposition(known).map_or(0, |at| at + 1);
                let page: Vec<_> = self.headers.iter().skip(first).take(2_000).copied().collect();
                Some(vec![(Some(from), NodeMessage::Headers(page))])
            }
            NodeMessage::GetBlocks(hashes) if hashes.iter().any(|hash| self.bodies.contains_key(hash)) => {
                let bodies = hashes.iter().filter_map(|hash| self.bodies.get(hash));
                Some(bodies.map(|block| (Some(from), NodeMessage::Block(block.clone()))).collect())
            }
            _ => None,
        }
    }

    /// Says what it claims to be.
    fn status(&self, scene: &Scene<'_>, work: Work) -> Option<NodeMessage> {
        let last = self.headers.last()?;
        Some(NodeMessage::Status(Status {
            genesis: scene.chain.params().genesis_hash(),
            tip: last.hash(),
            height: last.height,
            work: work.to_be_bytes(),
            time: scene.unix_ms,
        }))
    }

    fn push(&mut self, context: &mut HeaderContext, scene: &Scene<'_>, time: u64, mut block: Block) {
        let params = scene.chain.params();
        block.header.previous = context.parent;
        block.header.height = context.height + 1;
        block.header.bits = context.expected_bits(params);
        block.header.time = time.max(context.median_time() + 1);
        block.header.merkle_root = block.merkle_root();
        block.header = solve_header(block.header);
        let hash = block.hash();
        context.extend(&block.header, hash);
        self.work = self.work + block.header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        self.headers.push(block.header);
        self.bodies.insert(hash, block);
    }
}

/// Serves chains that fork off the real one and have a broken block at the bottom, and good work on top.
#[derive(Debug, Clone)]
pub struct InvalidBlocks {
    flaw: Flaw,
    /// Blocks on top of the broken one.
    depth: usize,
    forged: ForgedChain,
}

impl InvalidBlocks {
    /// Breaks blocks so, and hides each under `depth` others.
    pub fn new(flaw: Flaw, depth: usize) -> Self {
        Self { flaw, depth, forged: ForgedChain::default() }
    }
}

impl Tactic for InvalidBlocks {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Option<Vec<Said>> {
        self.forged.answer(from, message)
    }

    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let tip = scene.chain.tip();
        let Some(mut context) = scene.chain.headers().context_after(&tip.hash) else { return Vec::new() };
        let Some(broken) = broken_block(scene, self.flaw) else { return Vec::new() };
        let mut forged = ForgedChain { work: tip.work, ..ForgedChain::default() };
        forged.push(&mut context, scene, scene.unix_ms, broken);
        for _ in 0..self.depth {
            let height = context.height + 1;
            let block = empty_block(height, scene.dice_root());
            forged.push(&mut context, scene, scene.unix_ms, block);
        }
        self.forged = forged;
        let work = self.forged.work;
        let bottom = self.forged.headers.first().and_then(|header| self.forged.bodies.get(&header.hash()));
        let block = bottom.filter(|_| self.depth == 0).map(|block| NodeMessage::Block(block.clone()));
        let said = block.or_else(|| self.forged.status(scene, work));
        said.into_iter().map(|message| (None, message)).collect()
    }
}

/// Shows a chain from genesis with many blocks and little work, and claims that it has more than any.
#[derive(Debug, Clone, Default)]
pub struct LighterChain {
    /// How many blocks; difficulty falls to the limit with them.
    pub length: u64,
    forged: ForgedChain,
}

impl LighterChain {
    /// Makes a chain of so many blocks, each as late as it must be for that.
    pub fn new(length: u64) -> Self {
        Self { length, forged: ForgedChain::default() }
    }
}

impl Tactic for LighterChain {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Option<Vec<Said>> {
        self.forged.answer(from, message)
    }

    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        // once the honest chain has more work than so many blocks at the limit
        if self.forged.headers.is_empty() && scene.chain.height() >= 10 {
            let params = scene.chain.params().clone();
            let genesis = params.genesis_hash();
            let Some(mut context) = scene.chain.headers().context_after(&genesis) else { return Vec::new() };
            let Some(retargeting) = params.spec().retargeting else { return Vec::new() };
            let mut time = params.spec().genesis_time;
            for height in 1..=self.length {
                // two half-lives late are four times easier; then on schedule, which stays so
                time += if height <= 8 { 2 * retargeting.half_life_ms } else { retargeting.spacing_ms };
                let block = empty_block(height, scene.dice_root());
                self.forged.push(&mut context, scene, time, block);
            }
        }
        let claimed = scene.chain.tip().work + scene.chain.tip().work;
        self.forged.status(scene, claimed).into_iter().map(|message| (None, message)).collect()
    }
}

impl Scene<'_> {
    /// Returns a state root that is nobody's.
    fn dice_root(&mut self) -> StateRoot {
        StateRoot::from_bytes(self.dice.bytes())
    }
}

/// Returns a block on a parent that nobody has.
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

/// Returns the next block of the real chain with a flaw; `None` when the forger has no coin for it.
fn broken_block(scene: &mut Scene<'_>, flaw: Flaw) -> Option<Block> {
    // anybody's coin: an unspent one of the genesis block's owners
    let coinbase = &scene.chain.params().genesis().coinbase;
    let coin = coinbase.outputs.first()?;
    let coins = scene.chain.coins_of(&coin.owner).ok()?;
    let (outpoint, coin) = coins.first()?;
    let mut template = scene.chain.template(Vec::new(), coin.output.owner, b"forged", scene.unix_ms).ok()?;
    let key = SecretKey::classroom(9);
    let spend = |value: Amount, vout: u32| {
        let owner = SecretKey::classroom(9 + vout).public_key();
        let (inputs, outputs) = (vec![*outpoint], vec![TxOut { value, owner }]);
        Transaction { version: 1, inputs, outputs, signatures: vec![any_signature(&key)] }
    };
    match flaw {
        Flaw::BadSignature => template.transactions = vec![spend(coin.output.value, 0)],
        Flaw::Overspend => {
            template.transactions = vec![spend(coin.output.value.saturating_add(Amount::from_grains(1)), 0)];
        }
        Flaw::SpentTwice => template.transactions = vec![spend(coin.output.value, 0), spend(coin.output.value, 1)],
        Flaw::BadStateRoot => template.header.state_root = scene.dice_root(),
        Flaw::WrongSubsidy => {
            let output = template.coinbase.outputs.first_mut()?;
            output.value = output.value.saturating_add(Amount::from_grains(1));
        }
    }
    Some(template)
}

fn any_signature(key: &SecretKey) -> Signature {
    key.sign(&[7; 32])
}

fn empty_block(height: u64, state_root: StateRoot) -> Block {
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
