//! Spam as an attack: its parameters, its trial, its theory.

use std::time::Duration;

use toycoin_core::{Amount, ChainParams, FeeRate, NetworkSpec, Txid};
use toycoin_sim::{Link, Network, wallet_key};

use super::spammer::{SPAM_BYTES, Spammer};
use crate::{
    attack::{Attack, Defence, Expected, Quantity},
    attacks::world::{confirmed_at, fixed_target, params},
    outcome::Outcome,
    setting::{Parameter, Setting},
    trial::{Trial, TrialError},
};

/// Fills the mempool with payments to itself, so that others wait.
///
/// A trial is a series of honest payments in a network of small blocks, whose mempools are full of spam. All numbers
/// are those of the miner's chain and of mempools of honest nodes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spam;

const PARAMETERS: &[Parameter] = &[
    Parameter::whole("fee", "fee rate of the honest payments, in grains per byte", 3.0, 0.0..=1_000.0),
    Parameter::whole("spam", "fee rate of the spam, in grains per byte", 2.0, 1.0..=1_000.0),
    Parameter::whole("payments", "honest payments of one trial, one after the other", 8.0, 1.0..=16.0),
];

const BID: Defence =
    Defence { name: "bid", what: "the payer pays 1 grain per byte more than the worst of the next block" };

const SPACING: Duration = Duration::from_secs(8);

/// Time between two bursts of spam. A payment is in the templates by then.
const LOOK: Duration = Duration::from_millis(250);

/// Spam payments that fill a block, and full blocks that fill the mempool.
const A_BLOCK: u64 = 40;
const BLOCKS_IN_POOL: u64 = 2;
const POOL_BYTES: u64 = BLOCKS_IN_POOL * A_BLOCK * SPAM_BYTES;

const MINER: usize = 0;
const SPAMMER: usize = 1;
const PAYER: usize = 2;

impl Attack for Spam {
    fn name(&self) -> &'static str {
        "spam"
    }

    fn summary(&self) -> &'static str {
        "Somebody keeps the mempool full of cheap payments."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn defences(&self) -> &'static [Defence] {
        &[BID]
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "next", what: "share of honest payments that are in the next block", decimals: 4 },
            Quantity {
                name: "floor",
                what: "lowest fee rate that a full mempool takes, in grains per byte",
                decimals: 0,
            },
            Quantity { name: "pool", what: "most bytes in the miner's mempool, as a part of its bound", decimals: 3 },
            Quantity { name: "cost", what: "grains that the spammer pays for each block", decimals: 0 },
        ]
    }

    fn trials(&self) -> u64 {
        20
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |fee, spam| Setting::of(self).with(self, "fee", fee).with(self, "spam", spam);
        vec![(of(3.0, 2.0), 3), (of(1.0, 2.0), 3), (of(3.0, 20.0), 3), (of(1.0, 2.0).defended(self, "bid"), 3)]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![SPAMMER]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let (fee, spam) = (setting.get("fee"), setting.get("spam"));
        let is_first = setting.defence().is_some() || fee > spam;
        let of = |quantity, value, binding| Expected { quantity, by: "theory", value, binding };
        let full = f64::from(u32::try_from(A_BLOCK * SPAM_BYTES).unwrap_or(u32::MAX));
        vec![
            of("next", f64::from(u8::from(is_first)), true),
            of("floor", spam + 1.0, true),
            of("pool", 1.0, false),
            of("cost", full * spam, false),
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let spammer = Spammer::new(SPAMMER, FeeRate::grains_per_byte(setting.whole("spam")));
        let mut spec = fixed_target(3, SPACING);
        // genesis fits into a block too, so that nobody else has coins
        let payer = wallet_key(PAYER).public_key();
        spec.allocations.retain(|output| output.owner == payer);
        let spec = spammer.fund(spec);
        let block_size_limit = ChainParams::MIN_BLOCK_SIZE_LIMIT + A_BLOCK * SPAM_BYTES;
        let spec = NetworkSpec { block_size_limit, ..spec };
        let simulation = trial.simulation().nodes(3).hash_rates([1, 0, 0]).params(params(spec, setting)?);
        let simulation = simulation.spacing(SPACING).link(Link::lan()).mempool_bytes(POOL_BYTES);
        let mut run = Spammed {
            spammer,
            rate: setting.whole("fee"),
            bids: setting.defence().is_some(),
            payments: setting.whole("payments"),
            full_at: None,
            waiting: None,
            next: Vec::new(),
            floor: None,
            most: 0,
        };
        let network = trial.run(simulation, LOOK, |network| run.look(network))?;
        let (grains, blocks) = run.spammer.paid(&network, MINER, run.full_at.unwrap_or_default());
        let outcome = run.next.iter().fold(Outcome::default(), |outcome, is_next| outcome.happened("next", *is_next));
        let outcome = outcome.value("pool", run.most as f64 / POOL_BYTES as f64);
        let outcome = outcome.value("cost", grains as f64 / (blocks as f64).max(1.0));
        Ok(run.floor.into_iter().fold(outcome, |outcome, floor| outcome.exact("floor", floor as f64)))
    }
}

