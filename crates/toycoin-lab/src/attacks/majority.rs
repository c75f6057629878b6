//! Majority: more than half of the hash rate rewrites as many blocks as it likes.

use std::{cell::RefCell, rc::Rc, time::Duration};

use toycoin_sim::Link;

use crate::{
    attack::{Attack, Defence, Expected, Quantity},
    attacks::{
        rewriting::{Rewriting, Stage, Written},
        world::{ASERT, follows, hash_rates, params, small, spec},
    },
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::majority::{blocks, rescued, time},
    trial::{Trial, TrialError},
};

/// Rewrites the newest blocks with more than half of the hash rate.
///
/// A trial is one rewriting in a network of two honest nodes and the attacker. It begins some blocks below the tip. It
/// has succeeded when an honest node has the attacker's branch in its chain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Majority;

const PARAMETERS: &[Parameter] = &[
    Parameter::real("q", "the attacker's share of the hash rate", 0.6, 0.51..=0.95),
    Parameter::whole("z", "blocks that he rewrites, besides those that come meanwhile", 10.0, 1.0..=100.0),
    ASERT,
    Parameter::whole("alarm", "spacings after which the defence doubles the honest hash rate", 10.0, 1.0..=100.0),
    Parameter::whole("give-up", "blocks by which he is behind when he gives up, with the defence", 25.0, 2.0..=200.0),
];

const RESCUE: Defence = Defence {
    name: "rescue",
    what: "after an alarm, twice as much hash rate is honest; the attacker gives up when he is far behind",
};

/// Time between two blocks, long beside the links' millisecond.
const SPACING: Duration = Duration::from_secs(4);

/// Index of the attacker, behind two honest nodes.
const ATTACKER: usize = 2;

/// Looks at the network in a spacing.
const LOOKS: u32 = 10;

impl Attack for Majority {
    fn name(&self) -> &'static str {
        "majority"
    }

    fn summary(&self) -> &'static str {
        "More than half of the hash rate replaces the newest blocks by its own."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn defences(&self) -> &'static [Defence] {
        &[RESCUE]
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "success", what: "share of rewritings that an honest node follows", decimals: 3 },
            Quantity { name: "time", what: "spacings that a rewriting takes, if it succeeds", decimals: 1 },
            Quantity { name: "own", what: "blocks of the attacker in the rewritten chain", decimals: 1 },
        ]
    }

    fn trials(&self) -> u64 {
        200
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |q, z| Setting::of(self).with(self, "q", q).with(self, "z", z);
        vec![
            (of(0.51, 1.0), 30),
            (of(0.55, 3.0), 40),
            (of(0.6, 10.0), 40),
            (of(0.75, 10.0), 40),
            (of(0.6, 10.0).with(self, "asert", 1.0), 40),
            (of(0.6, 10.0).defended(self, "rescue"), 40),
        ]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![ATTACKER]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let (q, lead) = (setting.get("q"), small(setting.whole("z")) + 1);
        // a moving target lets the branches differ in work: no formula is known
        let binding = !follows(setting);
        let theory = |quantity, value| Expected { quantity, by: "theory", value, binding };
        if setting.defence().is_some() {
            let give_up = small(setting.whole("give-up")).saturating_sub(lead - 1);
            return vec![theory("success", rescued(q, lead, give_up, setting.get("alarm"), 2.0))];
        }
        let (Some(both), Some(time)) = (blocks(q, lead), time(q, lead)) else { return Vec::new() };
        vec![theory("success", 1.0), theory("time", time.mean), theory("own", both.mean * q)]
    }

    fn deviation(&self, setting: &Setting, quantity: &str) -> Option<f64> {
        let (q, lead) = (setting.get("q"), small(setting.whole("z")) + 1);
        match quantity {
            "time" => time(q, lead).map(|time| time.deviation()),
            // of all blocks until then, those of the attacker are half, and half of the lead
            "own" => blocks(q, lead).map(|both| both.deviation() / 2.0),
            _ => None,
        }
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let defended = setting.defence().is_some();
        let record = Rc::new(RefCell::new(Written::default()));
        let tactic = Rewriting::new(setting.whole("z"), defended.then(|| setting.whole("give-up")), Rc::clone(&record));
        let rates = hash_rates(2, setting.get("q"));
        let simulation = trial.simulation().nodes(3).hash_rates(rates.clone()).spacing(SPACING).keep_fates();
        let simulation = simulation
            .params(params(spec(0, SPACING, follows(setting)), setting)?)
            .link(Link::lan())
            .adversary(ATTACKER, tactic);
        let after = SPACING * small(setting.whole("alarm"));
        let mut rescue = defended.then_some(rates);
        let network = trial.run(simulation, SPACING / LOOKS, |network| {
            let Written { stage, began_at, .. } = *record.borrow();
            if stage == Stage::Races && network.now() >= began_at + after {
                for (node, rate) in rescue.take().into_iter().flatten().enumerate().take(ATTACKER) {
                    network.set_hash_rate(node, rate * 2).expect("honest nodes mine, and twice the rate is allowed");
                }
            }
            record.borrow().is_over(network)
        })?;
        let record = *record.borrow();
        let Some(seen_at) = record.seen_at(&network) else { return Ok(Outcome::default().happened("success", false)) };
        let own = f64::from(small(record.blocks(&network, ATTACKER).len() as u64));
        let took = (seen_at - record.began_at).as_secs_f64() / SPACING.as_secs_f64();
        Ok(Outcome::default().happened("success", true).value("time", took).value("own", own))
    }
}
