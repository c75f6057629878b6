use super::super::test_scene::*;
use crate::{
    Amount, BuildError, ChainParams, FeeRate, OutPoint, Txid, Unspendable,
    selection::SelectionError,
    test_util::classroom,
    wallet::{Owners, ReplaceError, Wallet},
};

fn rate(grains: u64) -> FeeRate {
    FeeRate::grains_per_byte(grains)
}

/// Returns a wallet with coins of these values, and their names.
fn wallet_with(grains: &[u64]) -> (Wallet, Vec<OutPoint>) {
    let mut wallet = wallet(NOBODY);
    let txid = give(&mut wallet, classroom::owner(NOBODY), grains);
    let coins = (0..).zip(grains).map(|(vout, _)| OutPoint { txid, vout }).collect();
    (wallet, coins)
}

fn values(outputs: &[crate::TxOut]) -> Vec<u64> {
    outputs.iter().map(|output| output.value.grains()).collect()
}

#[test]
fn the_change_pays_for_a_bump() {
    let mut wallet = wallet(3);
    let old = wallet.pay(address(6), toycoins(4), rate(1)).unwrap();
    let new = wallet.replace(&old.txid(), rate(5)).unwrap();
    assert_eq!(new.transaction().inputs, old.inputs);
    assert_eq!(new.transaction().outputs[0], old.outputs[0]);
    assert_eq!((new.fee(), new.change().unwrap().owner), (rate(5).fee(196), classroom::owner(3)));
    assert_eq!(new.change().unwrap().value, toycoins(6).saturating_sub(new.fee()));
    assert_eq!(wallet.pending().count(), 1, "nothing is replaced before it is tracked");
}

#[test]
fn coins_are_added_only_if_the_change_does_not_suffice() {
    let (mut wallet, coins) = wallet_with(&[10_000, 2_100, 3_000, 400]);
    let old = pay_from(&mut wallet, &coins[..1], 9_000, 2);
    assert_eq!(values(&old.outputs), [9_000, 608]);
    let bump = |grains| wallet.replace(&old.txid(), rate(grains)).unwrap();

    assert_eq!((bump(3).fee(), values(&bump(3).transaction().outputs)), (rate(3).fee(196), vec![9_000, 412]));
    // change of 216 grains would cost 400 to spend
    assert_eq!((bump(4).transaction().inputs.len(), values(&bump(4).transaction().outputs)), (1, vec![9_000]));
    assert_eq!((bump(6).transaction().inputs.len(), bump(6).fee().grains()), (1, 1_000));
    // the largest of the others
    assert_eq!(bump(7).transaction().inputs, [coins[0], coins[2]]);
    assert_eq!(values(&bump(7).transaction().outputs), [9_000, 13_000 - 9_000 - 7 * 296]);
    // the coin of 400 grains does not pay for itself
    let needed = Amount::from_grains(9_000 + 20 * (16 + 300 + 40));
    let available = Amount::from_grains(15_100);
    assert_eq!(wallet.replace(&old.txid(), rate(20)), Err(ReplaceError::InsufficientFunds { needed, available }));
}

#[test]
fn a_rate_that_is_not_higher_is_refused() {
    let mut wallet = wallet(3);
    let old = wallet.pay_with_fee(address(6), toycoins(4), Amount::from_grains(1_000)).unwrap();
    // 1,000 grains for 196 bytes
    let too_low = |asked| Err(ReplaceError::RateTooLow { asked, least: rate(6) });
    assert_eq!(wallet.replace(&old.txid(), rate(5)), too_low(rate(5)));
    assert_eq!(wallet.replace(&old.txid(), FeeRate::ZERO), too_low(FeeRate::ZERO));
    let least = wallet.replace(&old.txid(), rate(6)).unwrap();
    assert_eq!(least.fee().grains(), 1_000 + 196, "6 grains per byte are less than the rule wants");
    let free = wallet.replace(&old.txid(), rate(u64::MAX));
    assert!(matches!(free, Err(ReplaceError::InsufficientFunds { .. })));
}

