//! The chain that the node has, and the transactions that are made from its coins.

use std::error::Error;

use rayon::prelude::*;
use toycoin_core::{
    Amount, Block, BlockHash, Chain, ChainParams, OutPoint, SecretKey, Transaction, TxOut, Txid, sighash,
    store::MemoryStore, test_util::grow,
};

/// Transactions in a large block, and their outputs: 997 kB by formula.
const FILLERS: usize = 10;
const FILLER_OUTPUTS: usize = 2_490;
/// Value of each coin that a payment or a child spends, in grains.
const COIN: u64 = 1_000;
/// Number of honest payments that there are coins for.
const PAYMENTS: usize = 1_000;
/// Number of transactions whose outputs strangers spend: one for each row that needs one.
const PARENTS: usize = 3;

/// How large the scene is.
pub(crate) struct Size {
    pub(crate) height: u64,
    pub(crate) large_blocks: usize,
    /// Inputs of a stranger's transaction, and outputs of its parent.
    pub(crate) inputs: usize,
}

/// A chain of regtest, with coins left to spend.
pub(crate) struct Scene {
    /// The blocks after genesis.
    pub(crate) blocks: Vec<Block>,
    /// Their hashes, that of genesis first.
    pub(crate) hashes: Vec<BlockHash>,
    pub(crate) large: Vec<BlockHash>,
    /// The id of a coinbase of the chain.
    pub(crate) coinbase: Txid,
    /// A parent on the chain.
    pub(crate) confirmed: Parent,
    /// Parents that nobody has seen yet.
    pub(crate) unconfirmed: Vec<Parent>,
    /// Payments of one input that do not depend on each other.
    pub(crate) payments: Vec<Transaction>,
}

impl Scene {
    pub(crate) fn new(size: &Size) -> Result<Self, Box<dyn Error>> {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        let genesis = chain.tip().hash;
        let keys: Vec<_> = (0..u32::try_from(size.inputs)?).map(SecretKey::classroom).collect();
        let payer = &keys[0];
        let to_payer = |value| TxOut { value: Amount::from_grains(value), owner: payer.public_key() };

        let fillers = size.large_blocks * FILLERS;
        let mut outputs = vec![to_payer(FILLER_OUTPUTS as u64); fillers];
        outputs.extend(vec![to_payer(COIN * size.inputs as u64); PARENTS]);
        outputs.extend(vec![to_payer(COIN); PAYMENTS]);
        let rich = chain.coins_of(&payer.public_key())?;
        let (outpoint, coin) = *rich.first().ok_or("the first classroom key has a coin in genesis")?;
        let funds = spend(genesis, payer, (outpoint, coin.output), outputs);
        let mut coins = outputs_of(&funds).into_iter();
        let mut blocks = vec![extend(&mut chain, vec![funds], payer)?];

        let mut large = Vec::new();
        for _ in 0..size.large_blocks {
            let outputs = vec![to_payer(1); FILLER_OUTPUTS];
            let fillers = coins.by_ref().take(FILLERS);
            let block = fillers.map(|coin| spend(genesis, payer, coin, outputs.clone())).collect();
            let block = extend(&mut chain, block, payer)?;
            large.push(block.hash());
            blocks.push(block);
        }
        let mut parents: Vec<_> =
            coins.by_ref().take(PARENTS).map(|coin| Parent::new(genesis, coin, keys.clone())).collect();
        let confirmed = parents.pop().ok_or("there are parents")?;
        blocks.push(extend(&mut chain, vec![confirmed.transaction.clone()], payer)?);
        let payments = coins.map(|coin| spend(genesis, payer, coin, vec![to_payer(COIN / 2)])).collect();

        let low = chain.height();
        grow(&mut chain, size.height.saturating_sub(low), payer.public_key());
        for height in low + 1..=size.height {
            blocks.push(chain.block_at(height)?.ok_or("memory keeps every block")?.block().clone());
        }
        let hashes: Vec<_> = [genesis].into_iter().chain(blocks.iter().map(Block::hash)).collect();
        let coinbase = blocks[0].coinbase.txid();
        Ok(Self { blocks, hashes, large, coinbase, confirmed, unconfirmed: parents, payments })
    }
}

/// A transaction with many outputs, each with an owner of its own.
pub(crate) struct Parent {
    pub(crate) transaction: Transaction,
    genesis: BlockHash,
    owners: Vec<SecretKey>,
}

impl Parent {
    fn new(genesis: BlockHash, coin: (OutPoint, TxOut), owners: Vec<SecretKey>) -> Self {
        let output = |owner: &SecretKey| TxOut { value: Amount::from_grains(COIN), owner: owner.public_key() };
        let outputs = owners.iter().map(output).collect();
        Self { transaction: spend(genesis, &owners[0], coin, outputs), genesis, owners }
    }

    /// Makes transactions that spend all outputs. Each is another one, and each has one bad signature: the last, so that
    /// all others are verified for nothing.
    pub(crate) fn bad_children(&self, count: usize) -> Vec<Transaction> {
        let (inputs, spent): (Vec<_>, Vec<_>) = outputs_of(&self.transaction).into_iter().unzip();
        let child = |number: usize| {
            let outputs = vec![TxOut { value: Amount::from_grains(1 + number as u64), ..spent[0] }];
            let inputs = inputs.clone();
            let mut child = Transaction { version: Transaction::VERSION, inputs, outputs, signatures: Vec::new() };
            let message = sighash(self.genesis, child.txid(), spent.iter().copied());
            child.signatures = self.owners.iter().map(|owner| owner.sign(message.as_bytes())).collect();
            if let Some((last, owner)) = child.signatures.last_mut().zip(self.owners.last()) {
                *last = owner.sign(&[0; 32]);
            }
            child
        };
        (0..count).into_par_iter().map(child).collect()
    }
}

/// Makes the next block, one second after the tip.
fn extend(
    chain: &mut Chain<MemoryStore>,
    transactions: Vec<Transaction>,
    miner: &SecretKey,
) -> Result<Block, Box<dyn Error>> {
    let time = chain.tip().time + 1_000;
    let block = chain.template(transactions, miner.public_key(), b"", time)?.mine_trivial();
    chain.apply(block.clone(), time)?;
    Ok(block)
}

fn spend(genesis: BlockHash, key: &SecretKey, coin: (OutPoint, TxOut), outputs: Vec<TxOut>) -> Transaction {
    let (outpoint, coin) = coin;
    let (version, inputs) = (Transaction::VERSION, vec![outpoint]);
    let mut transaction = Transaction { version, inputs, outputs, signatures: Vec::new() };
    transaction.sign_all(genesis, &[coin], key);
    transaction
}

fn outputs_of(transaction: &Transaction) -> Vec<(OutPoint, TxOut)> {
    transaction.outpoints(transaction.txid()).map(|(outpoint, output)| (outpoint, *output)).collect()
}