/// A payment that waits for its block.
struct Waiting {
    /// `None` for one that the payer's node refused.
    txid: Option<Txid>,
    /// The height at which it was in the templates.
    since: Option<u64>,
}

/// A network under spam, and what was seen of it.
struct Spammed {
    spammer: Spammer,
    rate: u64,
    bids: bool,
    payments: u64,
    /// The miner's height when its mempool was full for the first time.
    full_at: Option<u64>,
    waiting: Option<Waiting>,
    /// Of each honest payment, whether it was in the next block.
    next: Vec<bool>,
    floor: Option<u64>,
    most: u64,
}

impl Spammed {
    /// Sends a burst of spam, and goes on with the honest payments. Returns whether all is seen.
    fn look(&mut self, network: &mut Network) -> bool {
        self.spammer.spam(network);
        let bytes = |node| network.node(node).map_or(0, |node| node.mempool().bytes());
        self.most = self.most.max(bytes(MINER));
        let is_full = |node| bytes(node) + SPAM_BYTES > POOL_BYTES;
        let are_full = is_full(MINER) && is_full(PAYER);
        let height = network.node(MINER).map_or(0, |node| node.chain().height());
        if self.full_at.is_none() {
            self.full_at = are_full.then_some(height);
            return false;
        }
        if self.next.len() as u64 == self.payments {
            if self.floor.is_none() && are_full {
                self.floor =
                    (0..=self.spammer.rate.to_grains_per_byte() + 10).find(|rate| pay(network, *rate).is_some());
            }
            return self.floor.is_some();
        }
        match &mut self.waiting {
            None => {
                let rate = if self.bids { self.rate.max(asked(network) + 1) } else { self.rate };
                self.waiting = Some(Waiting { txid: pay(network, rate), since: None });
            }
            Some(Waiting { txid, since }) => {
                let since = *since.get_or_insert(height);
                let place = txid.and_then(|txid| confirmed_at(network, MINER, &txid));
                if place.is_some() || height > since {
                    self.next.push(place.is_some_and(|place| place <= since + 1));
                    self.waiting = None;
                }
            }
        }
        false
    }
}

/// Makes an honest payment. `None` if the payer's node refuses it.
fn pay(network: &mut Network, rate: u64) -> Option<Txid> {
    network.pay(PAYER, MINER, Amount::from_grains(1_000_000), FeeRate::grains_per_byte(rate)).ok()
}

/// Returns the lowest fee rate in the next block, as the payer's own mempool has it, in grains per byte.
fn asked(network: &Network) -> u64 {
    let Some(node) = network.node(PAYER) else { return 0 };
    let mut room = A_BLOCK * SPAM_BYTES;
    let page = node.mempool().page(None, usize::MAX);
    let fits = page.entries.iter().take_while(|entry| {
        let fits = entry.size <= room;
        room = room.saturating_sub(entry.size);
        fits
    });
    fits.last().map_or(0, |entry| entry.fee.grains() / entry.size)
}