#[test]
fn a_bump_pays_for_what_spends_from_the_payment() {
    let mut wallet = wallet(3).spending_pending_change(true);
    let [first, second, third] = [1, 2, 3].map(|sum| wallet.pay(address(6), toycoins(sum), rate(sum)).unwrap());
    let fees = |wallet: &Wallet, txids: &[Txid]| -> Amount {
        txids.iter().map(|txid| wallet.payment(txid).unwrap().fee).sum()
    };
    let replaced = fees(&wallet, &[first.txid(), second.txid(), third.txid()]);
    let new = wallet.replace(&first.txid(), rate(2)).unwrap();
    assert_eq!(new.fee(), replaced.saturating_add(Amount::from_grains(196)));
    assert_eq!(new.transaction().inputs, first.inputs);
    // the last one has nobody after it
    let new = wallet.replace(&third.txid(), rate(4)).unwrap();
    assert_eq!((new.fee(), &new.transaction().inputs), (rate(4).fee(196), &third.inputs));
    let cancel = wallet.cancel(&second.txid(), None).unwrap();
    let replaced = fees(&wallet, &[second.txid(), third.txid()]);
    assert_eq!(cancel.fee(), replaced.saturating_add(Amount::from_grains(156)));
}

#[test]
fn pending_change_is_not_added_to_a_bump() {
    let (wallet, coins) = wallet_with(&[50_000, 10_000]);
    let mut wallet = wallet.spending_pending_change(true);
    pay_from(&mut wallet, &coins[..1], 1_000, 1);
    let old = pay_from(&mut wallet, &coins[1..], 9_750, 1);
    assert!(wallet.pending_change().count() == 1 && old.outputs.len() == 1);
    let result = wallet.replace(&old.txid(), rate(5));
    assert!(matches!(result, Err(ReplaceError::InsufficientFunds { available, .. }) if available.grains() == 10_000));
}

#[test]
fn all_recipients_are_paid_again_in_their_order() {
    let (mut wallet, coins) = wallet_with(&[10_000]);
    let unsigned = wallet.prepare_from(&coins, |builder| {
        let builder = builder.pay(address(6), Amount::from_grains(100)).pay(address(5), Amount::from_grains(3_000));
        builder.pay(address(6), Amount::from_grains(200)).fee_rate(rate(2))
    });
    let old = send(&mut wallet, unsigned.unwrap());
    let new = wallet.replace(&old.txid(), rate(3)).unwrap();
    assert_eq!(new.transaction().outputs[..3], old.outputs[..3]);
    assert_eq!(new.fee(), rate(3).fee(old.size()));
}

#[test]
fn a_payment_to_oneself_keeps_all_outputs_but_the_last() {
    let mut wallet = wallet(3);
    let old = wallet.pay(address(3), toycoins(4), rate(1)).unwrap();
    let new = wallet.replace(&old.txid(), rate(2)).unwrap();
    let sum = toycoins(6).saturating_sub(rate(2).fee(196));
    assert_eq!(values(&new.transaction().outputs), [toycoins(4).grains(), sum.grains()]);
    assert!(new.change().is_some());

    wallet.reject(&old.txid(), "asked to");
    let all = wallet.prepare_all(None, address(3), rate(1)).unwrap();
    let old = send(&mut wallet, all);
    let new = wallet.replace(&old.txid(), rate(9)).unwrap();
    let sum = toycoins(10).saturating_sub(rate(9).fee(156));
    assert_eq!(values(&new.transaction().outputs), [sum.grains()]);
    assert_eq!(new.transaction().outputs[0].owner, classroom::owner(3));
}

#[test]
fn change_stays_with_the_owner_who_had_it() {
    let owners = Owners::new(classroom::owner(3)).with_change(classroom::owner(NOBODY));
    let mut wallet = Wallet::watching(ChainParams::regtest(), owners);
    let unsigned = wallet.prepare(|builder| builder.pay(address(6), toycoins(4)).fee_rate(rate(1))).unwrap();
    let old = send(&mut wallet, unsigned);
    wallet.add_owners(Owners::new(classroom::owner(3)).with_change(classroom::owner(5)));
    let new = wallet.replace(&old.txid(), rate(2)).unwrap();
    assert_eq!(new.change().unwrap().owner, classroom::owner(NOBODY));
    let cancel = wallet.cancel(&old.txid(), None).unwrap();
    assert_eq!(cancel.transaction().outputs[0].owner, classroom::owner(5), "coins come back to a new owner");
}

#[test]
fn a_cancel_brings_the_coins_back_for_the_least_fee() {
    let mut wallet = wallet(3);
    let old = wallet.pay_with_fee(address(6), toycoins(4), Amount::from_grains(1_000)).unwrap();
    let back = |asked| {
        let unsigned = wallet.cancel(&old.txid(), asked).unwrap();
        assert_eq!((unsigned.transaction().outputs.len(), &unsigned.transaction().inputs), (1, &old.inputs));
        assert_eq!(unsigned.transaction().outputs[0].owner, classroom::owner(3));
        unsigned.fee()
    };
    let least = Amount::from_grains(1_000 + 156);
    assert_eq!(back(None), least);
    assert_eq!(back(Some(rate(7))), least, "1,092 grains are not enough");
    assert_eq!(back(Some(rate(8))), rate(8).fee(156));
}

