//! A chain over the store under test and one over the model, driven alike.

use std::fmt::Debug;

use super::answers::{answers, fine};
use crate::{
    block::Block,
    chain::{Advance, Chain},
    keys::PublicKey,
    params::ChainParams,
    store::{ChainStore, MemoryStore, WaitingTransaction},
    test_util::assert_openings,
    transaction::Transaction,
};

/// Two chains, and the blocks that they were given.
pub(super) struct Pair<S> {
    params: ChainParams,
    pub(super) chain: Chain<S>,
    pub(super) model: Chain<MemoryStore>,
    blocks: Vec<Block>,
    stage_bytes: u64,
    steps: usize,
}

impl<S: ChainStore<Error: Debug>> Pair<S> {
    /// Starts both chains at genesis. Moves of the tip go to the stores in parts of about `stage_bytes` bytes.
    pub(super) fn new(params: &ChainParams, store: S, stage_bytes: u64) -> Self {
        let chain = fine(Chain::open(params.clone(), store)).with_stage_bytes(stage_bytes);
        let model = Chain::in_memory(params.clone()).with_stage_bytes(stage_bytes);
        let blocks = vec![params.genesis().clone()];
        let pair = Self { params: params.clone(), chain, model, blocks, stage_bytes, steps: 0 };
        pair.compare("at genesis");
        pair
    }

    /// Mines a block on the tip, applies it to both chains, and returns it.
    pub(super) fn mine(&mut self, transactions: Vec<Transaction>, miner: PublicKey) -> Block {
        let block = mined(&self.model, transactions, miner);
        self.apply(&block, "after a block on the tip");
        block
    }

    /// Applies a block to both chains.
    pub(super) fn apply(&mut self, block: &Block, when: &str) {
        self.note(block);
        let expected = format!("{:?}", self.model.apply(block.clone(), u64::MAX));
        let found = format!("{:?}", self.chain.apply(block.clone(), u64::MAX));
        self.same(when, "what became of the block", &found, &expected);
        self.compare(when);
    }

    /// Inserts a body into both chains, without connecting anything.
    pub(super) fn insert(&mut self, block: &Block) {
        self.note(block);
        let expected = format!("{:?}", self.model.insert_block(block.clone(), u64::MAX));
        let found = format!("{:?}", self.chain.insert_block(block.clone(), u64::MAX));
        self.same("after a body came", "what became of it", &found, &expected);
        self.compare("after a body came");
    }

    /// Advances both chains by one step. Staged parts are not visible.
    pub(super) fn advance(&mut self) -> Advance {
        let (expected, found) = (fine(self.model.advance()), fine(self.chain.advance()));
        self.same("in the middle of a move", "what a step did", &format!("{found:?}"), &format!("{expected:?}"));
        found
    }

    /// Inserts a body into both chains in the middle of a move, and syncs what can be synced.
    pub(super) fn insert_amid(&mut self, block: &Block) {
        self.note(block);
        let when = "after a body came in the middle of a move";
        let expected = format!("{:?}", self.model.insert_block(block.clone(), u64::MAX));
        let found = format!("{:?}", self.chain.insert_block(block.clone(), u64::MAX));
        self.same(when, "what became of it", &found, &expected);
        self.sync();
        self.compare_answers(when);
    }

    /// Opens both chains again, as after a restart.
    pub(super) fn restart(self, when: &str) -> Self {
        let Self { params, chain, model, blocks, stage_bytes, steps } = self;
        let chain = fine(Chain::open(params.clone(), chain.into_store())).with_stage_bytes(stage_bytes);
        let model = fine(Chain::open(params.clone(), model.into_store())).with_stage_bytes(stage_bytes);
        let pair = Self { params, chain, model, blocks, stage_bytes, steps };
        pair.compare(when);
        pair
    }

    /// Syncs both stores.
    pub(super) fn sync(&mut self) {
        fine(self.chain.sync());
        fine(self.model.sync());
        assert!(self.chain.store().is_synced(), "store suite: after sync, is_synced says no");
    }

    /// Makes both chains store these waiting transactions for the next start.
    pub(super) fn keep_waiting(&mut self, waiting: &[WaitingTransaction]) {
        fine(self.chain.keep_waiting(waiting.to_vec()));
        fine(self.model.keep_waiting(waiting.to_vec()));
        self.compare("after keep_waiting");
    }

    /// Compares the answers of both stores.
    ///
    /// # Panics
    /// When the answers differ.
    pub(super) fn compare(&self, when: &str) {
        self.compare_answers(when);
        let audit = fine(self.chain.audit());
        assert!(audit.holds, "store suite: {when}: the coins are not those of the state root: {audit:?}");
        assert_openings(&self.chain);
    }

    /// Compares the answers of both stores, also in the middle of a move, when staged parts must not be visible.
    pub(super) fn compare_answers(&self, when: &str) {
        let (found, expected) = (answers(self.chain.store(), &self.blocks), answers(self.model.store(), &self.blocks));
        for (found, expected) in found.iter().zip(&expected) {
            self.same(when, &found.question, &found.answer, &expected.answer);
        }
        assert_eq!(found.len(), expected.len(), "store suite: {when}: load");
    }

    fn note(&mut self, block: &Block) {
        self.steps += 1;
        if !self.blocks.contains(block) {
            self.blocks.push(block.clone());
        }
    }

    fn same(&self, when: &str, question: &str, found: &str, expected: &str) {
        let Self { steps, stage_bytes, .. } = self;
        assert!(
            found == expected,
            "store suite: {when} (block {steps}, parts of {stage_bytes} bytes): {question}\n    the store: {found}\n    \
             right is: {expected}"
        );
    }
}

/// Returns a block with these transactions on the tip of a chain.
pub(super) fn mined<S: ChainStore<Error: Debug>>(
    chain: &Chain<S>,
    transactions: Vec<Transaction>,
    miner: PublicKey,
) -> Block {
    fine(chain.template(transactions, miner, b"", chain.tip().time + 1_000)).mine_trivial()
}
