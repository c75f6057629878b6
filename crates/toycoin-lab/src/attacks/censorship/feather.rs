//! Feather forking as an attack: its parameters, its trial, its theory.

use std::time::Duration;

use toycoin_core::{Amount, BlockHash, FeeRate, Txid};
use toycoin_sim::{Link, Network, wallet_key};

use super::censoring_miner::CensoringMiner;
use crate::{
    attack::{Attack, Expected, Quantity},
    attacks::world::{fixed_target, hash_rate, params, small},
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::censorship::feather_fork,
    trial::{Trial, TrialError},
};

/// Fights each block with a payment of one payer, with a fork that is given up soon.
///
/// A trial is a series of payments. Each block with a payment is one case: the miner's own node says whether the block
/// has left its chain, or has its confirmations. A payment whose block was replaced goes into another block.
#[derive(Debug, Clone, Copy, Default)]
pub struct Feather;

const PARAMETERS: &[Parameter] = &[
    Parameter::real("alpha", "the censor's share of the hash rate", 0.2, 0.01..=0.49),
    Parameter::whole("k", "others' blocks on top of the fought one at which the censor gives up", 1.0, 1.0..=14.0),
    Parameter::whole("payments", "payments of one trial, one after the other", 20.0, 1.0..=20.0),
];

const SPACING: Duration = Duration::from_secs(10);

/// Time between two looks at the network.
const LOOK: Duration = Duration::from_millis(250);

const MINER: usize = 0;
const CENSOR: usize = 1;
const PAYER: usize = 2;

impl Attack for Feather {
    fn name(&self) -> &'static str {
        "feather"
    }

    fn summary(&self) -> &'static str {
        "A miner tries to replace each block that has one payer's payment, and gives up soon."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "orphaned", what: "share of blocks with a payment that are replaced", decimals: 4 },
            Quantity { name: "tries", what: "mean number of blocks that a payment needs to stay", decimals: 3 },
        ]
    }

    fn trials(&self) -> u64 {
        50
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |alpha, k| Setting::of(self).with(self, "alpha", alpha).with(self, "k", k);
        vec![(of(0.2, 1.0), 25), (of(0.3, 1.0), 20), (of(0.3, 3.0), 20), (of(0.45, 1.0), 20)]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![CENSOR]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let chance = feather_fork(setting.get("alpha"), small(setting.whole("k")));
        vec![Expected::theory("orphaned", chance), Expected::theory("tries", 1.0 / (1.0 - chance))]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let (alpha, k) = (setting.get("alpha"), setting.whole("k"));
        let tactic = CensoringMiner::new(wallet_key(PAYER).public_key()).forking(k);
        let simulation = trial.simulation().nodes(3).hash_rates([hash_rate(1.0 - alpha), hash_rate(alpha), 0]);
        let simulation = simulation.params(params(fixed_target(3, SPACING), setting)?).spacing(SPACING);
        let simulation = simulation.link(Link::lan()).adversary(CENSOR, tactic);
        let mut series = Series { payments: setting.whole("payments"), k, waiting: None, block: None, tries: vec![] };
        trial.run(simulation, LOOK, |network| series.look(network))?;
        Ok(series.tries.into_iter().fold(Outcome::default(), |outcome, tries| {
            let outcome = (1..tries).fold(outcome, |outcome, _| outcome.happened("orphaned", true));
            outcome.happened("orphaned", false).value("tries", tries as f64)
        }))
    }
}

/// A series of payments, each of which ends when its block has its confirmations.
struct Series {
    payments: u64,
    k: u64,
    /// The payment that waits, and the number of blocks that it was in so far.
    waiting: Option<(Txid, u64)>,
    /// The block that it is in, with its height.
    block: Option<(BlockHash, u64)>,
    /// Number of blocks that each payment needed.
    tries: Vec<u64>,
}

impl Series {
    /// Makes the next payment, or looks at the block of the one that waits. Returns whether all are done.
    fn look(&mut self, network: &mut Network) -> bool {
        let Some((txid, tries)) = &mut self.waiting else {
            let (amount, rate) = (Amount::from_grains(1_000_000), FeeRate::grains_per_byte(1));
            // from block 1 on, so that the censor has a chain to follow
            let is_begun = network.node(MINER).is_some_and(|node| node.chain().height() > 0);
            let paid = is_begun.then(|| network.pay(PAYER, MINER, amount, rate).ok()).flatten();
            self.waiting = paid.map(|txid| (txid, 0));
            return false;
        };
        let Some(chain) = network.node(MINER).map(|node| node.chain()) else { return false };
        self.block.take_if(|(hash, _)| !chain.is_active(hash));
        if self.block.is_none()
            && let Ok(Some((hash, _))) = chain.find_transaction(txid)
            && let Some(confirmations) = chain.confirmations(&hash)
        {
            *tries += 1;
            self.block = Some((hash, chain.height() + 1 - confirmations));
        }
        if self.block.is_some_and(|(_, height)| chain.height() >= height + self.k) {
            self.tries.push(*tries);
            (self.waiting, self.block) = (None, None);
        }
        self.tries.len() as u64 >= self.payments
    }
}
