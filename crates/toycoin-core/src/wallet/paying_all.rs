//! Payments of all there is to one recipient: the whole balance, or many small coins made one.

use super::Wallet;
use crate::{
    address::Address,
    amount::{Amount, FeeRate},
    builder::{BuildError, TransactionBuilder, Unsigned},
    selection::SelectionError,
    transaction::{BASE_SIZE, INPUT_SIZE, OUTPUT_SIZE, OutPoint},
    utxo::Coin,
};

impl Wallet {
    /// Builds a payment of everything to one recipient, who gets all but the fee: there is no change. The recipient may
    /// be this wallet, which then has one coin in place of many.
    ///
    /// Without `coins`, it spends all [spendable](Self::spendable) coins that are worth more than the fee of their own
    /// input. If these are more than fit into one payment (999), it takes the largest ones. The inputs of the result
    /// say which; the others need a further payment. With `coins`, it spends exactly these, whatever they are worth.
    ///
    /// # Errors
    /// [`BuildError::InsufficientFunds`] if the coins are not worth more than the fee. [`BuildError::TooManyCoins`] if
    /// more coins are named than fit. [`BuildError::Unspendable`] and [`BuildError::OfferedTwice`] as for
    /// [`prepare_from`](Self::prepare_from). [`BuildError::Address`] if the address is for another network.
    pub fn prepare_all(
        &self,
        coins: Option<&[OutPoint]>,
        to: Address,
        fee_rate: FeeRate,
    ) -> Result<Unsigned, BuildError> {
        let to = to.require(self.params.spec().address_prefix)?;
        let limit = self.params.max_transaction_size();
        let most = limit.saturating_sub(BASE_SIZE + OUTPUT_SIZE) / INPUT_SIZE;
        let coins = match coins {
            Some(coins) => self.named(coins)?,
            None => {
                let mut coins = self.largest_above(fee_rate.fee(INPUT_SIZE));
                coins.truncate(usize::try_from(most).unwrap_or(usize::MAX));
                coins
            }
        };
        let count = coins.len() as u64;
        if count > most {
            return Err(BuildError::TooManyCoins(SelectionError::TooMany { most }));
        }
        let available: Amount = coins.iter().map(|(_, coin)| coin.output.value).sum();
        // a payment has at least one input
        let fee = fee_rate.fee(BASE_SIZE + OUTPUT_SIZE + INPUT_SIZE * count.max(1));
        match available.checked_sub(fee).filter(|paid| *paid > Amount::ZERO) {
            Some(paid) => TransactionBuilder::new(&self.params).pay(to, paid).fee(fee).spend_all().build_from(coins),
            None => {
                let needed = fee.saturating_add(Amount::from_grains(1));
                Err(BuildError::InsufficientFunds { needed, available })
            }
        }
    }

