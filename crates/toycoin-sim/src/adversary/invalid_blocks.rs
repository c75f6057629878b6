//! Blocks with valid proof of work that break another rule.

use std::collections::BTreeMap;

use toycoin_core::{
    Amount, Block, OutPoint, SecretKey, Signature, StateRoot, Transaction, TxOut, sighash,
    store::ChainStore as _,
    utxo::{Coin, UtxoDiff},
};
use toycoin_wire::{NodeId, node::NodeMessage};

use crate::{
    adversary::{
        Heard, Said, Scene, Tactic,
        forge::{ForgedChain, empty_block},
    },
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

fn any_signature(key: &SecretKey) -> Signature {
    key.sign(&[7; 32])
}
