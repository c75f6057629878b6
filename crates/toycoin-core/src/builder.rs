//! Builder of signed payments.

mod error;
mod fee;
mod unsigned;
mod unsigned_error;
mod unspendable;

use std::collections::BTreeMap;

pub(crate) use self::fee::Fee;
pub use self::{error::BuildError, unsigned::Unsigned, unsigned_error::UnsignedError, unspendable::Unspendable};
use crate::{
    address::Address,
    amount::{Amount, FeeRate},
    keyed_map::KeyedSet,
    keys::{PublicKey, SecretKey},
    params::ChainParams,
    selection::{Goal, select, select_all},
    transaction::{BASE_SIZE, INPUT_SIZE, OUTPUT_SIZE, OutPoint, Transaction, TxOut},
    utxo::Coin,
};

/// Builds a payment from coins of one owner.
///
/// It takes the offered coins in their order until they cover payments and fee, or [selects](Self::select) among them.
/// What remains is paid back as change. There is no change output if nothing remains.
///
/// ```
/// use toycoin_core::{Amount, Chain, ChainParams, FeeRate, SecretKey, TransactionBuilder};
///
/// let chain = Chain::in_memory(ChainParams::lab());
/// let (alice, bob) = (SecretKey::classroom(0), SecretKey::classroom(1));
/// let payment = TransactionBuilder::new(chain.params())
///     .spend(chain.coins_of(&alice.public_key())?)
///     .pay(chain.params().address(bob.public_key()), Amount::from_toycoins(3)?)
///     .fee_rate(FeeRate::grains_per_byte(1))
///     .sign(&alice)?;
/// assert_eq!(payment.outputs[1].value, "96.99999804".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TransactionBuilder<'a> {
    params: &'a ChainParams,
    offered: Vec<(OutPoint, Coin)>,
    pays: Vec<(Address, Amount)>,
    change: Option<Address>,
    fee: Fee,
    choice: Choice,
}

/// How coins are chosen from those offered.
#[derive(Debug, Clone, Copy)]
enum Choice {
    /// In their order, as many as are needed.
    InOrder,
    /// As [`select`] does with this seed.
    Selected([u8; 32]),
    /// All of them.
    All,
}

impl<'a> TransactionBuilder<'a> {
    /// Starts a payment without recipients and without a fee.
    pub const fn new(params: &'a ChainParams) -> Self {
        Self {
            params,
            offered: Vec::new(),
            pays: Vec::new(),
            change: None,
            fee: Fee::Rate(FeeRate::ZERO),
            choice: Choice::InOrder,
        }
    }

    /// Offers coins, which must be mature. They are spent in this order, as far as they are needed.
    #[must_use]
    pub fn spend(mut self, coins: impl IntoIterator<Item = (OutPoint, Coin)>) -> Self {
        self.offered.extend(coins);
        self
    }

    /// Adds a payment to an address.
    #[must_use]
    pub fn pay(mut self, address: Address, amount: Amount) -> Self {
        self.pays.push((address, amount));
        self
    }

    /// Sets the address for the change. By default it is that of the first coin that is spent.
    #[must_use]
    pub const fn change_to(mut self, address: Address) -> Self {
        self.change = Some(address);
        self
    }

    /// Sets the fee rate.
    #[must_use]
    pub const fn fee_rate(mut self, rate: FeeRate) -> Self {
        self.fee = Fee::Rate(rate);
        self
    }

    /// Sets the fee itself, whatever the size of the payment, in place of a rate.
    #[must_use]
    pub const fn fee(mut self, fee: Amount) -> Self {
        self.fee = Fee::Fixed(fee);
        self
    }

    /// Chooses among the offered coins with little waste, whatever their order is ([`selection`](crate::selection)). The
    /// same coins, payment and seed give the same choice. Change that costs more than it is worth goes to the miner.
    #[must_use]
    pub const fn select(mut self, seed: [u8; 32]) -> Self {
        self.choice = Choice::Selected(seed);
        self
    }

    /// Spends all coins that are offered, also those that are not needed.
    #[must_use]
    pub const fn spend_all(mut self) -> Self {
        self.choice = Choice::All;
        self
    }

    /// Chooses coins, adds change, and signs the payment.
    ///
    /// # Errors
    /// When funds are insufficient, a coin belongs to another key or is offered twice, or a payment is invalid; see
    /// [`BuildError`].
    pub fn sign(self, key: &SecretKey) -> Result<Transaction, BuildError> {
        self.build()?.sign(key)
    }

    /// Chooses coins and adds change. The coins may be of several owners.
    ///
    /// # Errors
    /// As for [`sign`](Self::sign), except that nobody has to own the coins.
    pub fn build(mut self) -> Result<Unsigned, BuildError> {
        let offered = std::mem::take(&mut self.offered);
        let mut seen = KeyedSet::with_capacity_and_hasher(offered.len(), Default::default());
        if let Some((twice, _)) = offered.iter().find(|(outpoint, _)| !seen.insert(outpoint)) {
            return Err(BuildError::OfferedTwice(*twice));
        }
        self.build_from(offered)
    }

