//! Censorship by leaving out, as an attack: its parameters, its trial, its theory.

use std::time::Duration;

use toycoin_core::{Amount, FeeRate, Txid};
use toycoin_sim::{Link, Network, Topology, wallet_key};

use super::{censoring_miner::CensoringMiner, silent_relay::SilentRelay};
use crate::{
    attack::{Attack, Defence, Expected, Quantity},
    attacks::world::{confirmed_at, fixed_target, hash_rate, params, small},
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::censorship::{confirmed_within, patient_blocks},
    trial::{Trial, TrialError},
};

/// Never confirms one payer's payments, as a miner, or never forwards them, as a relay.
///
/// A trial is a series of payments, each made when the one before is confirmed or given up. Blocks are counted in the
/// chain of the miner that does not censor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Censor;

const PARAMETERS: &[Parameter] = &[
    Parameter::real("c", "share of the hash rate that leaves the payments out", 0.5, 0.0..=0.99),
    Parameter::flag("silenced", "1 if the payer's relay drops its payments, 0 if it forwards them"),
    Parameter::whole("patience", "blocks after which a payment is given up", 60.0, 1.0..=1_000.0),
    Parameter::whole("payments", "payments of one trial, one after the other", 20.0, 1.0..=20.0),
];

const RELAY: Defence = Defence { name: "relay", what: "the payer and the miners use an honest relay beside the first" };

const SPACING: Duration = Duration::from_secs(10);

/// Time between two looks at the network. A payment is in the templates by then.
const LOOK: Duration = Duration::from_millis(250);

const OPEN: usize = 0;
const CENSOR: usize = 1;
const PAYER: usize = 2;

/// Returns whether no miner hears of the payments.
fn is_silenced(setting: &Setting) -> bool {
    setting.whole("silenced") == 1 && setting.defence().is_none()
}

impl Attack for Censor {
    fn name(&self) -> &'static str {
        "censor"
    }

    fn summary(&self) -> &'static str {
        "Miners with a share of the hash rate, or a relay, keep one payer's payments out of the chain."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn defences(&self) -> &'static [Defence] {
        &[RELAY]
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "blocks", what: "mean number of blocks until a payment is confirmed", decimals: 2 },
            Quantity { name: "confirmed", what: "share of payments that are confirmed in time", decimals: 4 },
        ]
    }

    fn trials(&self) -> u64 {
        40
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |c| Setting::of(self).with(self, "c", c);
        let silenced = of(0.5).with(self, "silenced", 1.0);
        vec![
            (of(0.1), 12),
            (of(0.5), 16),
            (of(0.9), 16),
            (silenced.clone().with(self, "payments", 2.0), 10),
            (silenced.defended(self, "relay"), 16),
        ]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![CENSOR]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let (c, patience) = (setting.get("c"), small(setting.whole("patience")));
        if is_silenced(setting) {
            return vec![Expected::theory("confirmed", 0.0)];
        }
        vec![
            Expected::theory("blocks", patient_blocks(c, patience)),
            Expected::theory("confirmed", confirmed_within(c, patience)),
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let (c, patience) = (setting.get("c"), setting.whole("patience"));
        let simulation = trial.simulation().nodes(3).hash_rates([hash_rate(1.0 - c), hash_rate(c), 0]).spacing(SPACING);
        let simulation = simulation.params(params(fixed_target(3, SPACING), setting)?).link(Link::lan());
        let simulation = simulation.adversary(CENSOR, CensoringMiner::new(wallet_key(PAYER).public_key()));
        let relays = if setting.defence().is_some() { 2 } else { 1 };
        let mut simulation = simulation.topology(Topology::Relays(relays));
        if setting.whole("silenced") == 1 {
            simulation = simulation.relay_tactic(0, SilentRelay { payer: PAYER });
        }
        let mut series = Series { payments: setting.whole("payments"), patience, waiting: None, took: Vec::new() };
        trial.run(simulation, LOOK, |network| series.look(network))?;
        Ok(series.took.into_iter().fold(Outcome::default(), |outcome, took| {
            let outcome = outcome.happened("confirmed", took.is_some());
            took.map_or(outcome.clone(), |blocks| outcome.value("blocks", blocks as f64))
        }))
    }
}

/// A series of payments.
struct Series {
    payments: u64,
    patience: u64,
    /// The payment that waits, with the height from which on its blocks are counted.
    waiting: Option<(Txid, Option<u64>)>,
    /// Number of blocks of each payment so far; `None` for one that was given up.
    took: Vec<Option<u64>>,
}

impl Series {
    /// Makes the next payment, or counts the blocks of the one that waits. Returns whether all are done.
    fn look(&mut self, network: &mut Network) -> bool {
        let Some(height) = network.node(OPEN).map(|node| node.chain().height()).filter(|height| *height > 0) else {
            return false;
        };
        let Some((txid, since)) = &mut self.waiting else {
            let (amount, rate) = (Amount::from_grains(1_000_000), FeeRate::grains_per_byte(1));
            self.waiting = network.pay(PAYER, OPEN, amount, rate).ok().map(|txid| (txid, None));
            return false;
        };
        let since = *since.get_or_insert(height);
        let took = confirmed_at(network, OPEN, txid).map(|at| at.saturating_sub(since).max(1));
        if took.is_some() || height >= since + self.patience {
            self.took.push(took.filter(|took| *took <= self.patience));
            self.waiting = None;
        }
        self.took.len() as u64 >= self.payments
    }
}
