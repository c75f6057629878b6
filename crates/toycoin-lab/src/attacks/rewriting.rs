//! A tactic of several attacks: a branch from some blocks below the tip, published once it is longer.

use std::{cell::RefCell, rc::Rc, time::Duration};

use toycoin_core::{Block, BlockHash};
use toycoin_sim::{
    Network,
    adversary::{Heard, PrivateChain, Said, Scene, Tactic},
    miner_key,
};
use toycoin_wire::{NodeId, node::NodeMessage};

/// How far a rewriting has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// The public chain is too short for it.
    #[default]
    Waits,
    /// Both branches grow.
    Races,
    /// The branch is longer, and published.
    Published,
    /// The public chain is too far ahead.
    GivenUp,
}

/// What a trial asks of a rewriting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) stage: Stage,
    /// The virtual time at which it began.
    pub(super) began_at: Duration,
    /// The virtual time at which the branch was published or given up.
    pub(super) ended_at: Duration,
    /// Height of the last block that it leaves as it is.
    pub(super) base: u64,
    /// The last block of the published branch, and its height.
    pub(super) tip: Option<(BlockHash, u64)>,
}

impl Written {
    /// Returns whether the rewriting is over: given up, or in the first honest node's chain.
    pub(super) fn is_over(&self, network: &Network) -> bool {
        match self.stage {
            Stage::Waits | Stage::Races => false,
            Stage::GivenUp => true,
            Stage::Published => self.seen_at(network).is_some(),
        }
    }

    /// Returns when the first honest node had the published branch in its chain.
    pub(super) fn seen_at(&self, network: &Network) -> Option<Duration> {
        let (tip, _) = self.tip?;
        let fates = network.block_fates();
        fates.iter().find(|fate| fate.hash == tip)?.first_seen.first().copied().flatten()
    }

    /// Returns the branch's blocks that the first honest node has in its chain and whose coinbases pay the attacker.
    pub(super) fn blocks(&self, network: &Network, attacker: usize) -> Vec<Block> {
        let owner = miner_key(attacker).public_key();
        let (Some((_, chain)), Some((_, top))) = (network.chains().next(), self.tip) else { return Vec::new() };
        let blocks = (self.base + 1..=top).filter_map(|height| chain.block_at(height).ok().flatten());
        let blocks = blocks.map(|block| block.block().clone());
        blocks.filter(|block| block.coinbase.outputs.iter().any(|output| output.owner == owner)).collect()
    }
}

/// Rewrites the newest blocks.
#[derive(Debug)]
pub(super) struct Rewriting {
    /// Number of blocks that are rewritten, and more that come meanwhile.
    depth: u64,
    /// Number of blocks by which the public branch is longer when he gives up; `None` for never.
    give_up: Option<u64>,
    /// Whether he waits for a block with payments, and takes them over.
    robs: bool,
    record: Rc<RefCell<Written>>,
    private: Option<PrivateChain>,
}

impl Rewriting {
    pub(super) const fn new(depth: u64, give_up: Option<u64>, record: Rc<RefCell<Written>>) -> Self {
        Self { depth, give_up, robs: false, record, private: None }
    }

    /// Returns a rewriting of the newest block, once that has payments, which he takes over with their fees.
    pub(super) const fn robbing(give_up: u64, record: Rc<RefCell<Written>>) -> Self {
        Self { depth: 1, give_up: Some(give_up), robs: true, record, private: None }
    }

    /// Leaves the public chain below its newest blocks.
    fn begin(&mut self, scene: &Scene<'_>) {
        // one more, so that genesis stays
        let Some(base) = scene.chain.height().checked_sub(self.depth).filter(|base| *base > 0) else { return };
        let newest = scene.chain.block_at(scene.chain.height()).ok().flatten();
        let payments = newest.map(|block| block.block().transactions.clone()).unwrap_or_default();
        if self.robs && payments.is_empty() {
            return;
        }
        self.private = PrivateChain::at(scene.chain, base, miner_key(scene.node).public_key());
        if let Some(private) = self.private.as_mut().filter(|_| self.robs) {
            private.confirm_next(payments);
        }
        let stage = Stage::Races;
        *self.record.borrow_mut() = Written { stage, began_at: scene.now, base, ..Written::default() };
    }

    /// Returns whether the public chain has as much work as the branch, and is another one.
    fn is_overtaken(&self, scene: &Scene<'_>) -> bool {
        self.private.as_ref().is_some_and(|private| {
            let tip = private.tip();
            !scene.chain.is_active(&tip.hash) && scene.chain.tip().work >= tip.work
        })
    }

    /// Publishes the branch if it is longer, and gives up if it is too short.
    fn judge(&mut self, scene: &Scene<'_>) -> Vec<Said> {
        let Some(private) = &mut self.private else { return Vec::new() };
        let (own, public) = (private.height(), scene.chain.height());
        let mut record = self.record.borrow_mut();
        record.ended_at = scene.now;
        if private.tip().work > scene.chain.tip().work {
            (record.stage, record.tip) = (Stage::Published, Some((private.tip().hash, own)));
            return private.release(scene.unix_ms);
        }
        if self.give_up.is_some_and(|most| public >= own + most) {
            record.stage = Stage::GivenUp;
        }
        Vec::new()
    }
}

impl Tactic for Rewriting {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Heard {
        self.private.as_ref().and_then(|private| private.answer(from, message)).into()
    }

    fn moved(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let stage = self.record.borrow().stage;
        match stage {
            Stage::Waits => self.begin(scene),
            Stage::Races => return self.judge(scene),
            // another block came before the nodes had the branch
            Stage::Published if self.is_overtaken(scene) => self.record.borrow_mut().stage = Stage::Races,
            Stage::Published | Stage::GivenUp => {}
        }
        Vec::new()
    }

    fn private(&mut self) -> Option<&mut PrivateChain> {
        let races = self.record.borrow().stage == Stage::Races;
        self.private.as_mut().filter(|_| races)
    }

    fn found(&mut self, _: &Block, scene: &mut Scene<'_>) -> Vec<Said> {
        self.judge(scene)
    }

    fn interval(&self) -> Option<Duration> {
        None
    }
}
