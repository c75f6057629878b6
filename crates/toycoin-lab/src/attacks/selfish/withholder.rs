//! The selfish miner's tactic.

use std::{cell::RefCell, rc::Rc, time::Duration};

use toycoin_core::Block;
use toycoin_sim::{
    adversary::{Heard, PrivateChain, Said, Scene, Tactic},
    miner_key,
};
use toycoin_wire::{NodeId, node::NodeMessage};

use super::record::{PublishedTie, Record};
use crate::theory::{
    optimal::Optimal,
    race::{Action, Race, Tie},
    stubborn::Stubborn,
};

/// What decides about withheld blocks.
#[derive(Debug)]
pub(super) enum Strategy {
    /// SM1, or one of its stubborn variants.
    Stubborn(Stubborn),
    /// The best strategy, as the Markov decision process has it.
    Optimal(Box<Optimal>),
}

impl Strategy {
    fn action(&self, race: Race) -> Action {
        match self {
            Self::Stubborn(stubborn) => stubborn.action(race),
            Self::Optimal(optimal) => optimal.action(race),
        }
    }
}

/// Mines on a branch of his own, and publishes of it what his strategy says.
///
/// His honest machine follows the public chain. Whenever either branch grows, he asks his strategy once.
#[derive(Debug)]
pub(super) struct Withholder {
    strategy: Strategy,
    record: Rc<RefCell<Record>>,
    /// `None` until the first message arrives.
    private: Option<PrivateChain>,
    /// Height of the last block that both branches have.
    base: u64,
    /// Number of blocks that the public branch has above it.
    public: u64,
    tie: Tie,
}

impl Withholder {
    pub(super) const fn new(strategy: Strategy, record: Rc<RefCell<Record>>) -> Self {
        Self { strategy, record, private: None, base: 0, public: 0, tie: Tie::Late }
    }

    /// Leaves the public chain at its tip.
    fn begin(&mut self, scene: &Scene<'_>) {
        if self.private.is_none() {
            self.private = Some(PrivateChain::on(scene.chain, miner_key(scene.node).public_key()));
            self.base = scene.chain.height();
        }
    }

    /// Does what the strategy says about the race as it stands.
    fn act(&mut self, scene: &Scene<'_>) -> Vec<Said> {
        let Some(private) = &mut self.private else { return Vec::new() };
        let small = |blocks: u64| u32::try_from(blocks).unwrap_or(u32::MAX);
        let own = private.height().saturating_sub(self.base);
        let race = Race { own: small(own), public: small(self.public), tie: self.tie };
        match self.strategy.action(race) {
            Action::Wait => Vec::new(),
            Action::Adopt => {
                private.adopt(scene.chain);
                (self.base, self.public, self.tie) = (scene.chain.height(), 0, Tie::Late);
                Vec::new()
            }
            // all nodes follow, so that both branches have these blocks
            Action::Override => {
                self.base += self.public + 1;
                (self.public, self.tie) = (0, Tie::Late);
                private.publish_to(self.base)
            }
            Action::Match => {
                self.tie = Tie::Published;
                if own == self.public {
                    let (tip, height) = (private.tip().hash, private.height());
                    self.record.borrow_mut().ties.push(PublishedTie { tip, height, at: scene.now });
                }
                private.publish_to(self.base + self.public)
            }
        }
    }
}

impl Tactic for Withholder {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, scene: &mut Scene<'_>) -> Heard {
        self.begin(scene);
        self.private.as_ref().and_then(|private| private.answer(from, message)).into()
    }

    fn moved(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        self.begin(scene);
        let (Some(private), height) = (&self.private, scene.chain.height()) else { return Vec::new() };
        // otherwise it has only caught up with what he published
        if height <= self.base + self.public {
            return Vec::new();
        }
        let is_shared = |height: &u64| {
            let (own, public) = (private.chain().header_at(*height), scene.chain.header_at(*height));
            own.zip(public).is_some_and(|(own, public)| own.hash == public.hash)
        };
        let lowest = height.min(private.height());
        self.base = (0..=lowest).rev().find(is_shared).unwrap_or_default();
        (self.public, self.tie) = (height - self.base, Tie::Fresh);
        self.act(scene)
    }

    fn private(&mut self) -> Option<&mut PrivateChain> {
        self.private.as_mut()
    }

    fn found(&mut self, _: &Block, scene: &mut Scene<'_>) -> Vec<Said> {
        if self.tie == Tie::Fresh {
            self.tie = Tie::Late;
        }
        self.act(scene)
    }

    fn hears_itself(&self) -> bool {
        true
    }

    fn interval(&self) -> Option<Duration> {
        None
    }
}
