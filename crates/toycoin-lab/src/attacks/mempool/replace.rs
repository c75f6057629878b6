//! Replacement without end as an attack: its parameters, its trial, its theory.

use std::time::Duration;

use toycoin_core::{Amount, OutPoint, Transaction, TransactionBuilder, Txid, utxo::Coin};
use toycoin_sim::{Link, Network, wallet_key};

use crate::{
    attack::{Attack, Defence, Expected, Quantity},
    attacks::world::{fixed_target, params},
    outcome::Outcome,
    setting::{Parameter, Setting},
    trial::{Trial, TrialError},
};

/// Replaces one payment again and again, so that the network carries many and one fee is paid.
///
/// A trial is one payment with its descendants and its replacements, each as cheap as the nodes allow. An honest node
/// that neither sends nor mines says which of them it had.
#[derive(Debug, Clone, Copy, Default)]
pub struct Replace;

const PARAMETERS: &[Parameter] = &[
    Parameter::whole("replacements", "how often the payment is replaced", 10.0, 1.0..=50.0),
    Parameter::whole(
        "children",
        "payments in a chain from the first one, which the first replacement evicts",
        0.0,
        0.0..=20.0,
    ),
    Parameter::whole(
        "rate",
        "fee rate of the first payment and of its descendants, in grains per byte",
        1.0,
        0.0..=100.0,
    ),
];

const FLOOR: Defence =
    Defence { name: "floor", what: "all nodes take 1 grain per byte or more, as on the reference network" };

const SPACING: Duration = Duration::from_secs(4);

/// Time between two replacements.
const LOOK: Duration = Duration::from_millis(500);

/// All payments have one input and one output.
const BYTES: u64 = Transaction::MIN_SIZE;

/// All nodes are connected at this time.
const CONNECTED: Duration = Duration::from_secs(5);

/// Nobody mines before this time, which all replacements take.
const MINING_BEGINS: Duration = Duration::from_secs(40);

const MINER: usize = 0;
const REPLACER: usize = 1;
const WITNESS: usize = 2;

/// Returns the fee rate at which it begins: the nodes' lowest one, if that is higher.
fn first_rate(setting: &Setting) -> u64 {
    setting.whole("rate").max(u64::from(setting.defence().is_some()))
}

impl Attack for Replace {
    fn name(&self) -> &'static str {
        "replace"
    }

    fn summary(&self) -> &'static str {
        "A payment is replaced again and again, to use the network's bandwidth for one fee."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn defences(&self) -> &'static [Defence] {
        &[FLOOR]
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity { name: "price", what: "grains paid for each byte that an honest node took", decimals: 4 },
            Quantity { name: "refused", what: "share of replacements for 1 grain less that are refused", decimals: 4 },
            Quantity { name: "carried", what: "payments that an honest node took", decimals: 0 },
        ]
    }

    fn trials(&self) -> u64 {
        2
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |children, rate| Setting::of(self).with(self, "children", children).with(self, "rate", rate);
        let free = of(0.0, 0.0);
        vec![
            (of(0.0, 1.0), 2),
            (of(20.0, 1.0), 2),
            (of(0.0, 1.0).with(self, "replacements", 50.0), 2),
            (free.clone(), 2),
            (free.defended(self, "floor"), 2),
        ]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![REPLACER]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let (replacements, first) = (setting.get("replacements"), 1.0 + setting.get("children"));
        let paid = first * f64::from(u32::try_from(first_rate(setting)).unwrap_or(u32::MAX)) + replacements;
        vec![
            Expected::theory("price", paid / (first + replacements)),
            Expected::theory("refused", 1.0),
            Expected::theory("carried", first + replacements),
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let simulation = trial.simulation().nodes(3).hash_rates([1, 0, 0]).spacing(SPACING).link(Link::lan());
        let simulation = simulation.hash_plan(MINER, [(Duration::ZERO, 0.0), (MINING_BEGINS, 1.0)]);
        let mut simulation = simulation.params(params(fixed_target(3, SPACING), setting)?);
        if setting.defence().is_some() {
            simulation = (0..3).fold(simulation, |simulation, node| simulation.min_fee_rate(node, 1));
        }
        let mut run = Replacing {
            rate: first_rate(setting),
            children: setting.whole("children"),
            left: setting.whole("replacements"),
            coin: None,
            last: None,
            sent: Vec::new(),
            fees: 0,
            carried: 0,
            refused: Vec::new(),
            paid: None,
        };
        trial.run(simulation, LOOK, |network| run.look(network))?;
        let (carried, paid) = (run.carried as f64, run.paid.unwrap_or_default() as f64);
        let outcome = Outcome::default().exact("carried", carried).exact("price", paid / carried / BYTES as f64);
        Ok(run.refused.iter().fold(outcome, |outcome, refused| outcome.happened("refused", *refused)))
    }
}

