//! A long chain of little work.

use toycoin_wire::{NodeId, node::NodeMessage};

use crate::adversary::{ForgedChain, Heard, Said, Scene, Tactic};

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
