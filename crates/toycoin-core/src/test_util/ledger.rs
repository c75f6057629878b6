//! The simplest chain: the model that the engine is compared with.
//!
//! It keeps every coin in a map, applies blocks to a copy of that map, and derives the state from the two maps alone.
//! It shares with the engine the code that judges a block, and none of the code that stores one: no diff, no undo data,
//! no overlay, no store.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    amount::Amount,
    block::Block,
    consensus::{BlockContext, ConnectedBlock, HeaderContext, RuleError},
    digest::{BlockHash, Txid},
    header::Header,
    keys::PublicKey,
    params::ChainParams,
    state::{ChainState, LtHash},
    target::Work,
    test_util::{Payments, classroom, judge},
    transaction::{Coinbase, OutPoint, Transaction, TxOut},
    utxo::Coin,
};

/// A chain of blocks with its UTXO set, and the means to build the next block.
#[derive(Debug, Clone)]
pub struct TestLedger {
    params: ChainParams,
    blocks: Vec<Arc<Block>>,
    context: HeaderContext,
    work: Work,
    coins: BTreeMap<OutPoint, Coin>,
    state: ChainState,
}

impl TestLedger {
    /// Starts a chain at the network's genesis.
    pub fn new(params: ChainParams) -> Self {
        let genesis = params.genesis().clone();
        let header = genesis.header;
        let coins = genesis.coinbase.outpoints(genesis.coinbase.txid());
        Self {
            context: HeaderContext::after_genesis(&params),
            work: work_of(&header),
            coins: coins.map(|(at, output)| (at, Coin { output: *output, coinbase_height: 0 })).collect(),
            state: params.genesis_state().clone(),
            blocks: vec![Arc::new(genesis)],
            params,
        }
    }

