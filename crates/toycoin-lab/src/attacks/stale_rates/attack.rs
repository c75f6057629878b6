//! The measurement of stale rates, with the parameters of an attack.

use std::time::Duration;

use toycoin_core::ChainParams;
use toycoin_sim::{BlockFate, Link, Simulation, Watch};

use super::network::{NETWORKS, Network, SPACING};
use crate::{
    attack::{Attack, Expected, Quantity},
    attacks::world::fixed_target,
    outcome::{Observation, Outcome},
    setting::{Parameter, Setting},
    theory::forks::{decker_wattenhofer, rival},
    trial::{Trial, TrialError},
};

/// No attack: blocks cross on their way, and one of two is lost.
///
/// Some networks whose delay and stale rate are known from papers are simulated with equal miners on one relay. Time is
/// scaled, since only the delay in spacings counts. Nodes that do not mine may stand beside the miners: their links are
/// such that half of the blocks reach them within the published time, however near the miners are to each other.
#[derive(Debug, Clone, Copy, Default)]
pub struct StaleRates;

const PARAMETERS: &[Parameter] = &[
    Parameter::whole("network", "1 Bitcoin 2013, 2 Bitcoin 2016, 3 Litecoin, 4 Dogecoin, 5 Ethereum", 2.0, 1.0..=5.0),
    Parameter::flag("fitted", "1 for the delay that explains the observed rate, 0 for the published one"),
    Parameter::whole("nodes", "nodes that do not mine, beside 16 miners; 0 for 8 miners alone", 0.0, 0.0..=200.0),
    Parameter::whole("blocks", "blocks of a trial", 500.0, 10.0..=10_000.0),
];

/// Blocks at the end of a trial that may be decided later.
const UNDECIDED: u64 = 6;

/// Returns the number of miners, all equal.
fn miners(setting: &Setting) -> u32 {
    if setting.whole("nodes") > 0 { 16 } else { 8 }
}

/// Returns the share of the hash rate that hears of a block late: all but its miner.
fn others(setting: &Setting) -> f64 {
    1.0 - 1.0 / f64::from(miners(setting))
}

/// Returns the network of a setting as it was published.
fn published(setting: &Setting) -> Network {
    let number = usize::try_from(setting.whole("network")).unwrap_or(1);
    NETWORKS.get(number.saturating_sub(1)).copied().unwrap_or(NETWORKS[0])
}

/// Returns the network of a setting with the delay between its miners.
fn between_miners(setting: &Setting) -> Network {
    let network = published(setting);
    if setting.whole("fitted") == 1 { network.fitted(others(setting)) } else { network }
}

impl Attack for StaleRates {
    fn name(&self) -> &'static str {
        "stale-rates"
    }

    fn summary(&self) -> &'static str {
        "No attack: how many blocks of famous networks are lost to delay."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "stale", what: "share of the found blocks that no chain holds", decimals: 4 },
            Quantity {
                name: "median",
                what: "seconds until half of the nodes that do not mine have a block",
                decimals: 3,
            },
        ]
    }

    fn trials(&self) -> u64 {
        16
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |network, fitted| {
            let setting = Setting::of(self).with(self, "network", f64::from(network));
            (setting.with(self, "fitted", f64::from(fitted)), 2)
        };
        (1..=5).map(|network| of(network, 0)).chain([of(2, 1), of(5, 1)]).collect()
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let (network, others) = (between_miners(setting), others(setting));
        let model = decker_wattenhofer(others * network.delay, network.spacing);
        vec![
            Expected::theory("stale", rival(others, network.delay, network.spacing)),
            Expected::beside("stale", "in the world", network.observed),
            Expected::beside("stale", "D-W", model),
            Expected::beside("median", "in the world", published(setting).delay),
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let (network, miners) = (between_miners(setting), usize::try_from(miners(setting)).unwrap_or_default());
        let nodes = miners + usize::try_from(setting.whole("nodes")).unwrap_or_default();
        let link = Link { jitter: Duration::ZERO, ..Link::lan() };
        let simulation: Simulation = trial.simulation().nodes(nodes).spacing(SPACING).keep_fates();
        let simulation = simulation.hash_rates((0..nodes).map(|node| u32::from(node < miners)));
        let simulation = simulation.params(ChainParams::new(fixed_target(nodes, SPACING))?);
        let simulation = simulation.link(link.latency(network.latency()));
        let others = (nodes - miners) as f64;
        let simulation = (miners..nodes).fold(simulation, |simulation, node| {
            let rank = ((node - miners) as f64 + 0.5) / others;
            simulation.link_of(node, link.latency(network.latency_behind(&published(setting), rank)))
        });
        let simulation = if nodes > miners { simulation.watch(Watch::Sampled(64)) } else { simulation };
        let blocks = setting.whole("blocks");
        let run = trial.run(simulation, SPACING * 8, |network| network.height() >= blocks)?;
        let fates = run.block_fates();
        let decided: Vec<_> = fates.iter().filter(|fate| fate.height <= blocks.saturating_sub(UNDECIDED)).collect();
        let stale = decided.iter().filter(|fate| !fate.active).count() as u64;
        let outcome = Outcome::default().with("stale", Observation::Share { hits: stale, of: decided.len() as u64 });
        let median = median(decided.iter().flat_map(|fate| delays(fate, miners)).collect());
        Ok(median.map_or(outcome.clone(), |median| outcome.value("median", network.unscaled(median))))
    }
}

/// Returns how long a block took to each node behind the miners that had it in its chain.
fn delays(fate: &BlockFate, miners: usize) -> impl Iterator<Item = Duration> {
    fate.first_seen.iter().skip(miners).flatten().map(|seen| seen.saturating_sub(fate.found_at))
}

/// Returns the median of some times, halfway between the two middle ones of an even number; `None` if there are none.
fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort_unstable();
    let (low, high) = (times.len().checked_sub(1)? / 2, times.len() / 2);
    Some((*times.get(low)? + *times.get(high)?) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_behind_near_miners_are_at_the_published_median() {
        let setting = Setting::of(&StaleRates).with(&StaleRates, "fitted", 1.0).with(&StaleRates, "blocks", 12.0);
        let setting = setting.with(&StaleRates, "nodes", 20.0);
        for number in [2.0, 5.0] {
            let setting = setting.clone().with(&StaleRates, "network", number);
            let outcome = StaleRates.trial(&setting, &Trial::new(1)).unwrap();
            let Some(Observation::Value(median)) = outcome.of("median").next() else { panic!("{outcome:?}") };
            let world = published(&setting).delay;
            // a block that comes while another is judged waits for a moment
            assert!((median / world - 1.0).abs() < 0.05, "network {number}: {median} s, in the world {world} s");
        }
    }

    #[test]
    fn median_lies_between_the_middle_times() {
        let of = |millis: &[u64]| median(millis.iter().map(|ms| Duration::from_millis(*ms)).collect());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[9, 1, 5]), Some(Duration::from_millis(5)));
        assert_eq!(of(&[9, 1, 4, 6]), Some(Duration::from_millis(5)));
    }
}
