//! Difficulty raising: a fork of three blocks, the third as hard as its miner likes.

use std::{cell::RefCell, rc::Rc, time::Duration};

use toycoin_core::{Block, BlockHash, Rule};
use toycoin_sim::{
    adversary::{Heard, PrivateChain, Said, Scene, Tactic},
    miner_key,
};
use toycoin_wire::{NodeId, node::NodeMessage};

use super::{
    witness::Witness,
    world::{HALF_LIFE, SPACING, holds_order, lawless, simulation},
};
use crate::{
    attack::{Attack, Expected, Quantity},
    attacks::{
        history::milliseconds,
        world::{hash_rates, small},
    },
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::raise::chance,
    trial::{Trial, TrialError},
};

/// Forks from an old block with three blocks, and lets the third one alone outweigh all that came since.
///
/// A trial is one try in a network of one honest node and the attacker. The attacker's own node does not judge by rule
/// R12. What falls is what the honest node says: its chain holds the third block, or the blocks that it held before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Raise;

const PARAMETERS: &[Parameter] = &[
    Parameter::whole("depth", "blocks of the public chain above the fork point when he begins", 24.0, 3.0..=1_000.0),
    Parameter::real("times", "work of the third block, in multiples of the depth", 2.5, 1.1..=100.0),
    Parameter::real("q", "the attacker's share of the hash rate", 0.3, 0.05..=0.6),
];

/// Height of the fork point. The rule counts no time before block 2.
const BASE: u64 = 2;

/// Index of the attacker, behind one honest node.
const ATTACKER: usize = 1;

/// Time in which a node takes or refuses a branch that is offered to it, in spacings.
const ANSWER: u32 = 2;

/// Longest time for which a block counts, in half-lives.
const CAP: f64 = 2.0;

impl Raise {
    /// Returns the work of the third block, in blocks.
    fn work(setting: &Setting) -> f64 {
        setting.get("times") * setting.get("depth")
    }
}

impl Attack for Raise {
    fn name(&self) -> &'static str {
        "raise"
    }

    fn summary(&self) -> &'static str {
        "Three blocks with wrong times outweigh all that came since an old block."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "success", what: "share of tries in which the public blocks fall", decimals: 4 },
            Quantity { name: "fallen", what: "public blocks that fell, where they did", decimals: 1 },
            Quantity { name: "refused", what: "share of published forks that rule R12 refused", decimals: 4 },
        ]
    }

    fn trials(&self) -> u64 {
        200
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |depth, times| Setting::of(self).with(self, "depth", depth).with(self, "times", times);
        let off = |setting: Setting| setting.without([Rule::TimeAboveParent]);
        vec![
            (of(24.0, 2.5), 40),
            (off(of(24.0, 2.5)), 100),
            (off(of(24.0, 2.5).with(self, "q", 0.5)), 60),
            (off(of(100.0, 2.0).with(self, "q", 0.5)), 20),
        ]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![ATTACKER]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let (q, work) = (setting.get("q"), Self::work(setting));
        if holds_order(setting) {
            return vec![Expected::theory("success", 0.0), Expected::theory("refused", 1.0)];
        }
        let depth = small(setting.whole("depth"));
        vec![Expected::theory("success", chance(q, depth, work)), Expected::theory("refused", 0.0)]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let (depth, work) = (setting.whole("depth"), Self::work(setting));
        let record = Rc::new(RefCell::new(Record::default()));
        let tactic = Raises { top: BASE + depth, work, private: None, record: Rc::clone(&record) };
        let simulation = simulation(trial, setting, 2)?.hash_rates(hash_rates(1, setting.get("q")));
        let simulation = simulation.adversary(ATTACKER, tactic).rules_of(ATTACKER, lawless(setting)?);

        let witness = Witness::of(0);
        let network = trial.run(simulation, SPACING, |network| {
            witness.attend(network);
            let record = record.borrow();
            record.gave_up || record.published.is_some_and(|at| network.now() > at + SPACING * ANSWER)
        })?;
        let record = record.borrow();
        let third = record.third.filter(|_| record.published.is_some());
        let success = third.is_some_and(|third| network.chains().any(|(_, chain)| chain.has_block(&third)));
        let mut outcome = Outcome::default().happened("success", success);
        if success {
            outcome = outcome.value("fallen", witness.deepest() as f64);
        }
        Ok(if third.is_some() { outcome.happened("refused", witness.has_refused()) } else { outcome })
    }
}