#[test]
fn a_cancel_adds_coins_if_nothing_would_come_back() {
    let (mut wallet, coins) = wallet_with(&[2_000, 700, 101, 100]);
    let old = pay_from(&mut wallet, &coins[..1], 100, 11);
    assert_eq!(wallet.payment(&old.txid()).unwrap().fee.grains(), 1_900);
    let new = wallet.cancel(&old.txid(), None).unwrap();
    assert_eq!(new.transaction().inputs, coins[..2]);
    assert_eq!((new.fee().grains(), values(&new.transaction().outputs)), (1_900 + 256, vec![544]));
}

#[test]
fn only_pending_payments_are_replaced() {
    let (mut ledger, mut wallet) = scene(3);
    let unknown = Txid::default();
    assert_eq!(wallet.replace(&unknown, rate(1)), Err(ReplaceError::Unknown(unknown)));
    assert_eq!(wallet.cancel(&unknown, None), Err(ReplaceError::Unknown(unknown)));
    let old = wallet.pay(address(6), toycoins(4), FeeRate::ZERO).unwrap();
    let txid = old.txid();
    wallet.reject(&txid, "the mempool is full");
    let rejected = ReplaceError::Rejected { txid, reason: "the mempool is full".into() };
    assert_eq!(wallet.replace(&txid, rate(1)), Err(rejected.clone()));
    assert_eq!(wallet.cancel(&txid, None), Err(rejected));
    mine(&mut ledger, &mut wallet, vec![old], NOBODY);
    assert_eq!(wallet.replace(&txid, rate(1)), Err(ReplaceError::Confirmed { txid, height: 1 }));
    assert_eq!(wallet.cancel(&txid, None), Err(ReplaceError::Confirmed { txid, height: 1 }));
}

#[test]
fn a_bump_that_needs_too_many_coins_is_refused() {
    let (mut wallet, coins) = wallet_with(&[1_000; 1_000]);
    let all = wallet.prepare_all(Some(&coins[..999]), address(6), rate(1)).unwrap();
    let old = send(&mut wallet, all);
    let too_many = BuildError::TooManyCoins(SelectionError::TooMany { most: 999 });
    assert_eq!(wallet.replace(&old.txid(), rate(2)), Err(too_many.into()));
    // nothing is added to take them back
    assert_eq!(wallet.cancel(&old.txid(), None).unwrap().fee().grains(), 2 * 99_956);
}

#[test]
fn a_bump_of_a_lost_coin_is_refused() {
    let (mut wallet, coins) = wallet_with(&[5_000]);
    let theirs = OutPoint { vout: 9, ..coins[0] };
    let mut odd = pay_from(&mut wallet, &coins, 1_000, 1);
    odd.inputs.push(theirs);
    wallet.track(odd.clone());
    let lost = BuildError::Unspendable { coin: theirs, why: Unspendable::NotOwned };
    assert_eq!(wallet.replace(&odd.txid(), rate(50)), Err(lost.into()));
}

#[test]
fn a_cancel_leaves_out_a_coin_that_is_gone() {
    let (wallet, coins) = wallet_with(&[5_000, 7_000]);
    let mut wallet = wallet.spending_pending_change(true);
    let theirs = OutPoint { vout: 9, ..coins[0] };
    let mut odd = pay_from(&mut wallet, &coins[..1], 1_000, 1);
    let change = OutPoint { txid: odd.txid(), vout: 1 };
    assert!(wallet.pending_change().any(|(outpoint, _)| outpoint == change));
    assert!(wallet.reject(&odd.txid(), "another one is made of it"));
    odd.inputs.push(theirs);
    wallet.track(odd.clone());
    assert_eq!(wallet.pending_change().count(), 0, "perhaps it is never confirmed");
    let cancel = wallet.cancel(&odd.txid(), None).unwrap();
    assert_eq!(cancel.transaction().inputs, coins[..1]);
    wallet.track(cancel.sign(&Keys).unwrap());
    assert!(is_rejected(&wallet, &odd));
    // nothing is left that could be brought back
    odd.inputs = vec![theirs];
    wallet.track(odd.clone());
    let lost = BuildError::Unspendable { coin: theirs, why: Unspendable::NotOwned };
    assert_eq!(wallet.cancel(&odd.txid(), None), Err(lost.into()));
}