    /// Builds a payment as [`build`](Self::build) does, from these coins, all of which differ, instead of the offered
    /// ones. In their order, it looks at no more of them than it spends.
    ///
    /// # Errors
    /// As for [`build`](Self::build).
    pub(crate) fn build_from(self, coins: impl IntoIterator<Item = (OutPoint, Coin)>) -> Result<Unsigned, BuildError> {
        let targets = self.targets()?;
        let coins = coins.into_iter().map(|(outpoint, coin)| (outpoint, coin.output));
        let Chosen { coins, change } = match self.choice {
            Choice::InOrder => self.in_order(coins, &targets)?,
            Choice::Selected(_) | Choice::All => self.selected(&coins.collect::<Vec<_>>(), &targets)?,
        };
        let (inputs, spent): (_, Vec<TxOut>) = coins.into_iter().unzip();
        let mut transaction =
            Transaction { version: Transaction::VERSION, inputs, outputs: targets.outputs, signatures: Vec::new() };
        let change_owner = targets.change_owner.or_else(|| spent.first().map(|coin| coin.owner));
        let change = change_owner.filter(|_| change > Amount::ZERO).map(|owner| TxOut { value: change, owner });
        transaction.outputs.extend(change);
        let (size, limit) = (transaction.size(), self.params.max_transaction_size());
        if size > limit {
            return Err(BuildError::TooLarge { size, limit });
        }
        Ok(Unsigned::new(self.params.genesis_hash(), transaction, spent, change.is_some()))
    }

    /// Returns where the money goes.
    fn targets(&self) -> Result<Targets, BuildError> {
        let prefix = self.params.spec().address_prefix;
        let change_owner = self.change.map(|address| address.require(prefix).map(|to| to.owner())).transpose()?;
        let mut outputs = Vec::with_capacity(self.pays.len() + 1);
        for (address, value) in &self.pays {
            let owner = address.require(prefix)?.owner();
            if !value.is_coin_value() {
                return Err(BuildError::OutOfRange);
            }
            outputs.push(TxOut { value: *value, owner });
        }
        if outputs.is_empty() {
            return Err(BuildError::NothingToPay);
        }
        let paid = Amount::sum_in_range(outputs.iter().map(|output| output.value)).ok_or(BuildError::OutOfRange)?;
        Ok(Targets { outputs, paid, change_owner })
    }

    /// Takes coins in their order until they are enough. It looks at no more of them than it takes.
    fn in_order(
        &self,
        coins: impl Iterator<Item = (OutPoint, TxOut)>,
        targets: &Targets,
    ) -> Result<Chosen, BuildError> {
        let mut chosen = Vec::new();
        let mut available = Amount::ZERO;
        let needed = |coins: usize| targets.paid.saturating_add(self.fee.of(targets.size(coins)));
        for coin in coins {
            if available >= needed(chosen.len()) {
                break;
            }
            available = available.saturating_add(coin.1.value);
            chosen.push(coin);
        }
        let needed = needed(chosen.len());
        if available < needed || chosen.is_empty() {
            return Err(BuildError::InsufficientFunds { needed, available });
        }
        // the change output costs a fee too; a remainder that does not cover it goes to the miner
        let change = available.saturating_sub(needed).saturating_sub(self.fee.of_more(OUTPUT_SIZE));
        Ok(Chosen { coins: chosen, change })
    }

    /// Takes the coins that selection chooses.
    fn selected(&self, coins: &[(OutPoint, TxOut)], targets: &Targets) -> Result<Chosen, BuildError> {
        let goal = Goal::new(targets.paid, targets.outputs.len() as u64, FeeRate::ZERO);
        let goal = goal.with_fee_of(self.fee).with_max_size(self.params.max_transaction_size());
        let values: Vec<_> = coins.iter().map(|(outpoint, output)| (*outpoint, output.value)).collect();
        let selected = match self.choice {
            Choice::Selected(seed) => select(&values, &goal, targets.lots(&seed))?,
            Choice::InOrder | Choice::All => select_all(&values, &goal)?,
        };
        let owner_of: BTreeMap<_, _> = coins.iter().map(|(outpoint, output)| (*outpoint, output.owner)).collect();
        let output = |(outpoint, value)| Some((outpoint, TxOut { value, owner: *owner_of.get(&outpoint)? }));
        let coins = selected.coins.into_iter().filter_map(output).collect();
        Ok(Chosen { coins, change: selected.change.unwrap_or_default() })
    }
}

/// Coins that a payment spends, with its change; zero if there is none.
struct Chosen {
    coins: Vec<(OutPoint, TxOut)>,
    change: Amount,
}

/// Where a payment's money goes.
struct Targets {
    outputs: Vec<TxOut>,
    /// Sum of the outputs.
    paid: Amount,
    /// Whom change is paid to; `None` if that depends on the coins.
    change_owner: Option<PublicKey>,
}

impl Targets {
    /// Returns the seed of this payment's draw: another payment draws other lots.
    fn lots(&self, seed: &[u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(seed);
        for output in &self.outputs {
            hasher.update(&output.value.grains().to_le_bytes()).update(output.owner.as_bytes());
        }
        hasher.finalize().into()
    }

    /// Returns the size of the payment without change, in bytes by formula.
    const fn size(&self, coins: usize) -> u64 {
        BASE_SIZE + INPUT_SIZE * coins as u64 + OUTPUT_SIZE * self.outputs.len() as u64
    }
}

#[cfg(test)]
mod tests;