    /// Recomputes a chain from genesis: judges the given blocks in their order.
    ///
    /// # Errors
    /// The first rule that a block breaks.
    pub fn replay<'a>(
        params: ChainParams,
        blocks: impl IntoIterator<Item = &'a Block>,
        now_ms: u64,
    ) -> Result<Self, RuleError> {
        let mut ledger = Self::new(params);
        for block in blocks {
            ledger.push(block.clone(), now_ms)?;
        }
        Ok(ledger)
    }

    /// Returns the network's parameters.
    pub const fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Returns all blocks, genesis first.
    pub fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    /// Returns the last block.
    pub fn tip(&self) -> &Block {
        self.blocks.last().expect("genesis is always there")
    }

    /// Returns the last block's hash.
    pub const fn tip_hash(&self) -> BlockHash {
        self.context.parent
    }

    /// Returns the last block's height.
    pub const fn height(&self) -> u64 {
        self.context.height
    }

    /// Returns the work of the whole chain, genesis included.
    pub const fn work(&self) -> Work {
        self.work
    }

    /// Returns the context in which the next header is judged.
    pub const fn context(&self) -> &HeaderContext {
        &self.context
    }

    /// Returns the context in which the next block is judged.
    pub const fn place(&self) -> BlockContext<'_> {
        BlockContext { state: &self.state, work: self.work }
    }

    /// Returns the UTXO set.
    pub const fn coins(&self) -> &BTreeMap<OutPoint, Coin> {
        &self.coins
    }

    /// Returns an owner's coins in the order of their outpoints, immature ones included.
    pub fn coins_of(&self, owner: PublicKey) -> Vec<(OutPoint, Coin)> {
        let coins = self.coins.iter().map(|(outpoint, coin)| (*outpoint, *coin));
        coins.filter(|(_, coin)| coin.output.owner == owner).collect()
    }

    /// Returns the state after the last block, updated block by block.
    pub const fn state(&self) -> &ChainState {
        &self.state
    }

    /// Computes the state from scratch, from every coin and every header.
    pub fn recount(&self) -> ChainState {
        let mut state = ChainState::default();
        for (outpoint, coin) in &self.coins {
            state.utxo_hash.add(outpoint, coin);
        }
        state.coin_count = self.coins.len() as u64;
        state.issued = self.coins.values().map(|coin| coin.output.value).sum();
        let mut work = Work::ZERO;
        // the last block is not among its own ancestors
        for block in self.blocks.iter().take(self.blocks.len() - 1) {
            work = work + work_of(&block.header);
            state.ancestors.push(block.hash(), work);
        }
        state
    }

    /// Returns a builder of payments that spend coins which are mature in the next block.
    pub fn payments(&self) -> Payments {
        let (height, maturity) = (self.height() + 1, self.params.spec().coinbase_maturity);
        let spendable = self.coins.iter().filter(|(_, coin)| coin.is_mature_at(height, maturity));
        Payments::new(self.params.genesis_hash(), spendable.map(|(outpoint, coin)| (*outpoint, *coin)))
    }

    /// Returns a valid next block with these transactions.
    ///
    /// Its time is one spacing after its parent's, or 1 s after it without retargeting.
    pub fn next_block(&self, transactions: Vec<Transaction>, miner: PublicKey) -> Block {
        self.seal(self.draft(transactions, miner))
    }

    /// Builds the next block and appends it.
    ///
    /// # Panics
    /// When the transactions are not valid in the next block.
    pub fn extend(&mut self, transactions: Vec<Transaction>, miner: PublicKey) -> Block {
        let block = self.next_block(transactions, miner);
        let now_ms = block.header.time;
        match self.push(block.clone(), now_ms) {
            Ok(_) => block,
            Err(error) => panic!("the transactions do not fit the ledger: {error}"),
        }
    }

    /// Judges a block as the next one.
    ///
    /// # Errors
    /// The first rule that the block breaks.
    pub fn judge(&self, block: Block, now_ms: u64) -> Result<ConnectedBlock, RuleError> {
        judge(&self.params, &self.context, self.place(), &self.coins, block, now_ms)
    }

    /// Judges a block and appends it.
    ///
    /// # Errors
    /// The first rule that the block breaks. The ledger is then unchanged.
    pub fn push(&mut self, block: Block, now_ms: u64) -> Result<ConnectedBlock, RuleError> {
        let connected = self.judge(block.clone(), now_ms)?;
        self.push_unjudged(block);
        Ok(connected)
    }

    /// Appends a block without judging it, as a cheating node would.
    pub fn push_unjudged(&mut self, block: Block) {
        let walked = self.walk(&block);
        self.state = self.state_after(&block, &walked);
        self.coins = walked.coins;
        self.work = self.work + work_of(&block.header);
        self.context.extend(&block.header, block.hash());
        self.blocks.push(Arc::new(block));
    }

    /// Returns a block without its coinbase's outputs and without what [`seal`](Self::seal) adds.
    pub fn draft(&self, transactions: Vec<Transaction>, miner: PublicKey) -> Block {
        let spacing = self.params.spec().retargeting.map_or(1_000, |retargeting| retargeting.spacing_ms);
        let height = self.height() + 1;
        let header = Header {
            previous: self.tip_hash(),
            merkle_root: Default::default(),
            version: Header::VERSION,
            bits: self.context.expected_bits(&self.params),
            height,
            time: self.tip().header.time + spacing,
            state_root: Default::default(),
            nonce: 0,
        };
        let outputs = vec![TxOut { value: Amount::ZERO, owner: miner }];
        Block { header, coinbase: Coinbase { height, extra: Vec::new(), outputs }, transactions }
    }

    /// Completes a block: its reward, its roots, its proof of work.
    #[must_use]
    pub fn seal(&self, mut block: Block) -> Block {
        self.reward(&mut block);
        self.commit(&mut block);
        block.mine_trivial()
    }

    /// Pays subsidy and fees to the owner of the coinbase's first output. There is no output if both are zero.
    pub fn reward(&self, block: &mut Block) {
        let walked = self.walk(block);
        let fees = walked.spent.iter().zip(&block.transactions).map(|(spent, transaction)| {
            let spent: Amount = spent.iter().map(|coin| coin.value).sum();
            spent.saturating_sub(transaction.outputs.iter().map(|output| output.value).sum())
        });
        let value = self.params.subsidy(block.header.height).saturating_add(fees.sum());
        let miner = block.coinbase.outputs.first().map_or(PublicKey::ZERO, |output| output.owner);
        let outputs = (value > Amount::ZERO).then_some(TxOut { value, owner: miner });
        block.coinbase.outputs = outputs.into_iter().collect();
    }

    /// Sets the header's two roots.
    pub fn commit(&self, block: &mut Block) {
        block.header.state_root = self.state_after(block, &self.walk(block)).root();
        block.header.merkle_root = block.merkle_root();
    }

    /// Signs every transaction of a block again, for the owners of the coins that it spends.
    ///
    /// An input that spends no coin carries a signature too.
    ///
    /// # Panics
    /// When a coin belongs to no classroom key.
    pub fn sign(&self, block: &mut Block) {
        let spent = self.walk(block).spent;
        for (transaction, spent) in block.transactions.iter_mut().zip(&spent) {
            classroom::sign(transaction, self.params.genesis_hash(), spent);
        }
    }

    /// Adds a coin to the UTXO set as if it had always been there. The money issued does not change.
    ///
    /// Tests of rules about more money than rule R30 allows need it.
    pub fn inject(&mut self, output: TxOut) -> OutPoint {
        let txid = blake3::hash(format!("injected {}", self.coins.len()).as_bytes());
        let txid = Txid::from_bytes(txid.into());
        let (outpoint, coin) = (OutPoint { txid, vout: 0 }, Coin { output, coinbase_height: 0 });
        self.coins.insert(outpoint, coin);
        self.state.utxo_hash.add(&outpoint, &coin);
        self.state.coin_count += 1;
        outpoint
    }

    /// Sets the money issued in the state.
    pub const fn set_issued(&mut self, issued: Amount) {
        self.state.issued = issued;
    }

    /// Applies a block to a copy of the UTXO set: removes spent coins and adds created ones, in the block's order.
    fn walk(&self, block: &Block) -> Walked {
        let mut coins = self.coins.clone();
        let coinbase = block.coinbase.outpoints(block.coinbase.txid());
        let height = block.header.height;
        coins.extend(coinbase.map(|(at, output)| (at, Coin { output: *output, coinbase_height: height })));
        let mut spent = Vec::new();
        for transaction in &block.transactions {
            let taken = transaction.inputs.iter().filter_map(|outpoint| coins.remove(outpoint));
            spent.push(taken.map(|coin| coin.output).collect());
            let made = transaction.outpoints(transaction.txid());
            coins.extend(made.map(|(at, output)| (at, Coin { output: *output, coinbase_height: 0 })));
        }
        Walked { coins, spent }
    }

    /// Returns the state after a block, from the UTXO sets before and after it.
    fn state_after(&self, block: &Block, walked: &Walked) -> ChainState {
        let missing = |from: &BTreeMap<OutPoint, Coin>, among: &BTreeMap<OutPoint, Coin>| {
            let coins = among.iter().filter(|(outpoint, coin)| from.get(outpoint) != Some(coin));
            coins.map(|(outpoint, coin)| (*outpoint, *coin)).collect::<Vec<_>>()
        };
        let gone = missing(&walked.coins, &self.coins);
        let new = missing(&self.coins, &walked.coins);
        let worth = |coins: &[(OutPoint, Coin)]| -> Amount { coins.iter().map(|(_, coin)| coin.output.value).sum() };

        let mut state = self.state.clone();
        let mut change = LtHash::default();
        gone.iter().for_each(|(outpoint, coin)| change.remove(outpoint, coin));
        new.iter().for_each(|(outpoint, coin)| change.add(outpoint, coin));
        state.utxo_hash.combine(&change);
        state.coin_count = state.coin_count + new.len() as u64 - gone.len() as u64;
        state.issued = state.issued.saturating_sub(worth(&gone)).saturating_add(worth(&new));
        state.ancestors.push(block.header.previous, self.work);
        state
    }
}

/// The result of applying a block to a copy of the UTXO set.
struct Walked {
    coins: BTreeMap<OutPoint, Coin>,
    /// The coins that each transaction spends, as far as they exist.
    spent: Vec<Vec<TxOut>>,
}

/// Returns a header's own work. Bits that are no target, which only a sandbox lets through, count as no work.
fn work_of(header: &Header) -> Work {
    header.bits.to_target().map(|target| target.work()).unwrap_or_default()
}
