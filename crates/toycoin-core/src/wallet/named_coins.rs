//! Coins that the user names, instead of leaving the choice to the wallet.

use std::collections::BTreeSet;

use super::Wallet;
use crate::{
    builder::{BuildError, TransactionBuilder, Unsigned, Unspendable},
    transaction::OutPoint,
    utxo::Coin,
};

impl Wallet {
    /// Builds a payment as [`prepare`](Self::prepare) does, from exactly these coins: all of them are spent, whatever
    /// they are worth.
    ///
    /// The change of a pending payment can be named if the wallet [may](Self::spending_pending_change) spend it.
    ///
    /// # Errors
    /// [`BuildError::Unspendable`] with the first coin that cannot be spent, and why. [`BuildError::OfferedTwice`] if a
    /// coin is named twice. Otherwise as [`prepare`](Self::prepare).
    pub fn prepare_from(
        &self,
        coins: &[OutPoint],
        pays: impl Fn(TransactionBuilder<'_>) -> TransactionBuilder<'_>,
    ) -> Result<Unsigned, BuildError> {
        let named = self.named(coins)?;
        let builder = TransactionBuilder::new(&self.params).change_to(self.params.address(self.owners.change()));
        // last, since `pays` may choose otherwise
        pays(builder).spend_all().build_from(named)
    }

    /// Returns the coins with these names, in their order.
    ///
    /// # Errors
    /// If one of them cannot be spent, or is named twice.
    pub(super) fn named(&self, coins: &[OutPoint]) -> Result<Vec<(OutPoint, Coin)>, BuildError> {
        let mut names = BTreeSet::new();
        let named = |outpoint: &OutPoint| match names.insert(*outpoint) {
            true => Ok((*outpoint, self.free_coin(outpoint).map_err(|why| unspendable(outpoint, why))?)),
            false => Err(BuildError::OfferedTwice(*outpoint)),
        };
        coins.iter().map(named).collect()
    }

    /// Returns a coin of this wallet that a block or a pending payment created, also if a pending payment spends it.
    ///
    /// # Errors
    /// If the next block cannot spend it.
    pub(super) fn coin(&self, outpoint: &OutPoint) -> Result<Coin, BuildError> {
        self.look_up(outpoint).map_err(|why| unspendable(outpoint, why))
    }

    fn look_up(&self, outpoint: &OutPoint) -> Result<Coin, Unspendable> {
        match self.coins.get(outpoint) {
            Some((_, Some(by))) => Err(Unspendable::Spent { by }),
            Some((coin, None)) if !self.is_mature(&coin) => {
                Err(Unspendable::Immature { spendable_at: self.matures_at(&coin) })
            }
            Some((coin, None)) => Ok(coin),
            None => self.pending_coin(outpoint).ok_or(Unspendable::NotOwned),
        }
    }

    /// Returns a coin that no pending payment spends.
    fn free_coin(&self, outpoint: &OutPoint) -> Result<Coin, Unspendable> {
        let coin = self.look_up(outpoint)?;
        if let Some(by) = self.reserved.get(outpoint) {
            return Err(Unspendable::Reserved { by: *by });
        }
        let is_pending = self.coins.get(outpoint).is_none();
        if is_pending && !(self.spends_pending_change && self.may_build_upon(&outpoint.txid)) {
            return Err(Unspendable::Unconfirmed { payment: outpoint.txid });
        }
        Ok(coin)
    }
}

const fn unspendable(coin: &OutPoint, why: Unspendable) -> BuildError {
    BuildError::Unspendable { coin: *coin, why }
}

#[cfg(test)]
mod tests {
    use super::super::test_scene::*;
    use crate::{Amount, BuildError, FeeRate, OutPoint, Unspendable, test_util::classroom};

    #[test]
    fn exactly_the_named_coins_are_spent() {
        let mut wallet = wallet(3);
        let gift = give(&mut wallet, classroom::owner(3), &[100, 5_000, 30, 7_000]);
        let coins = [2, 0, 3].map(|vout| OutPoint { txid: gift, vout });
        // 7,130 grains in three coins: more than are needed, and two of them cost more than they are worth
        let unsigned = wallet
            .prepare_from(&coins, |builder| {
                let paying = builder.pay(address(1), Amount::from_grains(1_000));
                paying.fee_rate(FeeRate::grains_per_byte(2)).select([1; 32])
            })
            .unwrap();
        let mut spent = unsigned.transaction().inputs.clone();
        spent.sort_unstable();
        let mut named = coins.to_vec();
        named.sort_unstable();
        assert_eq!(spent, named);
        let fee = Amount::from_grains(2 * (16 + 300 + 80));
        assert_eq!(unsigned.fee(), fee);
        assert_eq!(unsigned.change().unwrap().value, Amount::from_grains(7_130 - 1_000 - fee.grains()));
    }

    #[test]
    fn named_coins_that_do_not_suffice_are_refused() {
        let mut wallet = wallet(3);
        let gift = give(&mut wallet, classroom::owner(3), &[100, 5_000]);
        let pay = |coins: &[OutPoint]| wallet.prepare_from(coins, |builder| builder.pay(address(1), toycoins(1)));
        for coins in [&[][..], &[OutPoint { txid: gift, vout: 1 }]] {
            assert!(matches!(pay(coins), Err(BuildError::InsufficientFunds { .. })), "{coins:?}");
        }
        let twice = OutPoint { txid: gift, vout: 0 };
        assert_eq!(pay(&[twice, twice]), Err(BuildError::OfferedTwice(twice)));
    }

    #[test]
    fn a_coin_that_cannot_be_spent_is_named_with_the_reason() {
        let (mut ledger, mut wallet) = scene(3);
        let [genesis] = wallet.spendable().map(|(outpoint, _)| outpoint).collect::<Vec<_>>()[..] else { panic!() };
        let first = wallet.pay(address(1), toycoins(4), FeeRate::ZERO).unwrap();
        let spends = |wallet: &super::Wallet, coin| {
            let result = wallet.prepare_from(&[coin], |builder| builder.pay(address(1), Amount::from_grains(1)));
            match result {
                Ok(_) => None,
                Err(BuildError::Unspendable { coin: named, why }) => {
                    assert_eq!(named, coin);
                    Some(why)
                }
                Err(other) => panic!("{other}"),
            }
        };
        let change = OutPoint { txid: first.txid(), vout: 1 };
        assert_eq!(spends(&wallet, genesis), Some(Unspendable::Reserved { by: first.txid() }));
        assert_eq!(spends(&wallet, change), Some(Unspendable::Unconfirmed { payment: first.txid() }));
        assert_eq!(spends(&wallet.clone().spending_pending_change(true), change), None);
        let theirs = OutPoint { txid: first.txid(), vout: 0 };
        assert_eq!(spends(&wallet, theirs), Some(Unspendable::NotOwned));

        let block = mine(&mut ledger, &mut wallet, vec![first.clone()], 3);
        assert_eq!(spends(&wallet, genesis), Some(Unspendable::Spent { by: first.txid() }));
        assert_eq!(spends(&wallet, change), None);
        let reward = OutPoint { txid: block.coinbase.txid(), vout: 0 };
        assert_eq!(spends(&wallet, reward), Some(Unspendable::Immature { spendable_at: 3 }));
        mine(&mut ledger, &mut wallet, vec![], NOBODY);
        assert_eq!(spends(&wallet, reward), None);
        for coin in [theirs, genesis] {
            let why = wallet.prepare_from(&[coin], |builder| builder).unwrap_err().to_string();
            assert!(why.starts_with(&format!("coin {coin} ")), "{why}");
        }
    }
}