    /// Returns the spendable coins that are worth more than this, the largest first. Coins of the same value are in the
    /// order of their outpoints.
    pub(super) fn largest_above(&self, least: Amount) -> Vec<(OutPoint, Coin)> {
        let mut coins: Vec<_> = self.spendable().filter(|(_, coin)| coin.output.value > least).collect();
        coins.sort_unstable_by(|(one, of_one), (other, of_other)| {
            of_other.output.value.cmp(&of_one.output.value).then(one.cmp(other))
        });
        coins
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::test_scene::*;
    use crate::{
        Amount, BuildError, ChainParams, FeeRate, OutPoint, Unspendable, selection::SelectionError,
        test_util::classroom,
    };

    /// The recipient's owner has coins in no test, so no payment is to the wallet itself.
    const BOB: u32 = 6;

    fn grains_per_byte(grains: u64) -> FeeRate {
        FeeRate::grains_per_byte(grains)
    }

    #[test]
    fn everything_goes_to_the_recipient_but_the_fee() {
        let (mut ledger, mut wallet) = scene(3);
        let gift = ledger.payments().pay(0, 3, toycoins(7), Amount::ZERO).unwrap();
        mine(&mut ledger, &mut wallet, vec![gift], NOBODY);
        let unsigned = wallet.prepare_all(None, address(BOB), grains_per_byte(3)).unwrap();
        let fee = Amount::from_grains(3 * (16 + 2 * 100 + 40));
        assert_eq!((unsigned.fee(), unsigned.change()), (fee, None));
        assert_eq!(unsigned.transaction().outputs[0].value, toycoins(17).saturating_sub(fee));

        // the chain takes it, and nothing is left
        let payment = unsigned.sign(&Keys).unwrap();
        wallet.track(payment.clone());
        mine(&mut ledger, &mut wallet, vec![payment], NOBODY);
        assert_eq!(wallet.balance().total(), Amount::ZERO);
        let nothing = wallet.prepare_all(None, address(BOB), FeeRate::ZERO);
        let (needed, available) = (Amount::from_grains(1), Amount::ZERO);
        assert_eq!(nothing, Err(BuildError::InsufficientFunds { needed, available }));
    }

    #[test]
    fn the_largest_coins_go_if_not_all_fit() {
        let mut wallet = wallet(NOBODY);
        let values: Vec<_> = (1..=1_200).collect();
        let gift = give(&mut wallet, classroom::owner(NOBODY), &values);
        let unsigned = wallet.prepare_all(None, address(BOB), FeeRate::ZERO).unwrap();
        assert_eq!((unsigned.spent().len(), unsigned.transaction().size()), (999, 99_956));
        let least = unsigned.spent().iter().map(|coin| coin.value.grains()).min();
        assert_eq!(least, Some(1_200 - 998));
        let named: Vec<_> = (0..1_000).map(|vout| OutPoint { txid: gift, vout }).collect();
        let too_many = BuildError::TooManyCoins(SelectionError::TooMany { most: 999 });
        assert_eq!(wallet.prepare_all(Some(&named), address(BOB), FeeRate::ZERO), Err(too_many));
        assert_eq!(wallet.prepare_all(Some(&named[1..]), address(BOB), FeeRate::ZERO).unwrap().spent().len(), 999);
    }

    #[test]
    fn coins_that_cannot_be_sent_are_refused() {
        let mut wallet = wallet(NOBODY);
        let gift = give(&mut wallet, classroom::owner(NOBODY), &[100, 101]);
        let coin = |vout| OutPoint { txid: gift, vout };
        let all = |coins: Option<&[OutPoint]>, rate| wallet.prepare_all(coins, address(BOB), grains_per_byte(rate));
        // one of them is worth its own fee, and pays for no payment
        let (needed, available) = (Amount::from_grains(157), Amount::from_grains(101));
        assert_eq!(all(None, 1), Err(BuildError::InsufficientFunds { needed, available }));
        assert!(matches!(all(Some(&[]), 0), Err(BuildError::InsufficientFunds { .. })));
        assert!(matches!(all(None, u64::MAX), Err(BuildError::InsufficientFunds { .. })));
        assert_eq!(all(Some(&[coin(0), coin(0)]), 0), Err(BuildError::OfferedTwice(coin(0))));
        let unknown = BuildError::Unspendable { coin: coin(2), why: Unspendable::NotOwned };
        assert_eq!(all(Some(&[coin(2)]), 0), Err(unknown));
        let elsewhere = ChainParams::lab().address(classroom::owner(BOB));
        assert!(matches!(wallet.prepare_all(None, elsewhere, FeeRate::ZERO), Err(BuildError::Address(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_spent_is_paid_or_fee_to_the_grain(
            values in prop::collection::vec(1..5_000_u64, 0..40),
            rate in 0..20_u64,
            named in any::<bool>(),
        ) {
            let mut wallet = wallet(NOBODY);
            let gift = give(&mut wallet, classroom::owner(NOBODY), &values);
            let names: Vec<_> = (0..).zip(&values).map(|(vout, _)| OutPoint { txid: gift, vout }).collect();
            let result = wallet.prepare_all(named.then_some(&names[..]), address(BOB), grains_per_byte(rate));

            let taken: Vec<_> = values.iter().copied().filter(|value| named || *value > 100 * rate).collect();
            let fee = rate * (16 + 40 + 100 * taken.len().max(1) as u64);
            match taken.iter().sum::<u64>().checked_sub(fee).filter(|paid| *paid > 0) {
                Some(paid) => {
                    let unsigned = result.unwrap();
                    let transaction = unsigned.transaction();
                    prop_assert_eq!(transaction.inputs.len(), taken.len());
                    prop_assert_eq!(value(&wallet, &transaction.inputs).grains(), paid + fee);
                    prop_assert_eq!(unsigned.fee(), grains_per_byte(rate).fee(transaction.size()));
                    prop_assert_eq!(transaction.outputs.len(), 1);
                    prop_assert_eq!(transaction.outputs[0].value.grains(), paid);
                    prop_assert_eq!(transaction.outputs[0].owner, classroom::owner(BOB));
                }
                None => {
                    let is_refused = matches!(result, Err(BuildError::InsufficientFunds { .. }));
                    prop_assert!(is_refused);
                }
            }
        }
    }
}
