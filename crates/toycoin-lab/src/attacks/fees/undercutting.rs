//! Undercutting: the newest block is replaced by one that leaves a part of its fees to the next miner.

use std::{cell::RefCell, rc::Rc, time::Duration};

use toycoin_core::{Amount, INITIAL_SUBSIDY, NetworkSpec, TxOut};
use toycoin_sim::{Link, Network, Simulation, miner_key, wallet_key};

use super::undercutter::{Race, Stage, Undercutter};
use crate::{
    attack::{Attack, Defence, Expected, Quantity},
    attacks::world::{fixed_target, hash_rates, params, small},
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::undercutting::{chance, profit, tie, willing},
    trial::{Trial, TrialError},
};

/// Mines a rival to a block that took all fees. The rival leaves some of them, so that petty miners prefer it.
///
/// A trial is one race in a network of four honest nodes and the attacker. Four payments wait, an honest node confirms
/// them all, and the attacker begins on that block's parent. The race ends with the first block that extends either.
#[derive(Debug, Clone, Copy, Default)]
pub struct Undercutting;

const PARAMETERS: &[Parameter] = &[
    Parameter::real("q", "the attacker's share of the hash rate", 0.3, 0.01..=0.49),
    Parameter::whole(
        "petty",
        "how many of the 4 other miners prefer the richer of two equal branches",
        MINERS as f64,
        0.0..=MINERS as f64,
    ),
    Parameter::whole(
        "take",
        "how many of the 4 payments that wait the attacker's block takes",
        2.0,
        1.0..=PAYMENTS as f64,
    ),
    Parameter::real("subsidy", "a block's subsidy, in units of all fees that wait", 0.01, 0.001..=100.0),
];

const FIRST_SEEN: Defence =
    Defence { name: "first-seen", what: "no miner is petty: a tie stays with the block that was seen first" };

const SUBSIDY: Defence = Defence { name: "subsidy", what: "a block's subsidy is ten times all fees that wait" };

/// Honest miners, with equal hash rates.
const MINERS: u32 = 4;

/// Index of the attacker, behind them.
const ATTACKER: usize = MINERS as usize;

/// Number of payments that wait, with equal fees.
const PAYMENTS: u32 = 4;

/// The subsidy of a network that has one, in units of all fees that wait.
const DOMINANT: f64 = 10.0;

/// Time between two blocks, long beside the links' millisecond.
const SPACING: Duration = Duration::from_secs(4);

/// What is paid besides the fee.
const PRICE: Amount = Amount::from_grains(1_000);

/// What a setting says, with its defence.
#[derive(Debug, Clone, Copy)]
struct World {
    q: f64,
    petty: u32,
    /// Of the payments that wait.
    takes: u32,
    /// In units of all fees that wait.
    subsidy: f64,
}

impl World {
    fn of(setting: &Setting) -> Self {
        let mut world = Self {
            q: setting.get("q"),
            petty: small(setting.whole("petty")),
            takes: small(setting.whole("take")),
            subsidy: setting.get("subsidy"),
        };
        match setting.defence() {
            Some(name) if name == FIRST_SEEN.name => world.petty = 0,
            Some(name) if name == SUBSIDY.name => world.subsidy = DOMINANT,
            _ => {}
        }
        world
    }

    /// Returns the share of the others that mines on the attacker's block at a tie.
    fn willing(&self) -> f64 {
        // a block that takes everything leaves no more than the other one: all keep that
        if self.takes == PAYMENTS { 0.0 } else { willing(MINERS, self.petty) }
    }

    /// Returns the share of the fees that his block takes.
    fn take(&self) -> f64 {
        f64::from(self.takes) / f64::from(PAYMENTS)
    }

    /// Returns the fee of one payment.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 100 subsidies of 5e9 grains")]
    fn fee(&self) -> Amount {
        let fee = INITIAL_SUBSIDY.grains() as f64 / self.subsidy / f64::from(PAYMENTS);
        Amount::from_grains(fee.round() as u64)
    }

