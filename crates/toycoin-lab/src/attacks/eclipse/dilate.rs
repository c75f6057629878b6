//! Time dilation: what a light client sees of an eclipse.

use std::time::Duration;

use toycoin_sim::{Link, Network, Topology};

use super::hostile_relay::HostileRelay;
use crate::{
    attack::{Attack, Defence, Expected, Quantity},
    attacks::world::{ASERT, follows, hash_rate, params, small, spec},
    outcome::{Observation, Outcome},
    setting::{Parameter, Setting},
    theory::eclipse::{false_alarm, time_inside},
    trial::{Trial, TrialError},
};

/// Shows a light client only the blocks of a small part of the hash rate, which come late.
///
/// A trial is one eclipse of some blocks. All numbers are those of the headers that the light client has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dilate;

const PARAMETERS: &[Parameter] = &[
    Parameter::real("q", "the attacker's share of the hash rate; with 1 it is an honest network", 0.3, 0.05..=1.0),
    Parameter::real("alarm", "spacings without a block that an alarm takes for an eclipse", 10.0, 0.1..=100.0),
    Parameter::whole("blocks", "gaps between blocks that are looked at", 30.0, 2.0..=1_000.0),
    ASERT,
];

const RELAY: Defence = Defence { name: "relay", what: "the light client uses an honest relay beside the hostile one" };

const SPACING: Duration = Duration::from_secs(5);

/// Half-life of the difficulty rule, in spacings, as on the lab network.
const HALF_LIFE: f64 = 20.0;

const HONEST: usize = 0;
const ATTACKER: usize = 1;
const VICTIM: usize = 2;

/// Returns the share of the hash rate whose blocks the victim sees: of two branches, those of the heavier one.
fn seen_share(setting: &Setting) -> f64 {
    let q = setting.get("q");
    if setting.defence().is_some() { q.max(1.0 - q) } else { q }
}

impl Attack for Dilate {
    fn name(&self) -> &'static str {
        "dilate"
    }

    fn summary(&self) -> &'static str {
        "An eclipsed light client sees blocks of the attacker alone, which come late."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn defences(&self) -> &'static [Defence] {
        &[RELAY]
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "gap", what: "mean time between two blocks, in spacings", decimals: 3 },
            Quantity { name: "alarms", what: "share of gaps longer than the alarm", decimals: 4 },
        ]
    }

    fn trials(&self) -> u64 {
        100
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |q| Setting::of(self).with(self, "q", q).with(self, "alarm", 3.0);
        vec![
            (of(1.0), 40),
            (of(0.3), 30),
            (of(0.1), 12),
            (of(0.3).with(self, "asert", 1.0), 30),
            (of(0.3).defended(self, "relay"), 30),
        ]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![ATTACKER]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let (seen, blocks) = (seen_share(setting), small(setting.whole("blocks")));
        // of two branches that grow alike, now one is heavier and now the other
        let binding = setting.defence().is_none() || seen > 0.6;
        if follows(setting) {
            let gap = time_inside(seen, HALF_LIFE, blocks) / f64::from(blocks);
            return vec![Expected { quantity: "gap", by: "theory", value: gap, binding }];
        }
        let alarms = false_alarm(setting.get("alarm") * seen);
        vec![
            Expected { quantity: "gap", by: "theory", value: 1.0 / seen, binding },
            Expected { quantity: "alarms", by: "theory", value: alarms, binding },
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let (q, blocks) = (setting.get("q"), setting.whole("blocks"));
        let simulation = trial.simulation().nodes(2).hash_rates([hash_rate(1.0 - q), hash_rate(q)]).light_clients(1);
        let simulation =
            simulation.params(params(spec(2, SPACING, follows(setting)), setting)?).spacing(SPACING).link(Link::lan());
        let simulation = simulation.topology(Topology::Relays(2)).relays_of(HONEST, [0, 1]).relays_of(ATTACKER, [0]);
        let of_victim = if setting.defence().is_some() { 0..2 } else { 0..1 };
        let simulation = simulation.relays_of(VICTIM, of_victim);
        let simulation = simulation.relay_tactic(0, HostileRelay { attacker: ATTACKER, victim: VICTIM });

        let height = |network: &Network| network.light(VICTIM).map_or(0, |light| light.tip().header.height);
        let network = trial.run(simulation, SPACING, |network| height(network) > blocks)?;
        let times = |at| Some(network.light(VICTIM)?.machine().header_at(at)?.header.time);
        let times: Vec<u64> = (1..=blocks + 1).filter_map(times).collect();
        let spacing_ms = SPACING.as_secs_f64() * 1_000.0;
        let gaps =
            times.iter().zip(times.iter().skip(1)).map(|(one, next)| next.saturating_sub(*one) as f64 / spacing_ms);
        let gaps: Vec<f64> = gaps.collect();
        let late = gaps.iter().filter(|gap| **gap > setting.get("alarm")).count();
        let alarms = Observation::Share { hits: late as u64, of: gaps.len() as u64 };
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        Ok(Outcome::default().value("gap", mean).with("alarms", alarms))
    }
}
