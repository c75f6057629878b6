//! Stubborn mining and optimal withholding as an attack.

use super::{
    attack::QUANTITIES,
    withholder::Strategy,
    world::{HUB, World},
};
use crate::{
    attack::{Attack, Expected, Quantity},
    attacks::world::small,
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::{optimal::Optimal, stubborn::Stubborn},
    trial::{Trial, TrialError},
};

/// Withholds blocks as a selfish miner does, but gives in less often, or as the best strategy says.
#[derive(Debug, Clone, Copy, Default)]
pub struct StubbornMining;

const PARAMETERS: &[Parameter] = &[
    Parameter::real("alpha", "the attacker's share of the hash rate", 0.4, 0.01..=0.45),
    HUB,
    Parameter::flag("lead", "1 if he publishes a tie, not everything, when his lead shrinks to 1"),
    Parameter::flag("fork", "1 if he withholds a block that would win him a tie"),
    Parameter::flag("trail", "1 if he mines on while he is 1 block behind"),
    Parameter::flag("optimal", "1 if he does what earns most, whatever the other flags say"),
    Parameter::whole("spacings", "length of a trial in spacings", 400.0, 50.0..=5_000.0),
];

/// Blocks at which a branch ends for the best strategy. At an alpha of 0.40 that takes 0.003 of its revenue.
const LIMIT: u32 = 20;

fn world(setting: &Setting) -> World {
    World {
        alpha: setting.get("alpha"),
        hub: setting.whole("hub") == 1,
        asert: false,
        random_ties: false,
        spacings: small(setting.whole("spacings")),
    }
}

fn flags(setting: &Setting) -> Stubborn {
    let flag = |name| setting.whole(name) == 1;
    Stubborn { lead: flag("lead"), fork: flag("fork"), trail: flag("trail") }
}

fn optimal(world: World) -> Optimal {
    Optimal::new(world.alpha, world.gamma(), LIMIT)
}

impl Attack for StubbornMining {
    fn name(&self) -> &'static str {
        "stubborn"
    }

    fn summary(&self) -> &'static str {
        "A selfish miner gives in less often than he should, or exactly as often."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn quantities(&self) -> &'static [Quantity] {
        QUANTITIES
    }

    fn trials(&self) -> u64 {
        20
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |flags: &[&str]| flags.iter().fold(Setting::of(self), |setting, flag| setting.with(self, flag, 1.0));
        let settings =
            [of(&[]), of(&["lead"]), of(&["fork"]), of(&["trail"]), of(&["lead", "trail"]), of(&["optimal"])];
        settings.into_iter().map(|setting| (setting, 7)).collect()
    }

    fn attackers(&self, setting: &Setting) -> Vec<usize> {
        vec![world(setting).attacker()]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let world = world(setting);
        let (alpha, gamma) = (world.alpha, world.gamma());
        let best = optimal(world).rewards();
        let rewards = if setting.whole("optimal") == 1 { best } else { flags(setting).rewards(alpha, gamma) };
        vec![
            Expected::theory("revenue", rewards.revenue()),
            Expected::beside("revenue", "optimal", best.revenue()),
            Expected::theory("income", rewards.own),
            Expected::theory("gamma", gamma),
            Expected::theory("stale", rewards.stale()),
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let world = world(setting);
        let strategy = if setting.whole("optimal") == 1 {
            Strategy::Optimal(Box::new(optimal(world)))
        } else {
            Strategy::Stubborn(flags(setting))
        };
        world.run(Some(strategy), setting, trial)
    }
}
