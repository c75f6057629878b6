//! Times at the edge of what rule R14 allows: they change one target, and no spacing.

use toycoin_core::Rule;

use super::{
    dated::{Ahead, Dated},
    world::{DRIFT, HALF_LIFE, SPACING, simulation},
};
use crate::{
    attack::{Attack, Expected, Quantity},
    attacks::{
        history::{begun, history, milliseconds, place, spacings},
        world::hash_rates,
    },
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::difficulty::{largest_error, runaway},
    trial::{Trial, TrialError},
};

/// Dates each own block as far ahead as rule R14 lets him, to make the next ones easier.
///
/// A trial is a chain of some hundred blocks in a network of one honest node and the attacker. Without rule R14 he dates
/// each block 2 half-lives after its parent, which is all that the difficulty rule counts. The honest node then mines no
/// more: it makes no block that is ahead of its own clock by more than the drift.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timestamps;

const PARAMETERS: &[Parameter] = &[
    Parameter::real("q", "the attacker's share of the hash rate", 0.3, 0.05..=0.9),
    Parameter::whole("blocks", "blocks of each chain that count", 200.0, 20.0..=100_000.0),
];

/// Blocks before the first one that counts: wrong times have begun to work, and difficulty has found its noise.
const FIRST: u64 = 60;

/// Lowest difficulty, in multiples of genesis's: the limit asks for 2 hashes, and genesis for 256.
const FLOOR: f64 = 1.0 / 128.0;

/// Index of the attacker, behind one honest node.
const ATTACKER: usize = 1;

impl Attack for Timestamps {
    fn name(&self) -> &'static str {
        "timestamps"
    }

    fn summary(&self) -> &'static str {
        "A miner dates his blocks ahead, so that the next ones become easier."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "spacing", what: "mean time between blocks, in multiples of the aim", decimals: 4 },
            Quantity { name: "error", what: "largest factor by which times made a target easier", decimals: 4 },
        ]
    }

    fn trials(&self) -> u64 {
        100
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |q| Setting::of(self).with(self, "q", q);
        vec![(of(0.1), 15), (of(0.3), 15), (of(0.5), 15), (of(0.3).without([Rule::TimeNotInFuture]), 10)]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![ATTACKER]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        if is_bounded(setting) {
            return vec![
                Expected::theory("spacing", 1.0),
                Expected::theory("error", largest_error(DRIFT, 0.0, HALF_LIFE)),
            ];
        }
        vec![Expected::theory("spacing", runaway(setting.get("q"), FLOOR))]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let last = FIRST + setting.whole("blocks");
        let ahead = match is_bounded(setting) {
            true => Ahead::OfClock(SPACING.mul_f64(DRIFT)),
            false => Ahead::OfParent(SPACING.mul_f64(2.0 * HALF_LIFE)),
        };
        let simulation = simulation(trial, setting, 2)?.hash_rates(hash_rates(1, setting.get("q"))).keep_fates();
        let simulation = simulation.adversary(ATTACKER, Dated::new(ahead));
        let network = trial.run(simulation, SPACING * 5, |network| network.height() >= last)?;

        // the honest node knows when it had each block, whatever its header says
        let begun = begun(&network);
        let mut seen = vec![0; place(last) + 1];
        let mut error = 0.0_f64;
        let chain = history(&network, 2);
        for fate in network.block_fates().iter().filter(|fate| fate.active) {
            let (Some(Some(first)), Some(block)) = (fate.first_seen.first(), chain.get(place(fate.height))) else {
                continue;
            };
            if let Some(time) = seen.get_mut(place(fate.height)) {
                *time = milliseconds(*first);
                let found = begun + milliseconds(fate.found_at);
                error = error.max(largest_error(spacings(found, block.time, SPACING).max(0.0), 0.0, HALF_LIFE));
            }
        }
        let at = |height: u64| seen.get(place(height)).copied().unwrap_or_default();
        let blocks = setting.get("blocks");
        let outcome = Outcome::default().value("spacing", spacings(at(FIRST), at(last), SPACING) / blocks);
        Ok(if is_bounded(setting) { outcome.exact("error", error) } else { outcome })
    }
}

/// Returns whether rule R14 holds.
fn is_bounded(setting: &Setting) -> bool {
    !setting.off().contains(&Rule::TimeNotInFuture)
}
