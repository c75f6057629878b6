//! Selfish mining as an attack: its parameters and its theory.

use super::{
    withholder::Strategy,
    world::{HUB, World},
};
use crate::{
    attack::{Attack, Defence, Expected, Quantity},
    attacks::world::{ASERT, follows, small},
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::{
        selfish::{growth, revenue, stale},
        stubborn::Stubborn,
    },
    trial::{Trial, TrialError},
};

/// Withholds blocks and publishes them when others find one, so that their block becomes stale: SM1 of Eyal & Sirer.
///
/// A trial is one long chain. Shares are those of the chain that an honest node has at its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct SelfishMining;

const PARAMETERS: &[Parameter] = &[
    Parameter::real("alpha", "the attacker's share of the hash rate", 0.33, 0.01..=0.45),
    HUB,
    ASERT,
    Parameter::flag("honest", "1 if he withholds nothing, for comparison"),
    Parameter::whole("spacings", "length of a trial in spacings", 400.0, 50.0..=5_000.0),
];

const RANDOM_TIES: Defence =
    Defence { name: "random-ties", what: "honest nodes draw lots between branches of equal work" };

/// Returns the quantities of all that withhold blocks.
pub(super) const QUANTITIES: &[Quantity] = &[
    Quantity { name: "revenue", what: "the attacker's share of the blocks in the chain", decimals: 4 },
    Quantity { name: "income", what: "the attacker's blocks in the chain, in each spacing of time", decimals: 4 },
    Quantity { name: "gamma", what: "share of the ties that the others settle for the attacker", decimals: 4 },
    Quantity { name: "stale", what: "share of the found blocks that are in no chain", decimals: 4 },
];

fn world(setting: &Setting) -> World {
    World {
        alpha: setting.get("alpha"),
        hub: setting.whole("hub") == 1,
        asert: follows(setting),
        random_ties: setting.defence().is_some(),
        spacings: small(setting.whole("spacings")),
    }
}

impl Attack for SelfishMining {
    fn name(&self) -> &'static str {
        "selfish"
    }

    fn summary(&self) -> &'static str {
        "A miner withholds blocks and publishes them late, so that the work of others is in vain."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn defences(&self) -> &'static [Defence] {
        &[RANDOM_TIES]
    }

    fn quantities(&self) -> &'static [Quantity] {
        QUANTITIES
    }

    fn trials(&self) -> u64 {
        20
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |alpha| Setting::of(self).with(self, "alpha", alpha);
        let hub = |alpha| of(alpha).with(self, "hub", 1.0);
        let rows = [
            of(0.25),
            of(0.33),
            of(0.4),
            hub(0.33),
            hub(0.33).defended(self, "random-ties"),
            of(0.33).defended(self, "random-ties"),
            of(0.4).with(self, "honest", 1.0),
            of(0.4).with(self, "asert", 1.0),
        ];
        rows.into_iter().map(|setting| (setting, 6)).collect()
    }

    fn attackers(&self, setting: &Setting) -> Vec<usize> {
        if setting.whole("honest") == 1 { Vec::new() } else { vec![world(setting).attacker()] }
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let world = world(setting);
        let (alpha, gamma) = (world.alpha, world.gamma());
        if setting.whole("honest") == 1 {
            return vec![Expected::theory("revenue", alpha), Expected::theory("income", alpha)];
        }
        let honest = Expected::beside("revenue", "honest", alpha);
        let share = revenue(alpha, gamma);
        // once difficulty has followed, the chain grows by one block each spacing
        let income = if world.asert { share } else { share * growth(alpha) };
        vec![
            Expected::theory("revenue", share),
            honest,
            Expected::theory("income", income),
            Expected::theory("gamma", gamma),
            Expected::theory("stale", stale(alpha)),
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let withholds = setting.whole("honest") == 0;
        let strategy = withholds.then(|| Strategy::Stubborn(Stubborn::default()));
        world(setting).run(strategy, setting, trial)
    }
}
