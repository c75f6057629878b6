//! A payment that is not signed yet.

use std::collections::BTreeSet;

use super::{BuildError, UnsignedError};
use crate::{
    amount::Amount,
    digest::{BlockHash, Sighash},
    signer::Signer,
    transaction::{Transaction, TxOut, sighash},
};

/// A payment without signatures, with the coins that it spends: all that a signer needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    genesis: BlockHash,
    transaction: Transaction,
    spent: Vec<TxOut>,
    has_change: bool,
}

impl Unsigned {
    /// `spent` are the coins in the order of the inputs; the change, if there is one, is the last output.
    pub(super) const fn new(genesis: BlockHash, transaction: Transaction, spent: Vec<TxOut>, has_change: bool) -> Self {
        Self { genesis, transaction, spent, has_change }
    }

    /// Puts a payment together that was prepared elsewhere, such as on a machine that has the chain and no keys.
    /// `genesis` is the network's genesis block, and `spent` are the coins in the order of the inputs.
    ///
    /// Nothing shows here that the coins are as they are said to be. But all signatures sign the value and the owner of
    /// each coin: if one of them is wrong, the signatures are invalid, and no block holds the payment. Which output is
    /// change is not signed, so [`change`](Self::change) is `None`; whoever signs knows his own owners.
    ///
    /// ```
    /// use toycoin_core::{Amount, ChainParams, FeeRate, SecretKey, Unsigned, wallet::{Owners, Wallet}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let params = ChainParams::lab();
    /// let key = SecretKey::classroom(0);
    /// let watching = Wallet::watching(params.clone(), Owners::new(key.public_key()));
    /// let bob = params.address(SecretKey::classroom(1).public_key());
    /// let prepared = watching.prepare(|builder| builder.pay(bob, Amount::from_grains(7)))?;
    ///
    /// // what is carried to the key
    /// let (transaction, spent) = (prepared.transaction().clone(), prepared.spent().to_vec());
    /// let carried = Unsigned::from_parts(params.genesis_hash(), transaction, spent)?;
    /// assert_eq!(carried.sighash(), prepared.sighash());
    /// assert_eq!(carried.sign(&key)?.signatures.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the transaction has signatures already, has not one coin per input, or breaks a rule that can be judged
    /// without a chain; see [`UnsignedError`].
    pub fn from_parts(genesis: BlockHash, transaction: Transaction, spent: Vec<TxOut>) -> Result<Self, UnsignedError> {
        let Transaction { version, inputs, outputs, signatures } = &transaction;
        if !signatures.is_empty() {
            return Err(UnsignedError::Signed);
        }
        if *version != Transaction::VERSION {
            return Err(UnsignedError::Version { found: *version });
        }
        if inputs.is_empty() || outputs.is_empty() {
            return Err(UnsignedError::Empty);
        }
        if inputs.len() != spent.len() {
            return Err(UnsignedError::CoinCount { inputs: inputs.len(), coins: spent.len() });
        }
        let size = transaction.size();
        if size > Transaction::MAX_SIZE {
            return Err(UnsignedError::TooLarge { size });
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = inputs.iter().find(|input| !seen.insert(**input)) {
            return Err(UnsignedError::SpentTwice(*twice));
        }
        let sum_of = |list: &[TxOut]| {
            let sum = Amount::sum_in_range(list.iter().map(|output| output.value));
            sum.filter(|_| list.iter().all(|output| output.value.is_coin_value())).ok_or(UnsignedError::OutOfRange)
        };
        if sum_of(outputs)? > sum_of(&spent)? {
            return Err(UnsignedError::Overspent);
        }
        Ok(Self { genesis, transaction, spent, has_change: false })
    }

    /// Returns the payment, which has no signatures. Its txid is that of the signed one.
    pub const fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// Returns the coins that it spends, in the order of the inputs.
    pub fn spent(&self) -> &[TxOut] {
        &self.spent
    }

    /// Returns the output that is the change; `None` if there is none, or it is not known.
    pub fn change(&self) -> Option<&TxOut> {
        self.transaction.outputs.last().filter(|_| self.has_change)
    }

    /// Returns what the miner gets.
    pub fn fee(&self) -> Amount {
        let sum = |outputs: &[TxOut]| outputs.iter().map(|output| output.value).sum::<Amount>();
        sum(&self.spent).saturating_sub(sum(&self.transaction.outputs))
    }

    /// Returns what all signatures sign.
    pub fn sighash(&self) -> Sighash {
        sighash(self.genesis, self.transaction.txid(), self.spent.iter().copied())
    }

    /// Signs the payment. Coins of one owner share a signature, since all signatures sign the same.
    ///
    /// # Errors
    /// [`BuildError::NotOwned`] if the signer has not the key of a coin's owner.
    pub fn sign(mut self, signer: &(impl Signer + ?Sized)) -> Result<Transaction, BuildError> {
        let sighash = self.sighash();
        let mut signatures = Vec::with_capacity(self.spent.len());
        // wallets of one key have many coins of it
        let mut last = None;
        for (coin, outpoint) in self.spent.iter().zip(&self.transaction.inputs) {
            let signature = match last {
                Some((owner, signature)) if owner == coin.owner => signature,
                _ => signer.sign(&coin.owner, &sighash).ok_or(BuildError::NotOwned(*outpoint))?,
            };
            last = Some((coin.owner, signature));
            signatures.push(signature);
        }
        self.transaction.signatures = signatures;
        Ok(self.transaction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        amount::FeeRate,
        keys::SecretKey,
        params::ChainParams,
        wallet::{Owners, Wallet},
    };

    fn prepared() -> Unsigned {
        let params = ChainParams::regtest();
        let wallet = Wallet::watching(params.clone(), Owners::new(SecretKey::classroom(0).public_key()));
        let to = params.address(SecretKey::classroom(1).public_key());
        let (amount, rate) = (Amount::from_grains(5), FeeRate::grains_per_byte(2));
        wallet.prepare(|builder| builder.pay(to, amount).fee_rate(rate)).unwrap()
    }

    fn carried(change: impl FnOnce(&mut Unsigned)) -> Result<Unsigned, UnsignedError> {
        let mut payment = prepared();
        change(&mut payment);
        Unsigned::from_parts(payment.genesis, payment.transaction, payment.spent)
    }

    #[test]
    fn parts_are_signed_as_the_payment_they_come_from() {
        let (key, payment) = (SecretKey::classroom(0), prepared());
        let carried = carried(|_| {}).unwrap();
        assert_eq!((carried.fee(), carried.change()), (payment.fee(), None));
        assert_eq!(carried.sign(&key), payment.sign(&key));
    }

    #[test]
    fn a_lie_about_a_coin_changes_what_is_signed() {
        let true_one = prepared().sighash();
        let less = |payment: &mut Unsigned| {
            payment.spent[0].value = payment.spent[0].value.saturating_sub(Amount::from_grains(1));
        };
        let less = carried(less).unwrap();
        let other = carried(|payment| payment.spent[0].owner = SecretKey::classroom(2).public_key()).unwrap();
        assert!(less.sighash() != true_one && other.sighash() != true_one);
    }

    #[test]
    fn refuses_parts_that_no_block_may_hold() {
        let error = |change: fn(&mut Unsigned)| carried(change).unwrap_err();
        let signed = |payment: &mut Unsigned| {
            payment.transaction.signatures = payment.clone().sign(&SecretKey::classroom(0)).unwrap().signatures;
        };
        assert_eq!(error(signed), UnsignedError::Signed);
        assert_eq!(error(|payment| payment.transaction.version = 2), UnsignedError::Version { found: 2 });
        assert_eq!(error(|payment| payment.transaction.outputs.clear()), UnsignedError::Empty);
        assert_eq!(error(|payment| payment.transaction.inputs.clear()), UnsignedError::Empty);
        let missing = UnsignedError::CoinCount { inputs: 1, coins: 0 };
        assert_eq!(error(|payment| payment.spent.clear()), missing);
        let twice = |payment: &mut Unsigned| {
            payment.transaction.inputs.extend(payment.transaction.inputs.clone());
            payment.spent.extend(payment.spent.clone());
        };
        assert_eq!(error(twice), UnsignedError::SpentTwice(prepared().transaction.inputs[0]));
        let outputs = |payment: &mut Unsigned| payment.transaction.outputs = vec![payment.spent[0]; 2_500];
        assert_eq!(error(outputs), UnsignedError::TooLarge { size: 16 + 100 + 40 * 2_500 });
    }

    #[test]
    fn refuses_amounts_out_of_range() {
        let most = Amount::MAX_MONEY.saturating_add(Amount::from_grains(1));
        for value in [Amount::ZERO, most, Amount::from_grains(u64::MAX)] {
            let output = carried(|payment| payment.transaction.outputs[0].value = value);
            let coin = carried(|payment| payment.spent[0].value = value);
            assert_eq!((output, coin), (Err(UnsignedError::OutOfRange), Err(UnsignedError::OutOfRange)), "{value}");
        }
        let sum = carried(|payment| payment.transaction.outputs[0].value = Amount::MAX_MONEY);
        assert_eq!(sum, Err(UnsignedError::OutOfRange), "with the change");
        let less = carried(|payment| payment.spent[0].value = Amount::from_grains(5));
        assert_eq!(less, Err(UnsignedError::Overspent));
    }
}
