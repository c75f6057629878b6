//! Builder of signed payments.

mod error;
mod fee;

pub use self::error::BuildError;
use self::fee::Fee;
use crate::{
    address::Address,
    amount::{Amount, FeeRate},
    keyed_map::KeyedSet,
    keys::{PublicKey, SecretKey},
    params::ChainParams,
    transaction::{OutPoint, Transaction, TxOut},
    utxo::Coin,
};

/// Builds a payment from coins of one owner.
///
/// Coin selection takes the offered coins in their order until they cover payments and fee. What remains is paid back
/// as change. There is no change output if nothing remains.
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
}

impl<'a> TransactionBuilder<'a> {
    /// Starts a payment without recipients and without a fee.
    pub const fn new(params: &'a ChainParams) -> Self {
        Self { params, offered: Vec::new(), pays: Vec::new(), change: None, fee: Fee::Rate(FeeRate::ZERO) }
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

    /// Sets the address for the change. By default it is that of the key that signs.
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

    /// Selects coins, adds change, and signs the payment.
    ///
    /// # Errors
    /// When funds are insufficient, a coin belongs to another key or is offered twice, or a payment is invalid; see
    /// [`BuildError`].
    pub fn sign(mut self, key: &SecretKey) -> Result<Transaction, BuildError> {
        let offered = std::mem::take(&mut self.offered);
        let targets = self.targets(key)?;
        let mut seen = KeyedSet::with_capacity_and_hasher(offered.len(), Default::default());
        if let Some((twice, _)) = offered.iter().find(|(outpoint, _)| !seen.insert(outpoint)) {
            return Err(BuildError::OfferedTwice(*twice));
        }
        self.spend_and_sign(offered, targets, key)
    }

    /// Signs a payment as [`sign`](Self::sign) does, from these coins, all of which differ, instead of the offered ones.
    /// It looks at no more of them than it spends.
    ///
    /// # Errors
    /// As for [`sign`](Self::sign).
    pub(crate) fn sign_from(
        self,
        coins: impl Iterator<Item = (OutPoint, Coin)>,
        key: &SecretKey,
    ) -> Result<Transaction, BuildError> {
        let targets = self.targets(key)?;
        self.spend_and_sign(coins, targets, key)
    }

    /// Returns where the money goes.
    fn targets(&self, key: &SecretKey) -> Result<Targets, BuildError> {
        let prefix = self.params.spec().address_prefix;
        let own = || Ok(key.public_key());
        let change_owner = self.change.map_or_else(own, |address| address.require(prefix).map(|to| to.owner()))?;
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

    fn spend_and_sign(
        self,
        coins: impl IntoIterator<Item = (OutPoint, Coin)>,
        Targets { outputs, paid, change_owner }: Targets,
        key: &SecretKey,
    ) -> Result<Transaction, BuildError> {
        let owner = key.public_key();
        let mut transaction =
            Transaction { version: Transaction::VERSION, inputs: Vec::new(), outputs, signatures: Vec::new() };
        let mut spent = Vec::new();
        let mut available = Amount::ZERO;
        let mut needed = paid.saturating_add(self.fee.of(transaction.size()));
        for (outpoint, coin) in coins {
            if available >= needed {
                break;
            }
            if coin.output.owner != owner {
                return Err(BuildError::NotOwned(outpoint));
            }
            available = available.saturating_add(coin.output.value);
            transaction.inputs.push(outpoint);
            spent.push(coin.output);
            needed = paid.saturating_add(self.fee.of(transaction.size()));
        }
        if available < needed || transaction.inputs.is_empty() {
            return Err(BuildError::InsufficientFunds { needed, available });
        }
        // the change output costs a fee too; a remainder that does not cover it goes to the miner
        let change = available.saturating_sub(needed).saturating_sub(self.fee.of_change());
        if change > Amount::ZERO {
            transaction.outputs.push(TxOut { value: change, owner: change_owner });
        }
        let (size, limit) = (transaction.size(), self.params.max_transaction_size());
        if size > limit {
            return Err(BuildError::TooLarge { size, limit });
        }
        transaction.sign_all(self.params.genesis_hash(), &spent, key);
        Ok(transaction)
    }
}

/// Where a payment's money goes.
struct Targets {
    outputs: Vec<TxOut>,
    /// Sum of the outputs.
    paid: Amount,
    change_owner: PublicKey,
}

#[cfg(test)]
mod tests;