/// A payment that is being replaced.
struct Replacing {
    rate: u64,
    children: u64,
    /// Replacements that are not made yet.
    left: u64,
    /// The coin that all of them spend, once it is chosen.
    coin: Option<(OutPoint, Coin)>,
    /// The replacement that was made last.
    last: Option<Txid>,
    /// The payments that were sent last, until they are counted.
    sent: Vec<Txid>,
    /// The fees of what stands in the mempools, in grains.
    fees: u64,
    /// Payments that the witness had in its mempool.
    carried: u64,
    /// Of each replacement for 1 grain less, whether it was refused.
    refused: Vec<bool>,
    /// What the payment in the chain pays, in grains.
    paid: Option<u64>,
}

impl Replacing {
    /// Counts what the witness took, and sends the next replacement. Returns whether the last one is confirmed.
    fn look(&mut self, network: &mut Network) -> bool {
        let sent = std::mem::take(&mut self.sent);
        if let Some(node) = network.node(WITNESS) {
            self.carried += sent.iter().filter(|txid| node.mempool().contains(txid)).count() as u64;
        }
        match (self.coin, self.last) {
            (None, _) if network.now() < CONNECTED => {}
            (None, _) => self.begin(network),
            (Some(coin), _) if self.left > 0 => self.replace(network, coin),
            (Some(coin), Some(last)) => self.paid = fee_in_chain(network, &last, &coin.1),
            (Some(_), None) => {}
        }
        self.paid.is_some()
    }

    /// Sends the first payment and its descendants.
    fn begin(&mut self, network: &mut Network) {
        let key = wallet_key(REPLACER);
        let coins = network.node(REPLACER).and_then(|node| node.chain().coins_of(&key.public_key()).ok());
        let Some(first) = coins.and_then(|coins| coins.first().copied()) else { return };
        let fee = self.rate * BYTES;
        let mut coin = first;
        for _ in 0..=self.children {
            let Some(payment) = spend(network, coin, fee) else { return };
            let txid = payment.txid();
            let next = payment.outpoints(txid).next().map(|(outpoint, output)| (outpoint, *output));
            if !submit(network, payment) {
                return;
            }
            self.sent.push(txid);
            self.fees += fee;
            let Some((outpoint, output)) = next else { return };
            coin = (outpoint, Coin { output, coinbase_height: 0 });
        }
        self.coin = Some(first);
    }

    /// Sends the cheapest replacement, after one for 1 grain less.
    fn replace(&mut self, network: &mut Network, coin: (OutPoint, Coin)) {
        let required = self.fees + BYTES;
        self.left -= 1;
        self.refused.extend(spend(network, coin, required - 1).map(|cheaper| !submit(network, cheaper)));
        let Some(payment) = spend(network, coin, required) else { return };
        let txid = payment.txid();
        if submit(network, payment) {
            (self.fees, self.last) = (required, Some(txid));
            self.sent.push(txid);
        }
    }
}

/// Returns the payment of a coin to its owner, with one output.
fn spend(network: &Network, coin: (OutPoint, Coin), fee: u64) -> Option<Transaction> {
    let (params, key) = (network.node(REPLACER)?.chain().params(), wallet_key(REPLACER));
    let value = coin.1.output.value.checked_sub(Amount::from_grains(fee))?;
    let builder = TransactionBuilder::new(params).spend([coin]).fee(Amount::from_grains(fee));
    builder.pay(params.address(key.public_key()), value).sign(&key).ok()
}

/// Submits a payment to the replacer's node, and returns whether it was taken.
fn submit(network: &mut Network, payment: Transaction) -> bool {
    matches!(network.submit_transaction(REPLACER, payment), Ok(Ok(_)))
}

/// Returns the fee of a payment of one coin in the witness's chain, in grains.
fn fee_in_chain(network: &Network, txid: &Txid, coin: &Coin) -> Option<u64> {
    let chain = network.node(WITNESS)?.chain();
    let (hash, _) = chain.find_transaction(txid).ok()??;
    let block = chain.block(&hash).ok()??;
    let (_, payment) = block.transactions().find(|(id, _)| id == txid)?;
    let paid = payment.outputs.iter().map(|output| output.value.grains()).sum::<u64>();
    coin.output.value.grains().checked_sub(paid)
}
