//! A slow clock: a node that is behind waits for blocks which all others have already.

use std::time::Duration;

use toycoin_sim::Fault;

use super::{
    dated::{Ahead, Dated},
    witness::Witness,
    world::{DRIFT, SPACING, simulation},
};
use crate::{
    attack::{Attack, Defence, Expected, Quantity},
    attacks::{history::history, world::hash_rate},
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::slow_clock::slow_clock,
    trial::{Trial, TrialError},
};

/// Dates blocks at the edge of rule R14, so that a miner whose clock is behind must wait for each of them.
///
/// A trial is a chain of some hundred blocks in a network of three: an honest miner, the one with the slow clock, and the
/// one who dates ahead. The slow one is idle while his node is not on the tip of the honest miner's.
#[derive(Debug, Clone, Copy, Default)]
pub struct SlowClock;

const PARAMETERS: &[Parameter] = &[
    Parameter::real("behind", "spacings by which the clock is behind", 1.5, 0.0..=10.0),
    Parameter::real("own", "the share of the hash rate of the miner with the slow clock", 0.05, 0.001..=0.5),
    Parameter::real("q", "the share of the hash rate that dates ahead", 0.3, 0.01..=0.49),
    Parameter::whole("blocks", "blocks of each chain", 200.0, 20.0..=100_000.0),
];

const SET_CLOCK: Defence = Defence { name: "set-clock", what: "the clock is set right when its node warns of it" };

/// Share of a miner who so seldom finds a block while he is idle that it does not matter.
const SMALL: f64 = 0.05;

/// Indices of the miner with the slow clock and of the one who dates ahead, behind an honest one.
const SLOW: usize = 1;
const FAST: usize = 2;

impl Attack for SlowClock {
    fn name(&self) -> &'static str {
        "slow-clock"
    }

    fn summary(&self) -> &'static str {
        "Blocks dated ahead make a miner wait whose clock is behind."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn defences(&self) -> &'static [Defence] {
        &[SET_CLOCK]
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "idle", what: "share of the time in which the slow miner's work is lost", decimals: 4 },
            Quantity { name: "share", what: "the slow miner's share of the blocks", decimals: 4 },
            Quantity { name: "warned", what: "share of chains in which his node warns before he is idle", decimals: 4 },
        ]
    }

    fn trials(&self) -> u64 {
        40
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |own, behind| Setting::of(self).with(self, "own", own).with(self, "behind", behind);
        vec![
            (of(0.05, 0.5), 15),
            (of(0.05, 1.5), 15),
            (of(0.2, 1.5), 10),
            (of(0.05, 1.5).defended(self, SET_CLOCK.name), 10),
        ]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![FAST]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let behind = if setting.defence().is_some() { 0.0 } else { setting.get("behind") };
        let theory = slow_clock(setting.get("own"), setting.get("q"), behind);
        // a miner of some size finds a block while he is idle, and then stays on it until others find the next one
        let binding = setting.get("own") <= SMALL || behind == 0.0;
        let of = |quantity, value| Expected { quantity, by: "theory", value, binding };
        vec![of("idle", theory.idle), of("share", theory.share)]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let (own, q, blocks) = (setting.get("own"), setting.get("q"), setting.whole("blocks"));
        let behind_ms = i64::try_from(SPACING.mul_f64(setting.get("behind")).as_millis()).unwrap_or(i64::MAX);
        let rates = [1.0 - own - q, own, q].map(hash_rate);
        let simulation = simulation(trial, setting, 3)?.hash_rates(rates).clock_offset(SLOW, -behind_ms);
        let simulation = simulation.adversary(FAST, Dated::new(Ahead::OfClock(SPACING.mul_f64(DRIFT))));
        let (witness, mut is_set) = (Witness::of(SLOW), setting.defence().is_none());
        let network = trial.run(simulation, SPACING / 4, |network| {
            witness.attend(network);
            if !is_set && witness.warned_at().is_some() {
                is_set = true;
                let skew = Fault::ClockSkew { node: SLOW, offset_ms: behind_ms };
                network.begin(skew).expect("a skew of a few spacings fits any network");
            }
            network.height() >= blocks
        })?;
        let chain = history(&network, 3);
        let mined = chain.iter().filter(|found| found.miner == Some(SLOW)).count();
        let late = |warned: Duration| witness.parted_at().is_some_and(|parted| parted < warned);
        let in_time = witness.warned_at().is_some_and(|warned| !late(warned));
        Ok(Outcome::default()
            .value("idle", witness.apart().as_secs_f64() / network.now().as_secs_f64())
            .value("share", mined as f64 / (chain.len().max(2) - 1) as f64)
            .happened("warned", in_time))
    }
}
