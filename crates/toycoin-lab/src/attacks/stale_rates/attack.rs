//! The measurement of stale rates, with the parameters of an attack.

use toycoin_core::ChainParams;
use toycoin_sim::{Link, Simulation};

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
/// scaled, since only the delay in spacings counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct StaleRates;

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "network",
        what: "1 Bitcoin 2013, 2 Bitcoin 2016, 3 Litecoin, 4 Dogecoin, 5 Ethereum",
        default: 2.0,
        range: 1.0..=5.0,
        whole: true,
    },
    Parameter {
        name: "fitted",
        what: "1 for the delay that explains the observed rate, 0 for the published one",
        default: 0.0,
        range: 0.0..=1.0,
        whole: true,
    },
    Parameter { name: "blocks", what: "blocks of a trial", default: 500.0, range: 10.0..=10_000.0, whole: true },
];

/// Number of miners, all equal.
const MINERS: usize = 8;

/// Share of the hash rate that hears of a block late: all but its miner.
const OTHERS: f64 = 1.0 - 1.0 / MINERS as f64;

impl StaleRates {
    fn network(setting: &Setting) -> Network {
        let number = usize::try_from(setting.whole("network")).unwrap_or(1);
        let network = NETWORKS.get(number.saturating_sub(1)).copied().unwrap_or(NETWORKS[0]);
        if setting.whole("fitted") == 1 { network.fitted(OTHERS) } else { network }
    }
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
        &[Quantity { name: "stale", what: "share of the found blocks that no chain holds", decimals: 4 }]
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
        let network = Self::network(setting);
        let expect = |by, value, binding| Expected { quantity: "stale", by, value, binding };
        let model = decker_wattenhofer(OTHERS * network.delay, network.spacing);
        vec![
            expect("theory", rival(OTHERS, network.delay, network.spacing), true),
            expect("in the world", network.observed, false),
            expect("D-W", model, false),
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let network = Self::network(setting);
        let link = Link { jitter: std::time::Duration::ZERO, ..Link::lan() }.latency(network.latency());
        let simulation: Simulation = trial.simulation().nodes(MINERS).spacing(SPACING).link(link).keep_fates();
        let simulation = simulation.params(ChainParams::new(fixed_target(MINERS, SPACING))?);
        let blocks = setting.whole("blocks");
        let network = trial.run(simulation, SPACING * 8, |network| network.height() >= blocks)?;
        // the last blocks may be decided later
        let fates = network.block_fates();
        let decided: Vec<_> = fates.iter().filter(|fate| fate.height <= blocks.saturating_sub(6)).collect();
        let stale = decided.iter().filter(|fate| !fate.active).count() as u64;
        Ok(Outcome::default().with("stale", Observation::Share { hits: stale, of: decided.len() as u64 }))
    }
}
