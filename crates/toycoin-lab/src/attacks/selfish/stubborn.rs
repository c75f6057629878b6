//! Stubborn mining and optimal withholding as an attack.

use super::{
    attack::QUANTITIES,
    withholder::Strategy,
    world::{HUB, World},
};
use crate::{
    attack::{Attack, Expected, Quantity},
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::{optimal::Optimal, stubborn::Stubborn},
    trial::{Trial, TrialError},
};

/// Withholds blocks as a selfish miner does, but gives in less often, or as the best strategy says.
#[derive(Debug, Clone, Copy, Default)]
pub struct StubbornMining;

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "alpha",
        what: "the attacker's share of the hash rate",
        default: 0.4,
        range: 0.01..=0.45,
        whole: false,
    },
    HUB,
    Parameter {
        name: "lead",
        what: "1 if he publishes a tie, not everything, when his lead shrinks to 1",
        default: 0.0,
        range: 0.0..=1.0,
        whole: true,
    },
    Parameter {
        name: "fork",
        what: "1 if he withholds a block that would win him a tie",
        default: 0.0,
        range: 0.0..=1.0,
        whole: true,
    },
    Parameter {
        name: "trail",
        what: "1 if he mines on while he is 1 block behind",
        default: 0.0,
        range: 0.0..=1.0,
        whole: true,
    },
    Parameter {
        name: "optimal",
        what: "1 if he does what earns most, whatever the other flags say",
        default: 0.0,
        range: 0.0..=1.0,
        whole: true,
    },
    Parameter {
        name: "spacings",
        what: "length of a trial in spacings",
        default: 400.0,
        range: 50.0..=5_000.0,
        whole: true,
    },
];

/// Blocks at which a branch ends for the best strategy. At an alpha of 0.40 that takes 0.003 of its revenue.
const LIMIT: u32 = 20;

fn world(setting: &Setting) -> World {
    World {
        alpha: setting.get("alpha"),
        hub: setting.whole("hub") == 1,
        asert: false,
        random_ties: false,
        spacings: u32::try_from(setting.whole("spacings")).unwrap_or(u32::MAX),
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
        let theory = |quantity, value| Expected { quantity, by: "theory", value, binding: true };
        vec![
            theory("revenue", rewards.revenue()),
            Expected { quantity: "revenue", by: "optimal", value: best.revenue(), binding: false },
            theory("income", rewards.own),
            theory("gamma", gamma),
            theory("stale", rewards.stale()),
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
