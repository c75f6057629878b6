//! Shock: the hash rate changes at once, and difficulty follows it half-life by half-life.

use std::time::Duration;

use super::world::{HALF_LIFE, SPACING, simulation};
use crate::{
    attack::{Attack, Expected, Quantity},
    attacks::history::{Found, begun, history, milliseconds, spacings},
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::difficulty::{after_shock, excess_blocks, mean_after_shock},
    trial::{Trial, TrialError},
};

/// Changes the hash rate of a whole network by a factor, from one moment to the next.
///
/// A trial is one shock. Difficulty is read from the chain's headers: that of the last block, moved on by the rule for
/// the time since then.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shock;

const PARAMETERS: &[Parameter] =
    &[Parameter::real("factor", "factor by which the hash rate changes", 10.0, 0.1..=100.0), HALF_LIFE];

const QUANTITIES: &[Quantity] = &[
    Quantity { name: "1 half-life", what: "difficulty after 1 half-life, in multiples of that before", decimals: 4 },
    Quantity { name: "2 half-lives", what: "difficulty after 2 half-lives", decimals: 4 },
    Quantity { name: "3 half-lives", what: "difficulty after 3 half-lives", decimals: 4 },
    Quantity { name: "excess", what: "blocks more than one each spacing, after 5 half-lives", decimals: 1 },
];

/// Half-lives before the shock.
const BEFORE: u32 = 2;

/// Half-lives after the shock at which the excess is counted.
const COUNTED: u32 = 5;

/// Longest time for which a block counts, in half-lives.
const CAP: f64 = 2.0;

impl Shock {
    fn half_life(setting: &Setting) -> Duration {
        SPACING.mul_f64(setting.get(HALF_LIFE.name))
    }
}

impl Attack for Shock {
    fn name(&self) -> &'static str {
        "shock"
    }

    fn summary(&self) -> &'static str {
        "The hash rate changes at once, and difficulty follows."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn quantities(&self) -> &'static [Quantity] {
        QUANTITIES
    }

    fn trials(&self) -> u64 {
        100
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of =
            |factor, half_life| Setting::of(self).with(self, "factor", factor).with(self, HALF_LIFE.name, half_life);
        vec![(of(10.0, 20.0), 24), (of(0.1, 20.0), 24), (of(10.0, 10.0), 24)]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let (factor, half_life) = (setting.get("factor"), setting.get(HALF_LIFE.name));
        let at = |quantity: &'static Quantity, half_lives: f64| {
            let mean = mean_after_shock(factor, half_lives, half_life);
            let even = after_shock(factor, half_lives);
            [Expected::theory(quantity.name, mean), Expected::beside(quantity.name, "even blocks", even)]
        };
        let mut expected: Vec<_> =
            QUANTITIES.iter().zip([1.0, 2.0, 3.0]).flat_map(|(quantity, time)| at(quantity, time)).collect();
        let reached = after_shock(factor, f64::from(COUNTED));
        let excess =
            |by, value, binding| Expected { quantity: "excess", by, value: excess_blocks(value, half_life), binding };
        expected.extend([excess("theory", reached, true), excess("in the end", factor, false)]);
        expected
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let half_life = Self::half_life(setting);
        let (shock, end) = (half_life * BEFORE, half_life * (BEFORE + COUNTED));
        let plan = [(shock, setting.get("factor"))];
        let simulation = simulation(trial, setting, 1)?.hash_plan(0, plan);
        let network = trial.run(simulation, end, |network| network.now() >= end)?;
        let chain = history(&network, 1);
        let clock = Clock { begun: begun(&network), half_life: setting.get(HALF_LIFE.name) };
        let mut outcome = Outcome::default();
        for (quantity, half_lives) in QUANTITIES.iter().zip(1..=3) {
            outcome = outcome.value(quantity.name, clock.difficulty(&chain, shock + half_life * half_lives));
        }
        let count = |time| clock.found(&chain, time).len() as f64;
        let usual = (end - shock).as_secs_f64() / SPACING.as_secs_f64();
        Ok(outcome.value("excess", count(end) - count(shock) - usual))
    }
}

/// The relation between the virtual time and that in headers.
#[derive(Debug, Clone, Copy)]
struct Clock {
    begun: u64,
    /// In spacings.
    half_life: f64,
}

impl Clock {
    fn unix_ms(&self, time: Duration) -> u64 {
        self.begun + milliseconds(time)
    }

    /// Returns the blocks that were found up to a time, genesis first.
    fn found<'a>(&self, chain: &'a [Found], time: Duration) -> &'a [Found] {
        let count = chain.partition_point(|found| found.time <= self.unix_ms(time));
        chain.get(..count).unwrap_or(chain)
    }

    /// Returns the difficulty at a time. A block's own bits follow its parent's time; the rule for its own time is
    /// applied here, so that the result is of that very moment.
    fn difficulty(&self, chain: &[Found], time: Duration) -> f64 {
        let [.., before, last] = self.found(chain, time) else { return 1.0 };
        let step = |from, to| spacings(from, to, SPACING).min(CAP * self.half_life);
        // genesis lies far in the past, and the rule does not count the first block
        let took = if chain.get(1).is_some_and(|first| first.time == last.time) {
            0.0
        } else {
            1.0 - step(before.time, last.time)
        };
        last.work * ((took - step(last.time, self.unix_ms(time))) / self.half_life).exp2()
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::BlockHash;

    use super::*;

    const CLOCK: Clock = Clock { begun: 1_000_000, half_life: 20.0 };

    /// Returns a chain with a block at each of these times, in spacings since the run began, all of genesis's work.
    fn chain(times: &[u32]) -> Vec<Found> {
        let time = |time: u32| CLOCK.unix_ms(SPACING * time);
        let found = |time| Found { hash: BlockHash::ZERO, time, work: 1.0, miner: None };
        [0].into_iter().chain(times.iter().map(|at| time(*at))).map(found).collect()
    }

    #[test]
    fn difficulty_falls_while_no_block_comes() {
        let at = |time| CLOCK.difficulty(&chain(&[1, 2]), SPACING * time);

        assert_eq!([2, 22, 42, 900].map(at), [1.0, 0.5, 0.25, 0.25], "a block counts as 2 half-lives at most");
    }

    #[test]
    fn difficulty_rises_with_an_early_block() {
        let at_end = |times: &[u32]| CLOCK.difficulty(&chain(times), SPACING * *times.last().unwrap());

        assert_eq!(at_end(&[5]), 1.0, "the first block does not count");
        assert_eq!(at_end(&[5, 6]), 1.0, "one spacing is the aim");
        assert!((at_end(&[5, 6, 6]) - (1.0_f64 / 20.0).exp2()).abs() < 1e-12, "no time lifts by a spacing");
    }
}
