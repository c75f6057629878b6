//! The eclipse as an attack: its parameters, its trial, its theory.

use std::time::Duration;

use toycoin_core::BlockHash;
use toycoin_sim::{Dice, Link, Network, Topology};

use super::hostile_relay::HostileRelay;
use crate::{
    attack::{Attack, Defence, Expected, Quantity},
    attacks::world::{fixed_target, hash_rate, params, small},
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::eclipse::{all_hostile, unalarmed},
    trial::{Trial, TrialError},
};

/// Surrounds a victim with hostile relays, and confirms to it what the honest network never saw.
///
/// A trial draws the victim's relays. Success is what the victim's own node says: the attacker's block with `z`
/// confirmations is in its chain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Eclipse;

const PARAMETERS: &[Parameter] = &[
    Parameter::whole("k", "relays that the victim uses", 1.0, 1.0..=10.0),
    Parameter::whole("hostile", "hostile relays of the 10 that there are", 3.0, 0.0..=10.0),
    Parameter::real("q", "the attacker's share of the hash rate", 0.3, 0.05..=0.45),
    Parameter::whole("z", "confirmations after which the victim believes a payment", 6.0, 1.0..=30.0),
    Parameter::real(
        "alarm",
        "spacings without a block after which a victim with an alarm believes nothing",
        10.0,
        1.0..=100.0,
    ),
];

const ALARM: Defence =
    Defence { name: "alarm", what: "the victim believes nothing after a gap of `alarm` spacings between blocks" };

/// Number of relays that there are. Only those that the victim uses are simulated, the others play no part.
const RELAYS: u32 = 10;

const SPACING: Duration = Duration::from_secs(4);

const HONEST: usize = 0;
const ATTACKER: usize = 1;
const VICTIM: usize = 2;

/// Blocks by which the honest chain is ahead at the end, so that a victim that hears of it follows it.
const AHEAD: u64 = 2;

/// Time that it then has. After a reorganisation it asks for blocks, and a hostile relay lets its questions lapse.
const PATIENCE: Duration = Duration::from_secs(20);

impl Attack for Eclipse {
    fn name(&self) -> &'static str {
        "eclipse"
    }

    fn summary(&self) -> &'static str {
        "All relays of a victim are hostile and show it only the attacker's branch."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn defences(&self) -> &'static [Defence] {
        &[ALARM]
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[Quantity { name: "success", what: "share of victims that believe the attacker's branch", decimals: 4 }]
    }

    fn trials(&self) -> u64 {
        500
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |k, q| Setting::of(self).with(self, "k", k).with(self, "q", q);
        vec![
            (of(1.0, 0.3), 150),
            (of(2.0, 0.3), 150),
            (of(3.0, 0.3), 150),
            (of(1.0, 0.3).defended(self, "alarm"), 150),
            (of(1.0, 0.1).defended(self, "alarm"), 60),
            (of(1.0, 0.1).with(self, "hostile", 10.0).defended(self, "alarm"), 60),
        ]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![ATTACKER]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let surrounded = all_hostile(RELAYS, small(setting.whole("hostile")), small(setting.whole("k")));
        let unnoticed = match setting.defence() {
            Some(_) => unalarmed(setting.get("q"), setting.get("alarm"), small(setting.whole("z"))),
            None => 1.0,
        };
        vec![Expected::theory("success", surrounded * unnoticed)]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let hostile = hostile_relays(trial.seed(), setting);
        let relays = hostile.len();
        let honest_share = hash_rate(1.0 - setting.get("q"));
        let simulation = trial.simulation().nodes(3).hash_rates([honest_share, hash_rate(setting.get("q")), 0]);
        let simulation = simulation.params(params(fixed_target(3, SPACING), setting)?).spacing(SPACING);
        let simulation = simulation.link(Link::lan()).keep_fates();
        // the last relay is the attacker's own, where nobody else is
        let simulation = simulation.topology(Topology::Relays(relays + 1));
        let everywhere: Vec<_> = (0..relays).collect();
        let simulation = simulation.relays_of(HONEST, everywhere.clone()).relays_of(VICTIM, everywhere);
        let of_attacker = (0..relays).filter(|relay| hostile.get(*relay) == Some(&true)).chain([relays]);
        let simulation = simulation.relays_of(ATTACKER, of_attacker.clone());
        let tactic = HostileRelay { attacker: ATTACKER, victim: VICTIM };
        let simulation = of_attacker.fold(simulation, |simulation, relay| simulation.relay_tactic(relay, tactic));

        // the first confirmation is the block itself; an alarm needs one more, for as many gaps
        let last = setting.whole("z") + 1;
        let mut ahead_since = None;
        let network = trial.run(simulation, SPACING / 4, |network| {
            let height = |node| network.node(node).map_or(0, |node| node.chain().height());
            if height(ATTACKER) < last || height(HONEST) < height(ATTACKER) + AHEAD {
                ahead_since = None;
                return false;
            }
            let since = *ahead_since.get_or_insert(network.now());
            follows(network, last).is_none() || network.now() >= since + PATIENCE
        })?;
        let believes = follows(&network, last).is_some_and(|fork| {
            let quiet = longest_gap(&network, &fork);
            setting.defence().is_none() || quiet <= SPACING.mul_f64(setting.get("alarm"))
        });
        Ok(Outcome::default().happened("success", believes))
    }
}

/// Draws the victim's relays, and returns of each whether it is hostile.
fn hostile_relays(seed: u64, setting: &Setting) -> Vec<bool> {
    let mut dice = Dice::new(seed, 10_000);
    let (mut left, mut hostile) = (u64::from(RELAYS), setting.whole("hostile"));
    let draw = |_| {
        let is_hostile = dice.below(left) < hostile;
        left -= 1;
        hostile -= u64::from(is_hostile);
        is_hostile
    };
    (0..setting.whole("k")).map(draw).collect()
}

/// Returns the attacker's blocks up to a height, if the victim's chain holds them all and the honest one does not.
///
/// A victim with an honest relay passes the attacker's branch on while that is ahead. If the honest miner takes it, all
/// have one chain, and nobody is deceived.
fn follows(network: &Network, last: u64) -> Option<Vec<BlockHash>> {
    let (attacker, victim) = (network.node(ATTACKER)?.chain(), network.node(VICTIM)?.chain());
    let fork = (1..=last).map(|height| Some(attacker.header_at(height)?.hash));
    let fork: Vec<_> = fork.collect::<Option<_>>()?;
    let honest = network.node(HONEST)?.chain();
    let is_parted = fork.iter().all(|hash| victim.is_active(hash) && !honest.is_active(hash));
    is_parted.then_some(fork)
}

/// Returns the longest time for which the victim got no block, between the first and the last of some.
fn longest_gap(network: &Network, blocks: &[BlockHash]) -> Duration {
    let fates = network.block_fates();
    let seen = |hash: &BlockHash| {
        let fate = fates.iter().find(|fate| fate.hash == *hash)?;
        *fate.first_seen.get(VICTIM)?
    };
    let times: Vec<_> = blocks.iter().filter_map(seen).collect();
    times.iter().zip(times.iter().skip(1)).map(|(one, next)| next.saturating_sub(*one)).max().unwrap_or_default()
}
