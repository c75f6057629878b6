//! Forged chains: blocks with valid proof of work that break another rule.

use std::collections::BTreeMap;

use toycoin_core::{
    Amount, Block, BlockHash, Coinbase, Header, OutPoint, PublicKey, SecretKey, Signature, StateRoot, Transaction,
    TxOut, Work,
    consensus::HeaderContext,
    sighash,
    store::ChainStore as _,
    utxo::{Coin, UtxoDiff},
};
use toycoin_node::limits;
use toycoin_wire::{
    NodeId,
    node::{NodeMessage, Status},
};

use crate::{
    adversary::{Heard, PrivateChain, Said, Scene, Tactic},
    network::solve_header,
    params::wallet_key,
};

/// What is wrong with a forged block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// A transaction with an invalid signature.
    BadSignature,
    /// A state root that does not match the state.
    BadStateRoot,
    /// A transaction that pays more than it spends.
    Overspend,
    /// A coinbase that pays too much.
    WrongSubsidy,
    /// Two transactions that spend the same coin.
    SpentTwice,
    /// A transaction, signed by the owner, that spends a coin which an earlier block spent.
    SpentBefore,
}

impl Flaw {
    /// Every flaw.
    pub const ALL: [Self; 6] = [
        Self::BadSignature,
        Self::BadStateRoot,
        Self::Overspend,
        Self::WrongSubsidy,
        Self::SpentTwice,
        Self::SpentBefore,
    ];
}

/// A forged chain beside the real one.
#[derive(Debug, Clone, Default)]
pub struct ForgedChain {
    headers: Vec<Header>,
    bodies: BTreeMap<BlockHash, Block>,
    work: Work,
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

    fn push(&mut self, context: &mut HeaderContext, scene: &Scene<'_>, time: u64, mut block: Block) {
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

/// Serves forks of the real chain with a broken block at the bottom and valid proof of work on top.
#[derive(Debug, Clone)]
pub struct InvalidBlocks {
    flaw: Flaw,
    /// Number of blocks on top of the broken one.
    depth: usize,
    forged: ForgedChain,
}

impl InvalidBlocks {
    /// Returns an adversary whose blocks have this flaw, each hidden under `depth` others.
    pub fn new(flaw: Flaw, depth: usize) -> Self {
        Self { flaw, depth, forged: ForgedChain::default() }
    }
}

impl Tactic for InvalidBlocks {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Heard {
        self.forged.answer(from, message).into()
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

/// Serves a chain from genesis with many blocks and little work, and claims more work than any other chain has.
#[derive(Debug, Clone, Default)]
pub struct LighterChain {
    /// Most blocks of the chain; difficulty falls to its limit over their course.
    pub length: u64,
    forged: ForgedChain,
}

impl LighterChain {
    /// Returns an adversary whose chain has up to `length` blocks, each late enough to lower the difficulty.
    pub fn new(length: u64) -> Self {
        Self { length, forged: ForgedChain::default() }
    }
}

impl Tactic for LighterChain {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Heard {
        self.forged.answer(from, message).into()
    }

    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        // wait until the honest chain has more work than a long chain at the easiest difficulty
        if self.forged.headers.is_empty() && scene.chain.height() >= 10 {
            self.forged = ForgedChain::easiest(scene, self.length).unwrap_or_default();
        }
        let claimed = scene.chain.tip().work + scene.chain.tip().work;
        self.forged.status(scene, claimed).into_iter().map(|message| (None, message)).collect()
    }
}

impl Scene<'_> {
    /// Returns a random state root, which matches no state.
    fn dice_root(&mut self) -> StateRoot {
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

/// Returns the next block of the real chain with a flaw; `None` if no suitable coin exists.
fn broken_block(scene: &mut Scene<'_>, flaw: Flaw) -> Option<Block> {
    // the coin belongs to somebody else: it is an unspent output of the genesis block
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
        // nothing else is wrong: even the state root is the one that this block would produce
        Flaw::WrongSubsidy => {
            let output = template.coinbase.outputs.first_mut()?;
            output.value = output.value.saturating_add(Amount::from_grains(1));
            template.header.state_root = root_after(scene, &template, None);
        }
        Flaw::SpentBefore => {
            let (outpoint, coin, key) = spent_coin(scene)?;
            let outputs = vec![TxOut { value: coin.output.value, owner: SecretKey::classroom(9).public_key() }];
            let mut spend = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: Vec::new() };
            let message = sighash(scene.chain.params().genesis_hash(), spend.txid(), [coin.output]);
            spend.signatures = vec![key.sign(message.as_bytes())];
            template.transactions = vec![spend];
            template.header.state_root = root_after(scene, &template, Some((outpoint, coin)));
        }
    }
    Some(template)
}

/// Returns the state root that a block on the tip must commit to, even if it spends coins that it may not spend.
fn root_after(scene: &Scene<'_>, block: &Block, spent: Option<(OutPoint, Coin)>) -> StateRoot {
    let mut diff = UtxoDiff::default();
    for (outpoint, output) in block.coinbase.outpoints(block.coinbase.txid()) {
        diff.create(outpoint, Coin { output: *output, coinbase_height: block.header.height });
    }
    spent.into_iter().for_each(|(outpoint, coin)| diff.spend(outpoint, coin));
    for transaction in &block.transactions {
        for (outpoint, output) in transaction.outpoints(transaction.txid()) {
            diff.create(outpoint, Coin { output: *output, coinbase_height: 0 });
        }
    }
    let (mut state, tip) = (scene.chain.state().clone(), scene.chain.tip());
    state.ancestors.push(tip.hash, tip.work);
    state.apply(&diff);
    state.root()
}

/// Returns a coin of a wallet that a block of the chain has spent, with the wallet's key.
fn spent_coin(scene: &Scene<'_>) -> Option<(OutPoint, Coin, SecretKey)> {
    let keys: BTreeMap<_, _> = (0..64).map(wallet_key).map(|key| (key.public_key(), key)).collect();
    (1..=scene.chain.height()).rev().find_map(|height| {
        let hash = scene.chain.header_at(height)?.hash;
        let Ok(undo) = scene.chain.store().undo(&hash);
        let (outpoint, coin) = undo?.spent.into_iter().find(|(_, coin)| keys.contains_key(&coin.output.owner))?;
        Some((outpoint, coin, keys.get(&coin.output.owner)?.clone()))
    })
}

fn work_of(header: &Header) -> Option<Work> {
    header.bits.to_target().ok().map(|target| target.work())
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
