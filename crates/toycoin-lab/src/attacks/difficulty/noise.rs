//! Noise: no attack at all. A constant hash rate, and the difficulty that swings all the same.

use super::world::{HALF_LIFE, SPACING, simulation};
use crate::{
    attack::{Attack, Expected, Quantity},
    attacks::history::{history, place},
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::difficulty::noise,
    trial::{Trial, TrialError},
};

/// Nobody attacks: one miner of a constant hash rate, whose difficulty swings by chance.
///
/// A trial is one long chain. Its first half-lives are left out, because it begins at the right difficulty.
#[derive(Debug, Clone, Copy, Default)]
pub struct Noise;

const PARAMETERS: &[Parameter] =
    &[HALF_LIFE, Parameter::whole("blocks", "blocks of each chain that count", 2_000.0, 100.0..=100_000.0)];

/// Half-lives until a chain has forgotten that it began at the right difficulty: its variance is then within 0.1 %.
const FORGETS: u64 = 5;

impl Attack for Noise {
    fn name(&self) -> &'static str {
        "noise"
    }

    fn summary(&self) -> &'static str {
        "Nobody attacks: the hash rate is constant, and difficulty swings by chance."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[Quantity { name: "deviation", what: "standard deviation of ln difficulty around its aim", decimals: 4 }]
    }

    fn trials(&self) -> u64 {
        10
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |half_life| Setting::of(self).with(self, HALF_LIFE.name, half_life);
        vec![(of(20.0), 8), (of(72.0), 8)]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let value = noise(setting.get(HALF_LIFE.name));
        vec![Expected::theory("deviation", value)]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let first = FORGETS * setting.whole(HALF_LIFE.name);
        let last = first + setting.whole("blocks");
        let simulation = simulation(trial, setting, 1)?;
        let network = trial.run(simulation, SPACING * 20, |network| network.height() >= last)?;
        let counted = history(&network, 1).into_iter().take(place(last) + 1).skip(place(first) + 1);
        let (mut squares, mut count) = (0.0, 0.0);
        for found in counted {
            // the aim is genesis's difficulty, at which this hash rate gives one block each spacing
            squares += found.work.ln().powi(2);
            count += 1.0;
        }
        Ok(Outcome::default().value("deviation", f64::sqrt(squares / count)))
    }
}
