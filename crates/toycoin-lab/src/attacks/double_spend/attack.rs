//! The double spend as an attack: its parameters, its trial, its theory.

use std::{cell::RefCell, rc::Rc, time::Duration};

use toycoin_sim::{Link, Network};

use super::{
    hidden_branch::HiddenBranch,
    record::{Record, Stage},
};
use crate::{
    attack::{Attack, Defence, Expected, Quantity},
    attacks::world::{ASERT, follows, hash_rates, params, small, spec},
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::double_spend::{nakamoto, rosenfeld, strict},
    trial::{Trial, TrialError},
};

/// Pays a merchant, waits for his confirmations, and undoes the payment with a branch that was hidden until then.
///
/// A trial is one race in a network of two honest nodes and the attacker. A node keeps what it saw first, so the hidden
/// branch must be longer, not as long. Success is what the merchant's own node says: the payment has left its chain, and
/// one of the same coin is confirmed in its place.
#[derive(Debug, Clone, Copy, Default)]
pub struct DoubleSpend;

const PARAMETERS: &[Parameter] = &[
    Parameter::real("q", "the attacker's share of the hash rate", 0.3, 0.01..=0.49),
    Parameter::whole("z", "confirmations that the merchant waits for", 2.0, 1.0..=30.0),
    Parameter::flag("premined", "hidden blocks before the payment is made"),
    Parameter::whole("give-up", "blocks by which he is behind when he gives up", 25.0, 1.0..=100.0),
    ASERT,
];

const PATIENCE: Defence =
    Defence { name: "patience", what: "the merchant waits until theory's chance is below 1 %, at most 30 blocks" };

/// Time between two blocks. It is long beside the links' millisecond, as theory assumes.
const SPACING: Duration = Duration::from_secs(20);

/// Index of the attacker, behind two honest nodes. The merchant's node is node 0.
const ATTACKER: usize = 2;

/// Chance that a patient merchant accepts.
const ACCEPTED: f64 = 0.01;

impl DoubleSpend {
    /// Returns the number of confirmations that the merchant waits for.
    fn confirmations(setting: &Setting) -> u64 {
        let asked = setting.whole("z");
        if setting.defence().is_none() {
            return asked;
        }
        (asked..30).find(|z| chance(setting, *z) < ACCEPTED).unwrap_or(30)
    }
}

/// Returns the theory's chance with `z` confirmations.
fn chance(setting: &Setting, z: u64) -> f64 {
    strict(setting.get("q"), small(z), small(setting.whole("premined")), Some(small(setting.whole("give-up"))))
}

impl Attack for DoubleSpend {
    fn name(&self) -> &'static str {
        "double-spend"
    }

    fn summary(&self) -> &'static str {
        "A payment is confirmed, and a hidden branch that spends its coin elsewhere undoes it."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn defences(&self) -> &'static [Defence] {
        &[PATIENCE]
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "success", what: "share of races that undo the payment", decimals: 4 },
            Quantity { name: "confirmations", what: "blocks that the merchant waited for", decimals: 0 },
        ]
    }

    fn trials(&self) -> u64 {
        500
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |q, z| Setting::of(self).with(self, "q", q).with(self, "z", z);
        vec![
            (of(0.1, 1.0), 120),
            (of(0.3, 1.0), 100),
            (of(0.3, 2.0), 100),
            (of(0.3, 6.0), 80),
            (of(0.4, 3.0), 60),
            (of(0.3, 2.0).with(self, "premined", 1.0), 60),
            (of(0.3, 2.0).with(self, "asert", 1.0), 80),
            (of(0.3, 2.0).defended(self, "patience"), 60),
        ]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![ATTACKER]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let (q, z) = (setting.get("q"), Self::confirmations(setting));
        // a moving target makes a hidden branch lighter while it is behind: no formula is known
        let binding = !follows(setting);
        let beside = |by, value| Expected::beside("success", by, value);
        vec![
            Expected { quantity: "success", by: "theory", value: chance(setting, z), binding },
            beside("Rosenfeld", rosenfeld(q, small(z))),
            beside("Nakamoto", nakamoto(q, small(z))),
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let record = Rc::new(RefCell::new(Record::default()));
        let confirmations = Self::confirmations(setting);
        let (premined, give_up) = (setting.whole("premined"), setting.whole("give-up"));
        let tactic = HiddenBranch::new(0, confirmations, premined, give_up, Rc::clone(&record));
        let simulation = trial.simulation().nodes(3).hash_rates(hash_rates(2, setting.get("q"))).spacing(SPACING);
        let simulation = simulation
            .params(params(spec(3, SPACING, follows(setting)), setting)?)
            .link(Link::lan())
            .adversary(ATTACKER, tactic);
        let is_undone =
            |network: &Network| network.node(0).is_some_and(|node| record.borrow().is_undone_in(node.chain()));
        let network = trial.run(simulation, SPACING / 4, |network| match record.borrow().stage {
            Stage::Waits | Stage::Races => false,
            Stage::GivenUp => true,
            // the merchant's node needs a moment to take the branch, unless another block came meanwhile
            Stage::Published => is_undone(network) || network.now() > record.borrow().published_at + SPACING,
        })?;
        let success = is_undone(&network);
        Ok(Outcome::default().happened("success", success).exact("confirmations", confirmations as f64))
    }
}
