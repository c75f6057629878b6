//! The freeze: after a pause of all miners, one block dated back makes the next one too hard for all.

use std::{cell::RefCell, rc::Rc, time::Duration};

use toycoin_core::{Block, Rule};
use toycoin_sim::{
    adversary::{PrivateChain, Said, Scene, Tactic},
    miner_key,
};

use super::{
    witness::Witness,
    world::{HALF_LIFE, SPACING, holds_order, lawless, simulation},
};
use crate::{
    attack::{Attack, Expected, Quantity},
    attacks::world::hash_rates,
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::raise::{raised_work, stands_still},
    trial::{Trial, TrialError},
};

/// Waits for a pause of all miners, and dates one block as if there had been none.
///
/// A trial is one pause in a network of one honest node and the attacker. The attacker's own node does not judge by rule
/// R12. The chain stands still if the honest node takes no block for 50 spacings after the attacker's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Freeze;

const PARAMETERS: &[Parameter] = &[
    Parameter::whole("pause", "spacings in which nobody mines", 160.0, 40.0..=2_000.0),
    Parameter::real("q", "the attacker's share of the hash rate", 0.3, 0.05..=0.9),
];

/// Height at which the pause begins.
const PAUSED: u64 = 3;

/// Spacings in which no block may come.
const WAIT: u32 = 50;

/// Index of the attacker, behind one honest node.
const ATTACKER: usize = 1;

/// Most public blocks after the pause, before the attacker's, that the sum of the theory counts.
const MOST: i32 = 200;

impl Attack for Freeze {
    fn name(&self) -> &'static str {
        "freeze"
    }

    fn summary(&self) -> &'static str {
        "After a pause one block is dated back, and the next one is too hard for all."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "still", what: "share of pauses after which no block comes for 50 spacings", decimals: 4 },
            Quantity { name: "doublings", what: "log2 of the work of the next block, 0 before the pause", decimals: 3 },
            Quantity { name: "refused", what: "share of blocks dated back that rule R12 refused", decimals: 4 },
        ]
    }

    fn trials(&self) -> u64 {
        200
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |pause| Setting::of(self).with(self, "pause", pause);
        let off = |setting: Setting| setting.without([Rule::TimeAboveParent]);
        vec![(of(160.0), 30), (off(of(160.0)), 100), (off(of(400.0)), 30)]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![ATTACKER]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let (pause, q) = (setting.get("pause"), setting.get("q"));
        if holds_order(setting) {
            return vec![Expected::theory("still", 0.0), Expected::theory("refused", 1.0)];
        }
        // others find blocks before he does, and each of them lifts difficulty once
        let work = |others: f64| {
            let age = pause + 1.0;
            raised_work(age, age, 1.0, HALF_LIFE) * (others / HALF_LIFE).exp2()
        };
        let still = |others| q * (1.0 - q).powi(others) * stands_still(work(others.into()), WAIT.into());
        let doublings = work((1.0 - q) / q).log2();
        vec![
            Expected::theory("still", (0..MOST).map(still).sum()),
            Expected::theory("doublings", doublings),
            Expected::theory("refused", 0.0),
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let rates = hash_rates(1, setting.get("q"));
        let record = Rc::new(RefCell::new(Record::default()));
        let tactic = DatesBack { private: None, record: Rc::clone(&record) };
        let simulation = simulation(trial, setting, 2)?.hash_rates(rates.clone());
        let simulation = simulation.adversary(ATTACKER, tactic).rules_of(ATTACKER, lawless(setting)?);
        let (witness, pause) = (Witness::of(0), SPACING.mul_f64(setting.get("pause")));
        let (mut resumes, mut resumed) = (None, false);
        let network = trial.run(simulation, SPACING / 40, |network| {
            witness.attend(network);
            if resumes.is_none() && network.height() >= PAUSED {
                resumes = Some(network.now() + pause);
                set_rates(network, &[0, 0]);
            }
            if !resumed && resumes.is_some_and(|at| network.now() >= at) {
                resumed = true;
                set_rates(network, &rates);
            }
            record.borrow().dated_back.as_ref().is_some_and(|(at, _)| network.now() >= *at + SPACING * WAIT)
        })?;
        let record = record.borrow();
        let (Some((_, block)), Some((_, chain))) = (&record.dated_back, network.chains().next()) else {
            return Ok(Outcome::default());
        };
        let (tip, own) = (chain.tip().hash, block.hash());
        let outcome = Outcome::default().happened("still", tip == own || tip == block.header.previous);
        let outcome = outcome.happened("refused", witness.has_refused());
        let next = chain.headers().context_after(&own).filter(|_| chain.has_block(&own));
        let work = next.and_then(|next| next.expected_bits(chain.params()).to_target().ok());
        let genesis = chain.params().genesis().header.bits.to_target().ok();
        Ok(match (work, genesis) {
            (Some(work), Some(genesis)) => {
                outcome.value("doublings", (work.work().to_f64() / genesis.work().to_f64()).log2())
            }
            _ => outcome,
        })
    }
}

/// Sets the hash rates of all nodes.
fn set_rates(network: &mut toycoin_sim::Network, rates: &[u32]) {
    for (node, rate) in rates.iter().enumerate() {
        network.set_hash_rate(node, *rate).expect("each node was built with a hash rate, and none is above it");
    }
}

/// What the attacker writes down.
#[derive(Debug, Default)]
struct Record {
    /// The block that is dated back, and the virtual time at which it was published.
    dated_back: Option<(Duration, Block)>,
}

/// Dates one block after the pause right behind the last one before it.
#[derive(Debug)]
struct DatesBack {
    private: Option<PrivateChain>,
    record: Rc<RefCell<Record>>,
}

impl Tactic for DatesBack {
    fn moved(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let is_over = self.record.borrow().dated_back.is_some();
        if let (false, true, Some(last)) = (is_over, scene.chain.height() > PAUSED, scene.chain.header_at(PAUSED)) {
            let time = last.header.time + 1;
            let mut private = PrivateChain::on(scene.chain, miner_key(scene.node).public_key());
            private.date_next(Some(time));
            self.private = Some(private);
        }
        Vec::new()
    }

    fn private(&mut self) -> Option<&mut PrivateChain> {
        self.private.as_mut()
    }

    fn found(&mut self, block: &Block, scene: &mut Scene<'_>) -> Vec<Said> {
        self.record.borrow_mut().dated_back = Some((scene.now, block.clone()));
        let private = self.private.take();
        private.map(|mut private| private.publish_to(u64::MAX)).unwrap_or_default()
    }

    fn interval(&self) -> Option<Duration> {
        None
    }
}
