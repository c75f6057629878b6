//! Fee sniping: the newest block is replaced for the sake of its fee.

use std::{cell::RefCell, rc::Rc, time::Duration};

use toycoin_core::{Amount, INITIAL_SUBSIDY};
use toycoin_sim::{Link, Network};

use crate::{
    attack::{Attack, Defence, Expected, Quantity},
    attacks::{
        rewriting::{Rewriting, Stage, Written},
        world::{fixed_target, hash_rates, params, small},
    },
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::sniping::{chance, profit},
    trial::{Trial, TrialError},
};

/// Mines on the parent of a block with a large fee, to have the fee himself.
///
/// A trial is one race in a network of two honest nodes and the attacker. An honest wallet pays the fee, honest nodes
/// confirm it, and the attacker begins 1 block behind. He has won when an honest node has his branch in its chain.
#[derive(Debug, Clone, Copy, Default)]
pub struct FeeSniping;

const PARAMETERS: &[Parameter] = &[
    Parameter::real("q", "the attacker's share of the hash rate", 0.3, 0.01..=0.49),
    Parameter::real("fee", "the fee in the newest block, in subsidies", 5.0, 0.01..=40.0),
    Parameter::whole("give-up", "blocks by which he is behind when he gives up", 3.0, 2.0..=25.0),
];

/// Blocks over which the defence spreads a fee.
const SPREAD: f64 = 10.0;

const SPREAD_FEE: Defence =
    Defence { name: "spread", what: "the fee is paid in ten parts, of which each block gets one" };

/// Time between two blocks, long beside the links' millisecond.
const SPACING: Duration = Duration::from_secs(4);

/// Index of the attacker, behind two honest nodes.
const ATTACKER: usize = 2;

/// What is paid besides the fee.
const PRICE: Amount = Amount::from_grains(1_000);

/// Returns the fee that the newest block has, in subsidies.
fn fee(setting: &Setting) -> f64 {
    setting.get("fee") / if setting.defence().is_some() { SPREAD } else { 1.0 }
}

impl Attack for FeeSniping {
    fn name(&self) -> &'static str {
        "fee-snipe"
    }

    fn summary(&self) -> &'static str {
        "A miner replaces the newest block to take its large fee himself."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn defences(&self) -> &'static [Defence] {
        &[SPREAD_FEE]
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "success", what: "share of races that replace the block", decimals: 4 },
            Quantity { name: "profit", what: "subsidies that he gains over honest mining, in each race", decimals: 3 },
        ]
    }

    fn trials(&self) -> u64 {
        500
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |q, fee| Setting::of(self).with(self, "q", q).with(self, "fee", fee);
        vec![
            (of(0.1, 5.0), 250),
            (of(0.3, 1.0), 250),
            (of(0.3, 5.0), 250),
            (of(0.4, 5.0), 250),
            (of(0.3, 5.0).with(self, "give-up", 10.0), 250),
            (of(0.3, 5.0).defended(self, "spread"), 250),
        ]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![ATTACKER]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let (q, give_up) = (setting.get("q"), small(setting.whole("give-up")));
        vec![
            Expected::theory("success", chance(q, Some(give_up))),
            Expected::beside("success", "patient", chance(q, None)),
            Expected::theory("profit", profit(q, give_up, fee(setting))),
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let record = Rc::new(RefCell::new(Written::default()));
        let q = setting.get("q");
        let simulation = trial.simulation().nodes(3).hash_rates(hash_rates(2, q)).spacing(SPACING).keep_fates();
        let simulation = simulation.params(params(fixed_target(2, SPACING), setting)?).link(Link::lan());
        let tactic = Rewriting::robbing(setting.whole("give-up"), Rc::clone(&record));
        // the block with the fee is one of the others'
        let stage = Rc::clone(&record);
        let simulation = simulation.adversary(ATTACKER, tactic);
        let simulation = simulation.mines_when(ATTACKER, move |_| stage.borrow().stage != Stage::Waits);
        let mut fee = Some(grains(fee(setting)));
        let network = trial.run(simulation, SPACING / 4, |network| {
            if network.height() > 0
                && let Some(fee) = fee.take()
            {
                network.pay_with_fee(0, 1, PRICE, fee).expect("a wallet has 48 subsidies, and its node takes any fee");
            }
            record.borrow().is_over(network)
        })?;
        let record = *record.borrow();
        Ok(Outcome::default()
            .happened("success", record.seen_at(&network).is_some())
            .value("profit", gain(&network, record, q)))
    }
}

/// Returns an amount of subsidies.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "at most 40")]
fn grains(subsidies: f64) -> Amount {
    Amount::from_grains((subsidies * INITIAL_SUBSIDY.grains() as f64).round() as u64)
}

/// Returns what the attacker has in an honest node's chain, less what he would have earned honestly, in subsidies.
#[expect(clippy::cast_precision_loss, reason = "some hundred subsidies of 5e9 grains, far below 2^53")]
fn gain(network: &Network, record: Written, q: f64) -> f64 {
    let subsidy = INITIAL_SUBSIDY.grains() as f64;
    let blocks = record.blocks(network, ATTACKER);
    let earned: u64 = blocks.iter().flat_map(|block| &block.coinbase.outputs).map(|output| output.value.grains()).sum();
    let fates = network.block_fates();
    let found = fates.iter().filter(|fate| fate.found_at > record.began_at && fate.found_at <= record.ended_at).count();
    earned as f64 / subsidy - q * found as f64
}