    /// Returns the network, in which one wallet has a coin for each payment.
    fn spec(&self) -> NetworkSpec {
        let value = self.fee().saturating_add(PRICE);
        let coin = TxOut { value, owner: wallet_key(0).public_key() };
        let allocations = (0..PAYMENTS).map(|_| coin).collect();
        NetworkSpec { allocations, ..fixed_target(0, SPACING) }
    }
}

impl Attack for Undercutting {
    fn name(&self) -> &'static str {
        "undercut"
    }

    fn summary(&self) -> &'static str {
        "A miner replaces the newest block by one that leaves fees to whoever builds on it."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn defences(&self) -> &'static [Defence] {
        &[FIRST_SEEN, SUBSIDY]
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "success", what: "share of races that replace the block", decimals: 4 },
            Quantity { name: "ties", what: "share of ties that the attacker's block wins", decimals: 4 },
            Quantity {
                name: "profit",
                what: "gain over honest mining in each race, in units of the fees",
                decimals: 3,
            },
        ]
    }

    fn trials(&self) -> u64 {
        500
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |q| Setting::of(self).with(self, "q", q);
        let rows = [
            of(0.1),
            of(0.3),
            of(0.4),
            of(0.3).with(self, "petty", 2.0),
            of(0.3).with(self, "take", 3.0),
            of(0.3).with(self, "take", 4.0),
            of(0.3).defended(self, "first-seen"),
            of(0.3).with(self, "petty", 2.0).defended(self, "subsidy"),
        ];
        rows.into_iter().map(|setting| (setting, 120)).collect()
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![ATTACKER]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let world = World::of(setting);
        let (q, willing) = (world.q, world.willing());
        vec![
            Expected::theory("success", chance(q, willing)),
            Expected::theory("ties", tie(q, willing)),
            Expected::theory("profit", profit(q, willing, world.take(), world.subsidy)),
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let world = World::of(setting);
        let race = Rc::new(RefCell::new(Race::default()));
        let nodes = trial.simulation().nodes(ATTACKER + 1).hash_rates(hash_rates(MINERS, world.q)).spacing(SPACING);
        let nodes = nodes.keep_fates().params(params(world.spec(), setting)?).link(Link::lan());
        let nodes = (0..world.petty as usize).fold(nodes, Simulation::richer_ties);
        let nodes = nodes.adversary(ATTACKER, Undercutter::new(world.takes as usize, Rc::clone(&race)));
        // the block with the fees is one of the others'
        let stage = Rc::clone(&race);
        let nodes = nodes.mines_when(ATTACKER, move |_| stage.borrow().stage != Stage::Waits);
        let mut fees = Some(world.fee());
        let network = trial.run(nodes, SPACING / 4, |network| {
            if network.height() > 0
                && let Some(fee) = fees.take()
            {
                for _ in 0..PAYMENTS {
                    network.pay_with_fee(0, 1, PRICE, fee).expect("the wallet has a coin for each payment");
                }
            }
            let race = race.borrow();
            race.stage != Stage::Waits && network.height() > race.base + 1
        })?;
        let race = *race.borrow();
        Ok(outcome(&network, race, world))
    }
}

/// Returns what the first honest node says of a race.
fn outcome(network: &Network, race: Race, world: World) -> Outcome {
    let Some((_, chain)) = network.chains().next() else { return Outcome::default() };
    let wins = race.rival.is_some_and(|rival| chain.is_active(&rival));
    let owner = miner_key(ATTACKER).public_key();
    let branch = race.base + 1..=race.base + 2;
    let blocks = branch.clone().filter_map(|height| chain.block_at(height).ok().flatten());
    let outputs = blocks.flat_map(|block| block.block().coinbase.outputs.clone());
    let earned: u64 = outputs.filter(|output| output.owner == owner).map(|output| output.value.grains()).sum();
    let fates = network.block_fates();
    let found = fates.iter().filter(|fate| branch.contains(&fate.height) && Some(fate.hash) != race.robbed).count();
    let fees = (world.fee().grains() * u64::from(PAYMENTS)) as f64;
    let profit = earned as f64 / fees - world.q * world.subsidy * found as f64;
    let outcome = Outcome::default().happened("success", wins).value("profit", profit);
    if race.rival.is_some() { outcome.happened("ties", wins) } else { outcome }
}
