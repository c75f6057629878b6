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
