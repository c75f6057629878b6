//! Builder of signed payments.

use thiserror::Error;

use crate::{
    address::{Address, AddressError},
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

/// The reason why a payment cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// An address is for another network.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// There is no recipient.
    #[error("a payment needs somebody to pay")]
    NothingToPay,
    /// An amount, or the sum of all payments, is zero or above the money limit.
    #[error("a payment is from 0.00000001 to 21000000 toycoins, all together")]
    OutOfRange,
    /// A coin is offered twice.
    #[error("coin {0} is offered twice")]
    OfferedTwice(OutPoint),
    /// A coin does not belong to the key that signs.
    #[error("coin {0} is not of the key that signs")]
    NotOwned(OutPoint),
    /// The payment is too large for any block, because of too many coins or recipients (rule R33).
    #[error(
        "payment too large: {size} bytes, a transaction has at most {limit}; split it, or spend fewer coins at a time"
    )]
    TooLarge {
        /// The payment's size by formula, in bytes.
        size: u64,
        /// The largest size that the network takes, in bytes.
        limit: u64,
    },
    /// Insufficient funds: the offered coins are worth less than payments and fee.
    #[error("insufficient funds: {needed} toycoins are needed, there are {available}")]
    InsufficientFunds {
        /// The sum of payments and fee.
        needed: Amount,
        /// The sum of the offered coins.
        available: Amount,
    },
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

/// What a payment pays its miner.
#[derive(Debug, Clone, Copy)]
enum Fee {
    Rate(FeeRate),
    Fixed(Amount),
}

impl Fee {
    /// Returns the fee of a payment of this size in bytes.
    const fn of(self, size: u64) -> Amount {
        match self {
            Self::Rate(rate) => rate.fee(size),
            Self::Fixed(fee) => fee,
        }
    }

    /// Returns by how much the fee grows with the output for the change, which has 40 bytes.
    const fn of_change(self) -> Amount {
        match self {
            Self::Rate(rate) => rate.fee(40),
            Self::Fixed(_) => Amount::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Chain;

    #[test]
    fn a_fixed_fee_does_not_depend_on_the_size() {
        let chain = Chain::in_memory(ChainParams::regtest());
        let (key, fee) = (SecretKey::classroom(0), Amount::from_grains(777));
        let builder = TransactionBuilder::new(chain.params()).spend(chain.coins_of(&key.public_key()).unwrap());
        let payment = builder.pay(chain.params().address(key.public_key()), Amount::from_grains(5)).fee(fee).sign(&key);
        let sum: Amount = payment.unwrap().outputs.iter().map(|output| output.value).sum();
        assert_eq!(sum, Amount::from_toycoins(100).unwrap().saturating_sub(fee));
    }

    fn pay(amount: Amount, to: u32) -> Result<Transaction, BuildError> {
        let chain = Chain::in_memory(ChainParams::regtest());
        let key = SecretKey::classroom(0);
        TransactionBuilder::new(chain.params())
            .spend(chain.coins_of(&key.public_key()).unwrap())
            .pay(chain.params().address(SecretKey::classroom(to).public_key()), amount)
            .sign(&key)
    }

    #[test]
    fn a_payment_to_oneself_does_not_lose_the_change() {
        let payment = pay(Amount::from_toycoins(30).unwrap(), 0).unwrap();
        let sum: Amount = payment.outputs.iter().map(|output| output.value).sum();
        assert_eq!(sum, Amount::from_toycoins(100).unwrap());
        assert_eq!(payment.outputs.len(), 2);
    }

    #[test]
    fn change_goes_where_it_is_wanted() {
        let chain = Chain::in_memory(ChainParams::regtest());
        let (key, [bob, savings]) = (SecretKey::classroom(0), [1, 2].map(|key| SecretKey::classroom(key).public_key()));
        let payment = TransactionBuilder::new(chain.params())
            .spend(chain.coins_of(&key.public_key()).unwrap())
            .pay(chain.params().address(bob), Amount::from_toycoins(30).unwrap())
            .change_to(chain.params().address(savings))
            .sign(&key)
            .unwrap();
        assert_eq!(payment.outputs.iter().map(|output| output.owner).collect::<Vec<_>>(), [bob, savings]);
    }

    #[test]
    fn no_change_is_no_output() {
        assert_eq!(pay(Amount::from_toycoins(100).unwrap(), 1).unwrap().outputs.len(), 1);
    }

    #[test]
    fn refuses_what_no_block_may_hold() {
        let (chain, key) = (Chain::in_memory(ChainParams::regtest()), SecretKey::classroom(0));
        let output = TxOut { value: Amount::from_grains(1), owner: key.public_key() };
        let coin = |vout| (OutPoint { txid: Default::default(), vout }, Coin { output, coinbase_height: 0 });
        let pay = |grains: u32| {
            TransactionBuilder::new(chain.params())
                .spend((0..grains).map(coin))
                .pay(chain.params().address(output.owner), Amount::from_grains(grains.into()))
                .sign(&key)
        };
        assert_eq!(pay(999).unwrap().size(), 99_956);
        assert_eq!(pay(1_000), Err(BuildError::TooLarge { size: 100_056, limit: 100_000 }));
    }

    #[test]
    fn refuses_a_coin_offered_twice() {
        let (chain, key) = (Chain::in_memory(ChainParams::regtest()), SecretKey::classroom(0));
        let coins = chain.coins_of(&key.public_key()).unwrap();
        let (twice, value) = (coins[0].0, coins[0].1.output.value);
        let pay = |amount: Amount| {
            TransactionBuilder::new(chain.params())
                .spend(coins.clone())
                .spend(coins.clone())
                .pay(chain.params().address(key.public_key()), amount)
                .sign(&key)
        };
        // refused even if one offer would be enough: a caller who offers a coin twice counts it twice
        for amount in [Amount::from_grains(1), value.saturating_add(value)] {
            assert_eq!(pay(amount), Err(BuildError::OfferedTwice(twice)));
        }
    }

    #[test]
    fn refuses_what_cannot_be_paid() {
        let hundred_and_one = Amount::from_toycoins(101).unwrap();
        assert!(matches!(pay(hundred_and_one, 1), Err(BuildError::InsufficientFunds { .. })));
        assert_eq!(pay(Amount::ZERO, 1), Err(BuildError::OutOfRange));
    }
}
