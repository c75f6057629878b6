//! One tactic or another, drawn.

use std::time::Duration;

use toycoin_wire::{NodeId, node::NodeMessage};

use crate::{
    adversary::{
        AnswersNotFound, ConflictFlood, Flaw, HeaderFlood, InvalidBlocks, LighterChain, Mutates, OrphanFlood, Said,
        Scene, Silent, StallsAfterHeaders, Tactic,
    },
    dice::Dice,
};

/// A tactic that was drawn from all there are.
pub struct Mixed(Box<dyn Tactic>);

impl Mixed {
    /// Draws a tactic for a node.
    pub fn draw(node: usize, dice: &mut Dice) -> Self {
        Self(match dice.below(10) {
            0 => Box::new(StallsAfterHeaders),
            1 => Box::new(AnswersNotFound),
            2 => Box::new(Mutates),
            3 => Box::new(Silent { never_asks: dice.chance(0.5), no_transactions: true }),
            4 => Box::new(HeaderFlood::new(100 + dice.below(3_000))),
            5 => Box::new(LighterChain::new(100 + dice.below(1_000))),
            6 => Box::new(OrphanFlood { burst: 30 }),
            7 => Box::new(ConflictFlood::of_node(node, 30)),
            _ => {
                let flaw = Flaw::ALL.get(dice.index(Flaw::ALL.len())).copied().unwrap_or(Flaw::BadStateRoot);
                Box::new(InvalidBlocks::new(flaw, dice.index(8)))
            }
        })
    }
}

impl Tactic for Mixed {
    fn outgoing(&mut self, said: Said, scene: &mut Scene<'_>) -> Vec<Said> {
        self.0.outgoing(said, scene)
    }

    fn incoming(&mut self, from: NodeId, message: &NodeMessage, scene: &mut Scene<'_>) -> Option<Vec<Said>> {
        self.0.incoming(from, message, scene)
    }

    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        self.0.tick(scene)
    }

    fn interval(&self) -> Duration {
        self.0.interval()
    }
}

impl std::fmt::Debug for Mixed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mixed").finish_non_exhaustive()
    }
}
