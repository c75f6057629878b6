//! Strategies for property tests: chains, fork trees and graphs of payments, all with signatures and proof of work.
//!
//! Each strategy draws a small plan and builds the blocks from it, so a failing case shrinks to few blocks and few
//! payments.

use std::{fmt, ops::Range};

use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{
    amount::Amount,
    block::Block,
    consensus::RuleError,
    digest::BlockHash,
    keys::Signature,
    params::{ChainParams, NetworkSpec, Retargeting},
    test_util::{Payments, TestLedger, classroom},
    transaction::Transaction,
};

/// Returns the network of the strategies: as easy as regtest, but with retargeting.
///
/// Chains of the same length therefore differ in their work, by so little that all of them are mined quickly.
pub fn params() -> ChainParams {
    let spec = NetworkSpec {
        name: "strategies".into(),
        retargeting: Some(Retargeting { spacing_ms: 1_000, half_life_ms: 10_000 }),
        extra: b"toycoin strategies".to_vec(),
        ..ChainParams::regtest().spec().clone()
    };
    ChainParams::new(spec).expect("regtest's parameters with another difficulty rule")
}

/// A strategy for valid chains with that many blocks after genesis.
pub fn valid_chain(blocks: Range<usize>) -> impl Strategy<Value = TestLedger> {
    vec(block_plan(), blocks).prop_map(|plans| {
        let mut ledger = TestLedger::new(params());
        for (plan, place) in plans.iter().zip(0..) {
            ledger.push_unjudged(plan.build(&ledger, place));
        }
        ledger
    })
}

/// A strategy for trees of that many valid blocks, with forks of all depths.
pub fn fork_tree(blocks: Range<usize>) -> impl Strategy<Value = ForkTree> {
    vec(block_plan(), blocks).prop_map(|plans| ForkTree::build(&plans, false))
}

/// A strategy for trees in which about one block in ten breaks a rule that needs the block's context: a reward, a coin,
/// a signature or a state root. Other blocks may build on it.
pub fn fork_tree_with_cheats(blocks: Range<usize>) -> impl Strategy<Value = ForkTree> {
    vec(block_plan(), blocks).prop_map(|plans| ForkTree::build(&plans, true))
}

/// A strategy for payments that spend each other's coins, and for others that conflict with them.
pub fn transaction_graph(payments: Range<usize>) -> impl Strategy<Value = TransactionGraph> {
    let conflicts = vec((any::<Index>(), 0..classroom::KEYS), 0..4);
    (vec(payment_plan(), payments), conflicts)
        .prop_map(|(plans, conflicts)| TransactionGraph::build(&plans, &conflicts))
}

/// A tree of blocks above one genesis.
#[derive(Clone)]
pub struct ForkTree {
    params: ChainParams,
    blocks: Vec<ForkBlock>,
}

/// A block of a [`ForkTree`].
#[derive(Debug, Clone)]
pub struct ForkBlock {
    /// The block.
    pub block: Block,
    /// Its hash.
    pub hash: BlockHash,
    /// The index of its parent in the tree, `None` for genesis.
    pub parent: Option<usize>,
    /// Whether it and every ancestor are valid.
    pub valid: bool,
    /// The chain up to and including this block.
    pub ledger: TestLedger,
}

impl ForkTree {
    /// Returns the network's parameters.
    pub const fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Returns the blocks, parents before children.
    pub fn blocks(&self) -> &[ForkBlock] {
        &self.blocks
    }

    /// Returns a time at which no block is too far ahead, in Unix milliseconds.
    pub fn now_ms(&self) -> u64 {
        let times = self.blocks.iter().map(|node| node.block.header.time);
        times.max().unwrap_or(self.params.spec().genesis_time)
    }

    /// Recomputes the chain that ends in block `place` from genesis, and judges each block.
    ///
    /// # Errors
    /// The first rule that a block breaks.
    pub fn replay(&self, place: usize) -> Result<TestLedger, RuleError> {
        let node = self.blocks.get(place).into_iter();
        let blocks = node.flat_map(|node| node.ledger.blocks().iter().skip(1)).map(AsRef::as_ref);
        TestLedger::replay(self.params.clone(), blocks, self.now_ms())
    }

    fn build(plans: &[BlockPlan], cheats: bool) -> Self {
        let params = params();
        let genesis = TestLedger::new(params.clone());
        let mut blocks: Vec<ForkBlock> = Vec::new();
        for (plan, place) in plans.iter().zip(0..) {
            let parent = blocks.len().checked_sub(plan.back);
            let node = parent.and_then(|parent| blocks.get(parent));
            let mut ledger = node.map_or(&genesis, |node| &node.ledger).clone();
            let mut block = plan.build(&ledger, place);
            let cheat = plan.cheat.filter(|_| cheats);
            if let Some(cheat) = cheat {
                block = cheat.spoil(block, &ledger);
            }
            let valid = cheat.is_none() && node.is_none_or(|node| node.valid);
            ledger.push_unjudged(block.clone());
            blocks.push(ForkBlock { hash: block.hash(), block, parent, valid, ledger });
        }
        Self { params, blocks }
    }
}

/// Shows the parent, payments and validity of each block, which is what a drawing of the tree needs.
impl fmt::Debug for ForkTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for (place, node) in self.blocks.iter().enumerate() {
            let parent = node.parent.map_or_else(|| "genesis".to_owned(), |parent| parent.to_string());
            let payments = node.block.transactions.len();
            let mark = if node.valid { "" } else { ", invalid" };
            list.entry(&format_args!("{place} on {parent}: {} with {payments} payments{mark}", node.hash));
        }
        list.finish()
    }
}

