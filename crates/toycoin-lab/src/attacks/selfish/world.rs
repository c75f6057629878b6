//! The networks in which a selfish miner mines, and what honest nodes say of him afterwards.

use std::{cell::RefCell, rc::Rc, time::Duration};

use toycoin_sim::{Link, Network, Passage, RelayTactic, Simulation, miner_key};
use toycoin_wire::node::NodeMessage;

use super::{
    record::Record,
    withholder::{Strategy, Withholder},
};
use crate::{
    attacks::world::{hash_rates, params, spec},
    outcome::{Observation, Outcome},
    setting::{Parameter, Setting},
    trial::{Trial, TrialError},
};

/// Where the attacker is.
pub(super) const HUB: Parameter =
    Parameter::flag("hub", "1 if he is nearer to the others than they are to each other, 0 if all are equally near");

/// A network with one attacker, who is its last node.
#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    /// The attacker's share of the hash rate.
    pub(super) alpha: f64,
    /// Whether he is near to all others, who are far from each other. Otherwise all are equally near.
    pub(super) hub: bool,
    /// Whether the target follows the hash rate.
    pub(super) asert: bool,
    /// Whether honest nodes break ties by lot.
    pub(super) random_ties: bool,
    /// Spacings of the trial.
    pub(super) spacings: u32,
}

/// Honest nodes where the attacker is near to all of them.
const HUB_NODES: u32 = 4;

/// Honest nodes where nobody is nearer than others.
const EQUAL_NODES: u32 = 2;

/// Spacing, long beside the links' millisecond.
const SPACING: Duration = Duration::from_secs(2);

/// Spacing where honest nodes are far from each other.
const HUB_SPACING: Duration = Duration::from_secs(4);

/// Additional time between honest nodes, as if their messages went over several hops.
const FAR: Duration = Duration::from_millis(20);

/// Spacings that are not measured: the race settles.
const WARM_UP: u32 = 10;

/// Spacings that are not measured while difficulty moves: 6 half-lives, in which 98 % of a change is followed.
const ASERT_WARM_UP: u32 = 120;

/// Makes messages between honest nodes late.
#[derive(Debug)]
struct Hops {
    attacker: usize,
}

impl RelayTactic for Hops {
    fn deliver(&mut self, from: Option<usize>, to: usize, _: &NodeMessage) -> Passage {
        if from == Some(self.attacker) || to == self.attacker { Passage::Pass } else { Passage::Delay(FAR) }
    }
}

impl World {
    /// Returns the share of the honest nodes that hear of the attacker's branch first in a tie.
    ///
    /// Where nobody is nearer than others, no block overtakes one that was sent before. A hub overtakes all blocks, so
    /// that only their finder has them first. By lot it is a half of the nodes, since all hear of both branches.
    pub(super) fn gamma(&self) -> f64 {
        match self {
            Self { random_ties: true, .. } => 0.5,
            Self { hub: true, .. } => 1.0 - 1.0 / f64::from(HUB_NODES),
            Self { hub: false, .. } => 0.0,
        }
    }

    fn honest(&self) -> u32 {
        if self.hub { HUB_NODES } else { EQUAL_NODES }
    }

    /// Returns the index of the attacker, behind the honest nodes.
    pub(super) fn attacker(&self) -> usize {
        usize::try_from(self.honest()).unwrap_or_default()
    }

    fn spacing(&self) -> Duration {
        if self.hub { HUB_SPACING } else { SPACING }
    }

    fn simulation(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Simulation, TrialError> {
        let (attacker, spacing) = (self.attacker(), self.spacing());
        let rates = hash_rates(self.honest(), self.alpha);
        let mut simulation = trial.simulation().nodes(attacker + 1).hash_rates(rates).spacing(spacing).keep_fates();
        simulation = simulation.params(params(spec(0, spacing, self.asert), setting)?).link(Link::lan());
        if self.hub {
            simulation = simulation.relay_tactic(0, Hops { attacker });
        }
        if self.random_ties {
            simulation = (0..attacker).fold(simulation, Simulation::random_ties);
        }
        Ok(simulation)
    }

    /// Runs a trial. Without a strategy, the attacker is a node like any other.
    ///
    /// All but the ties themselves is what the first honest node's chain says.
    pub(super) fn run(
        &self,
        strategy: Option<Strategy>,
        setting: &Setting,
        trial: &Trial<'_>,
    ) -> Result<Outcome, TrialError> {
        let (attacker, spacing) = (self.attacker(), self.spacing());
        let record = Rc::new(RefCell::new(Record::default()));
        let mut simulation = self.simulation(setting, trial)?;
        let withholds = strategy.is_some();
        if let Some(strategy) = strategy {
            simulation = simulation.adversary(attacker, Withholder::new(strategy, Rc::clone(&record)));
        }
        let warm_up = spacing * if self.asert { ASERT_WARM_UP } else { WARM_UP };
        let end = warm_up + spacing * self.spacings;
        let mut from = None;
        let network = trial.run(simulation, spacing, |network| {
            if from.is_none() && network.now() >= warm_up {
                from = Some(network.height());
            }
            network.now() >= end
        })?;
        Ok(self.outcome(&network, from.unwrap_or_default(), withholds.then(|| record.borrow().clone())))
    }

    /// Returns what the blocks above a height say.
    fn outcome(&self, network: &Network, from: u64, record: Option<Record>) -> Outcome {
        let attacker = self.attacker();
        let Some((_, chain)) = network.chains().next() else { return Outcome::default() };
        let owner = miner_key(attacker).public_key();
        let blocks = (from + 1..=chain.height()).filter_map(|height| chain.block_at(height).ok().flatten());
        let own = blocks.filter(|block| block.block().coinbase.outputs.iter().any(|output| output.owner == owner));
        let (own, all) = (count(own), (chain.height() - from) as f64);
        let fates = network.block_fates();
        let found = fates.iter().filter(|fate| (from + 1..=chain.height()).contains(&fate.height)).count() as f64;
        let outcome = Outcome::default()
            .value("revenue", own / all)
            .value("income", own / f64::from(self.spacings))
            .value("stale", 1.0 - all / found);
        match record.map(|record| record.settled(&fates, attacker)) {
            Some((settled, won)) if settled > 0 => outcome.with("gamma", Observation::Share { hits: won, of: settled }),
            _ => outcome,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "some hundred blocks")]
fn count<T>(items: impl Iterator<Item = T>) -> f64 {
    items.count() as f64
}
