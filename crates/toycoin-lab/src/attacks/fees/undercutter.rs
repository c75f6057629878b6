//! The undercutter's tactic.

use std::{cell::RefCell, rc::Rc, time::Duration};

use toycoin_core::{Block, BlockHash, Transaction};
use toycoin_sim::{
    adversary::{Heard, PrivateChain, Said, Scene, Tactic},
    miner_key,
};
use toycoin_wire::{NodeId, node::NodeMessage};

/// How far an undercutting has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// No block with payments has been found.
    #[default]
    Waits,
    /// He mines on the parent of that block.
    Behind,
    /// Both blocks are public.
    Tied,
    /// One of them has been extended.
    Over,
}

/// What a trial asks of an undercutting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Race {
    pub(super) stage: Stage,
    /// Height of the last block that both branches have.
    pub(super) base: u64,
    /// The block that took the fees.
    pub(super) robbed: Option<BlockHash>,
    /// The attacker's block in its place.
    pub(super) rival: Option<BlockHash>,
}

/// Replaces a block with payments by one that takes only a part of them.
#[derive(Debug)]
pub(super) struct Undercutter {
    /// Number of payments that his block takes.
    takes: usize,
    race: Rc<RefCell<Race>>,
    private: Option<PrivateChain>,
    /// The payments that his block leaves.
    left: Vec<Transaction>,
}

impl Undercutter {
    pub(super) const fn new(takes: usize, race: Rc<RefCell<Race>>) -> Self {
        Self { takes, race, private: None, left: Vec::new() }
    }

    fn stage(&self) -> Stage {
        self.race.borrow().stage
    }

    /// Leaves the public chain below its newest block, if that has payments.
    fn begin(&mut self, scene: &Scene<'_>) {
        let height = scene.chain.height();
        // genesis stays
        let Some(base) = height.checked_sub(1).filter(|base| *base > 0) else { return };
        let Some(block) = scene.chain.block_at(height).ok().flatten() else { return };
        let mut payments = block.block().transactions.clone();
        if payments.is_empty() {
            return;
        }
        self.left = payments.split_off(self.takes.min(payments.len()));
        self.private = PrivateChain::at(scene.chain, base, miner_key(scene.node).public_key());
        if let Some(private) = &mut self.private {
            private.confirm_next(payments);
            let robbed = Some(block.block().header.hash());
            *self.race.borrow_mut() = Race { stage: Stage::Behind, base, robbed, rival: None };
        }
    }
}

impl Tactic for Undercutter {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Heard {
        self.private.as_ref().and_then(|private| private.answer(from, message)).into()
    }

    fn moved(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        if self.stage() == Stage::Waits {
            self.begin(scene);
        }
        let mut race = self.race.borrow_mut();
        if race.stage != Stage::Waits && scene.chain.height() > race.base + 1 {
            race.stage = Stage::Over;
        }
        Vec::new()
    }

    fn private(&mut self) -> Option<&mut PrivateChain> {
        let races = matches!(self.stage(), Stage::Behind | Stage::Tied);
        self.private.as_mut().filter(|_| races)
    }

    fn found(&mut self, block: &Block, _: &mut Scene<'_>) -> Vec<Said> {
        let Some(private) = &mut self.private else { return Vec::new() };
        let mut race = self.race.borrow_mut();
        if race.stage == Stage::Behind {
            (race.stage, race.rival) = (Stage::Tied, Some(block.header.hash()));
            private.confirm_next(std::mem::take(&mut self.left));
        } else {
            race.stage = Stage::Over;
        }
        private.publish_to(u64::MAX)
    }

    fn hears_itself(&self) -> bool {
        true
    }

    fn interval(&self) -> Option<Duration> {
        None
    }
}