/// A graph of payments above a ledger.
#[derive(Debug, Clone)]
pub struct TransactionGraph {
    /// The chain whose coins they spend.
    pub ledger: TestLedger,
    /// Payments in an order in which they fit in one block: each may spend coins that earlier ones created.
    pub transactions: Vec<Transaction>,
    /// Conflicting payments: each spends a coin that a payment of `transactions` spends too.
    pub conflicts: Vec<Transaction>,
}

impl TransactionGraph {
    fn build(plans: &[PaymentPlan], conflicts: &[(Index, u32)]) -> Self {
        let mut ledger = TestLedger::new(params());
        // rewards that are mature, besides the coins of genesis
        for index in 0..4 {
            ledger.extend(Vec::new(), classroom::owner(index));
        }
        let mut payments = ledger.payments();
        // pairs each payment with the coins that were left before it
        let mut made = Vec::new();
        for plan in plans {
            let at_hand = payments.clone();
            made.extend(plan.build(&mut payments).map(|transaction| (at_hand, transaction)));
        }
        let conflict = |(which, to): &(Index, u32)| {
            let (at_hand, transaction) = made.get(which.index(made.len().max(1)))?;
            at_hand.conflict(transaction, *to)
        };
        let conflicts = conflicts.iter().filter_map(conflict).collect();
        Self { ledger, transactions: made.into_iter().map(|(_, transaction)| transaction).collect(), conflicts }
    }
}

/// The plan of a block.
#[derive(Debug, Clone)]
struct BlockPlan {
    /// How many blocks earlier its parent was built. Before the first block it is genesis.
    back: usize,
    gap_ms: u64,
    miner: u32,
    payments: Vec<PaymentPlan>,
    cheat: Option<Cheat>,
}

/// The fault of a block.
#[derive(Debug, Clone, Copy)]
enum Cheat {
    /// The coinbase pays a grain too much. Blocks without payments have this fault instead of `Coin` or `Signature`.
    Reward,
    /// The last payment spends a coin that does not exist.
    Coin,
    /// The last payment has an invalid signature.
    Signature,
    /// The state root is that of the parent.
    StateRoot,
}

impl Cheat {
    /// Gives the block exactly this fault, and mines it.
    fn spoil(self, mut block: Block, ledger: &TestLedger) -> Block {
        match (self, block.transactions.last_mut()) {
            (Self::Coin, Some(payment)) => payment.inputs.iter_mut().for_each(|input| input.vout += 1_000),
            (Self::Signature, Some(payment)) => payment.signatures.iter_mut().for_each(|signature| {
                let mut bytes = signature.to_bytes();
                bytes.reverse();
                *signature = Signature::from_bytes(bytes);
            }),
            (Self::StateRoot, _) => {}
            _ => block.coinbase.outputs.iter_mut().for_each(|reward| {
                reward.value = reward.value.saturating_add(Amount::from_grains(1));
            }),
        }
        ledger.commit(&mut block);
        if matches!(self, Self::StateRoot) {
            block.header.state_root = ledger.tip().header.state_root;
        }
        block.mine_trivial()
    }
}

fn block_plan() -> impl Strategy<Value = BlockPlan> {
    let back = prop_oneof![6 => Just(1usize), 3 => 2..6usize, 1 => 6..30usize];
    // at the fastest, a block is a tenth of a half-life early: 60 such blocks in a row are about 60 times harder than
    // the first
    let gap = prop_oneof![1..600u64, 600..2_500u64];
    let miner = 0..classroom::KEYS;
    let cheat = prop::sample::select(&[Cheat::Reward, Cheat::Coin, Cheat::Signature, Cheat::StateRoot][..]);
    let parts = (back, gap, miner, vec(payment_plan(), 0..4), prop::option::weighted(0.1, cheat));
    parts.prop_map(|(back, gap_ms, miner, payments, cheat)| BlockPlan { back, gap_ms, miner, payments, cheat })
}

impl BlockPlan {
    /// Builds the block. `place` makes it differ from its siblings.
    fn build(&self, ledger: &TestLedger, place: u32) -> Block {
        let mut payments = ledger.payments();
        let transactions = self.payments.iter().filter_map(|plan| plan.build(&mut payments)).collect();
        let mut block = ledger.draft(transactions, classroom::owner(self.miner));
        block.header.time = ledger.tip().header.time + self.gap_ms;
        block.coinbase.extra = place.to_le_bytes().to_vec();
        ledger.seal(block)
    }
}

/// The payer, the payee, and the share of the payer's coins.
#[derive(Debug, Clone, Copy)]
struct PaymentPlan {
    from: u32,
    to: u32,
    thousandths: u64,
    fee: u64,
}

fn payment_plan() -> impl Strategy<Value = PaymentPlan> {
    // mostly from the four keys that own coins in genesis
    let from = prop_oneof![4 => 0..4u32, 1 => 4..classroom::KEYS];
    let parts = (from, 0..classroom::KEYS, 1..=1_000u64, 0..10_000u64);
    parts.prop_map(|(from, to, thousandths, fee)| PaymentPlan { from, to, thousandths, fee })
}

impl PaymentPlan {
    /// Makes the payment, `None` if the payer has too little.
    fn build(self, payments: &mut Payments) -> Option<Transaction> {
        let owned: Amount = payments.coins_of(self.from).map(|(_, coin)| coin.value).sum();
        let fee = Amount::from_grains(self.fee);
        let most = owned.checked_sub(fee)?;
        let value = Amount::from_grains(most.grains() / 1_000 * self.thousandths);
        payments.pay(self.from, self.to, value, fee)
    }
}
