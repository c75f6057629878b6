//! Random choice among the tactics.

use std::{cell::Cell, collections::BTreeMap, rc::Rc, time::Duration};

use toycoin_wire::{NodeId, node::NodeMessage};

use crate::{
    adversary::{
        AnswersNotFound, BadOrphans, BadPayments, BodyFlood, Claim, ClaimsWork, ConflictFlood, Evasion, Flaw,
        HeaderFlood, Heard, InvalidBlocks, LighterChain, Mutates, Noise, OrphanFlood, Question, QuestionFlood, Said,
        Scene, Silent, StallsAfterHeaders, StatusFlood, Tactic, TrickledBodies,
    },
    dice::Dice,
};

/// A tactic drawn from the seed, with its name.
pub struct Mixed {
    name: &'static str,
    tactic: Box<dyn Tactic>,
    /// Whether the run is over, so that all honest nodes must agree on one tip.
    is_over: Rc<Cell<bool>>,
}

/// Tactics that send more than a link can carry. A node behind such a link may stay some blocks behind while the flood
/// lasts. Like faults, floods end before all honest nodes must agree.
const FLOODS: [&str; 4] = ["noise", "question flood", "body flood", "bad orphans"];

impl Mixed {
    /// Names of all tactics that can be drawn.
    pub const NAMES: [&str; 17] = [
        "claims work",
        "trickles bodies",
        "question flood",
        "noise",
        "status flood",
        "body flood",
        "bad orphans",
        "bad payments",
        "stalls after headers",
        "answers NOTF",
        "alters bodies",
        "silent",
        "header flood",
        "lighter chain",
        "orphan flood",
        "conflict flood",
        "invalid blocks",
    ];

    /// Draws a tactic for a node from all tactics.
    pub fn draw(node: usize, dice: &mut Dice) -> Self {
        match dice.below(20) {
            0..=2 => {
                let claim = if dice.chance(0.5) { Claim::Huge } else { Claim::OneMore };
                let evasion = match dice.below(4) {
                    0 => Evasion::Silence,
                    1 => Evasion::Late(dice.between(Duration::from_secs(3), Duration::from_secs(60))),
                    2 => Evasion::NotFound,
                    _ => Evasion::EmptyHeaders,
                };
                Self::new("claims work", ClaimsWork::new(claim, evasion))
            }
            3 | 4 => {
                let every = dice.between(Duration::from_secs(1), Duration::from_secs(6));
                Self::new("trickles bodies", TrickledBodies::new(every, 20 + dice.index(80)))
            }
            5..=7 => {
                let question = Question::ALL.get(dice.index(Question::ALL.len())).copied().unwrap_or(Question::Headers);
                Self::new("question flood", QuestionFlood::new(question, dice.chance(0.7), 50 + dice.index(450)))
            }
            // about 3 MB per second, which exceeds the bandwidth of a simulated link, or 2,000 payloads per second
            8 if dice.chance(0.5) => Self::new("noise", Noise { bytes: 1_500_000, burst: 1 }),
            8 => Self::new("noise", Noise { bytes: 60, burst: 1_000 }),
            9 => {
                let time = dice.chance(0.5).then_some(1 << 62);
                Self::new("status flood", StatusFlood { burst: 20 + dice.index(200), time })
            }
            10 => Self::new("bad orphans", BadOrphans::of_node(node, 500, 25)),
            11 => Self::new("bad payments", BadPayments::of_node(node)),
            12 => Self::new("body flood", BodyFlood { burst: 1 + dice.index(8) }),
            _ => Self::draw_first(node, dice),
        }
    }

    /// Draws one of the tactics that existed when the first seeds of `tests/regressions.rs` were recorded.
    #[cfg(feature = "test-util")]
    pub fn draw_early(node: usize, dice: &mut Dice) -> Self {
        Self::draw_first(node, dice)
    }

    /// Draws one of the first ten tactics.
    fn draw_first(node: usize, dice: &mut Dice) -> Self {
        match dice.below(10) {
            0 => Self::new("stalls after headers", StallsAfterHeaders),
            1 => Self::new("answers NOTF", AnswersNotFound),
            2 => Self::new("alters bodies", Mutates),
            3 => Self::new("silent", Silent { never_asks: dice.chance(0.5), no_transactions: true }),
            4 => Self::new("header flood", HeaderFlood::new(100 + dice.below(3_000))),
            5 => Self::new("lighter chain", LighterChain::new(100 + dice.below(1_000))),
            6 => Self::new("orphan flood", OrphanFlood { burst: 30 }),
            7 => Self::new("conflict flood", ConflictFlood::of_node(node, 30)),
            _ => {
                let flaw = Flaw::ALL.get(dice.index(Flaw::ALL.len())).copied().unwrap_or(Flaw::BadStateRoot);
                Self::new("invalid blocks", InvalidBlocks::new(flaw, dice.index(8)))
            }
        }
    }

    /// Returns the tactics that were drawn in none of the runs, from the counts of each run.
    pub fn missing<'a>(drawn: impl IntoIterator<Item = &'a BTreeMap<&'static str, u64>>) -> Vec<&'static str> {
        let mut missing = Self::NAMES.to_vec();
        for counts in drawn {
            missing.retain(|name| !counts.contains_key(name));
        }
        missing
    }

    /// Returns the name of the tactic.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    fn new(name: &'static str, tactic: impl Tactic + 'static) -> Self {
        Self { name, tactic: Box::new(tactic), is_over: Rc::default() }
    }

    /// Makes floods end once the run is over.
    pub(crate) fn until(self, is_over: Rc<Cell<bool>>) -> Self {
        Self { is_over, ..self }
    }

    fn rests(&self) -> bool {
        self.is_over.get() && FLOODS.contains(&self.name)
    }
}

impl Tactic for Mixed {
    fn outgoing(&mut self, said: Said, scene: &mut Scene<'_>) -> Vec<Said> {
        self.tactic.outgoing(said, scene)
    }

    fn incoming(&mut self, from: NodeId, message: &NodeMessage, scene: &mut Scene<'_>) -> Heard {
        self.tactic.incoming(from, message, scene)
    }

    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        if self.rests() { Vec::new() } else { self.tactic.tick(scene) }
    }

    fn payloads(&mut self, scene: &mut Scene<'_>) -> Vec<Vec<u8>> {
        if self.rests() { Vec::new() } else { self.tactic.payloads(scene) }
    }

    fn hangs_up(&self) -> bool {
        self.tactic.hangs_up()
    }

    fn interval(&self) -> Option<Duration> {
        self.tactic.interval()
    }
}

impl std::fmt::Debug for Mixed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mixed").field("name", &self.name).finish_non_exhaustive()
    }
}
