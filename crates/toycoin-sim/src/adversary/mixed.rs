//! One tactic or another, drawn.

use std::time::Duration;

use toycoin_wire::{NodeId, node::NodeMessage};

use crate::{
    adversary::{
        AnswersNotFound, BadOrphans, BadPayments, Claim, ClaimsWork, ConflictFlood, Evasion, Flaw, HeaderFlood,
        InvalidBlocks, LighterChain, Mutates, Noise, OrphanFlood, Question, QuestionFlood, Said, Scene, Silent,
        StallsAfterHeaders, StatusFlood, Tactic, TrickledBodies,
    },
    dice::Dice,
};

/// A tactic that was drawn from all there are.
pub struct Mixed(Box<dyn Tactic>);

impl Mixed {
    /// Draws a tactic for a node, from all there are.
    pub fn draw(node: usize, dice: &mut Dice) -> Self {
        Self(match dice.below(20) {
            0..=2 => {
                let claim = if dice.chance(0.5) { Claim::Huge } else { Claim::OneMore };
                let evasion = match dice.below(4) {
                    0 => Evasion::Silence,
                    1 => Evasion::Late(dice.between(Duration::from_secs(3), Duration::from_secs(60))),
                    2 => Evasion::NotFound,
                    _ => Evasion::EmptyHeaders,
                };
                Box::new(ClaimsWork::new(claim, evasion))
            }
            3 | 4 => {
                let every = dice.between(Duration::from_secs(1), Duration::from_secs(6));
                Box::new(TrickledBodies::new(every, 20 + dice.index(80)))
            }
            5..=7 => {
                let question = Question::ALL.get(dice.index(Question::ALL.len())).copied().unwrap_or(Question::Headers);
                Box::new(QuestionFlood::new(question, dice.chance(0.7), 50 + dice.index(450)))
            }
            // about 3 MB a second, which is more than a link of the simulator carries, or 2,000 payloads
            8 if dice.chance(0.5) => Box::new(Noise { bytes: 1_500_000, burst: 1 }),
            8 => Box::new(Noise { bytes: 60, burst: 1_000 }),
            9 => {
                let time = dice.chance(0.5).then_some(1 << 62);
                Box::new(StatusFlood { burst: 20 + dice.index(200), time })
            }
            10 => Box::new(BadOrphans::of_node(node, 500, 25)),
            11 => Box::new(BadPayments::of_node(node)),
            _ => return Self::draw_early(node, dice),
        })
    }

    /// Draws a tactic from those that there were when the first seeds of `tests/regressions.rs` were noted.
    #[doc(hidden)]
    pub fn draw_early(node: usize, dice: &mut Dice) -> Self {
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

    fn payloads(&mut self, scene: &mut Scene<'_>) -> Vec<Vec<u8>> {
        self.0.payloads(scene)
    }

    fn hangs_up(&self) -> bool {
        self.0.hangs_up()
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