/// What the attacker writes down.
#[derive(Debug, Clone, Copy, Default)]
struct Record {
    third: Option<BlockHash>,
    /// The virtual time at which the three blocks were published.
    published: Option<Duration>,
    /// Whether the public chain became heavier before the third block was found.
    gave_up: bool,
}

/// Waits for the public chain to reach a height, and forks from [`BASE`].
#[derive(Debug)]
struct Raises {
    top: u64,
    /// Wanted work of the third block, in blocks.
    work: f64,
    private: Option<PrivateChain>,
    record: Rc<RefCell<Record>>,
}

impl Raises {
    /// Dates block 2 so far back that block 3 asks for the wanted work.
    fn date_back(&mut self, first: &Block) {
        let Some(private) = &mut self.private else { return };
        let base = private.chain().header_at(BASE).map_or(0, |base| base.header.time);
        let spacing = SPACING.as_secs_f64() * 1_000.0;
        let half_life = HALF_LIFE * spacing;
        let age = first.header.time.saturating_sub(base) as f64;
        // the formula of `theory::raise::raised_work`, solved for the step back
        let back = half_life * (self.work.log2() + (age / half_life).min(CAP)) - 2.0 * spacing;
        // any number of milliseconds that a time can hold, and not below 0
        let back = milliseconds(Duration::try_from_secs_f64(back / 1_000.0).unwrap_or_default());
        private.date_next(Some(first.header.time.saturating_sub(back)));
    }

    /// Publishes the fork, or gives it up.
    fn judge(&mut self, scene: &Scene<'_>) -> Vec<Said> {
        let Some(private) = &mut self.private else { return Vec::new() };
        let mut record = self.record.borrow_mut();
        if record.published.is_some() || record.gave_up {
            return Vec::new();
        }
        let public = scene.chain.tip().work;
        if private.height() == BASE + 3 && private.tip().work > public {
            (record.third, record.published) = (Some(private.tip().hash), Some(scene.now));
            return private.release(scene.unix_ms);
        }
        // once the third block would be too light, it is of no use
        let tip = private.tip();
        let context = private.chain().headers().context_after(&tip.hash);
        let next = context.and_then(|context| context.expected_bits(private.chain().params()).to_target().ok());
        let hoped = tip.work.to_f64() + next.map_or(0.0, |target| target.work().to_f64());
        record.gave_up = private.height() == BASE + 2 && hoped <= public.to_f64();
        Vec::new()
    }
}

impl Tactic for Raises {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Heard {
        self.private.as_ref().and_then(|private| private.answer(from, message)).into()
    }

    fn moved(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        if self.private.is_none() && scene.chain.height() >= self.top {
            self.private = PrivateChain::at(scene.chain, BASE, miner_key(scene.node).public_key());
        }
        self.judge(scene)
    }

    fn private(&mut self) -> Option<&mut PrivateChain> {
        let is_over = self.record.borrow().published.is_some() || self.record.borrow().gave_up;
        self.private.as_mut().filter(|private| !is_over && private.height() < BASE + 3)
    }

    fn found(&mut self, block: &Block, scene: &mut Scene<'_>) -> Vec<Said> {
        match block.header.height - BASE {
            1 => self.date_back(block),
            // block 3 is dated when it is found
            2 => self.private.iter_mut().for_each(|private| private.date_next(None)),
            _ => {}
        }
        self.judge(scene)
    }

    fn interval(&self) -> Option<Duration> {
        None
    }
}
