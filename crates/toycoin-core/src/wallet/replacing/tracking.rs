//! What becomes of a payment and its replacement, when a wallet tracks both.

use super::super::test_scene::*;
use crate::{
    Amount, Balance, FeeRate, Transaction, Txid,
    test_util::{TestLedger, classroom},
    wallet::{PaymentStatus, Wallet},
};

fn rate(grains: u64) -> FeeRate {
    FeeRate::grains_per_byte(grains)
}

/// Returns why a payment was rejected.
fn reason(wallet: &Wallet, payment: &Transaction) -> String {
    match status(wallet, payment) {
        PaymentStatus::Rejected { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn is_confirmed(wallet: &Wallet, payment: &Transaction) -> bool {
    matches!(status(wallet, payment), PaymentStatus::Confirmed { .. })
}

fn pending(wallet: &Wallet) -> Vec<Txid> {
    wallet.pending().map(|payment| payment.txid).collect()
}

/// Checks that a wallet's balance is that of the chain, and that pending payments reserve what they spend.
fn assert_balanced(ledger: &TestLedger, wallet: &Wallet) {
    let coins = ledger.coins_of(classroom::owner(3));
    let owned: Amount = coins.iter().map(|(_, coin)| coin.output.value).sum();
    assert_eq!(wallet.balance().total(), owned);
    let spends: Vec<_> = wallet.pending().flat_map(|payment| payment.transaction.inputs.clone()).collect();
    let reserved = coins.iter().filter(|(outpoint, _)| spends.contains(outpoint));
    assert_eq!(wallet.balance().reserved, reserved.map(|(_, coin)| coin.output.value).sum());
}

/// Tracks a payment and its replacement. Then a block confirms either of them, and leaves the chain again.
fn either_is_confirmed(replace: impl Fn(&Wallet, &Txid) -> crate::Unsigned) {
    let (ledger, mut wallet) = scene(3);
    let old = wallet.pay(address(6), toycoins(4), rate(1)).unwrap();
    let unsigned = replace(&wallet, &old.txid());
    let new = send(&mut wallet, unsigned);
    assert_eq!(reason(&wallet, &old), format!("it was replaced by {}", new.txid()));
    assert_eq!(pending(&wallet), [new.txid()]);
    assert_balanced(&ledger, &wallet);
    assert_eq!(wallet.spendable().count(), 0, "the coin is reserved for the new one");

    for (winner, loser) in [(&new, &old), (&old, &new)] {
        let (mut ledger, mut wallet) = (ledger.clone(), wallet.clone());
        let before = ledger.clone();
        let block = mine(&mut ledger, &mut wallet, vec![winner.clone()], NOBODY);
        assert!(is_confirmed(&wallet, winner) && is_rejected(&wallet, loser));
        assert!(reason(&wallet, loser).contains(&winner.txid().to_string()));
        assert_balanced(&ledger, &wallet);
        assert_eq!(wallet.balance().reserved, Amount::ZERO);

        wallet.disconnect(&block).unwrap();
        assert_eq!(pending(&wallet), [winner.txid()]);
        assert!(is_rejected(&wallet, loser));
        assert_balanced(&before, &wallet);

        // another branch may hold the other one
        let mut branch = before.clone();
        mine(&mut branch, &mut wallet, vec![loser.clone()], NOBODY);
        assert!(is_confirmed(&wallet, loser) && is_rejected(&wallet, winner));
        assert_balanced(&branch, &wallet);
    }
}

#[test]
fn a_bump_or_the_bumped_payment_is_confirmed() {
    either_is_confirmed(|wallet, txid| wallet.replace(txid, rate(3)).unwrap());
}

#[test]
fn a_cancel_or_the_cancelled_payment_is_confirmed() {
    either_is_confirmed(|wallet, txid| wallet.cancel(txid, None).unwrap());
}

#[test]
fn a_payment_is_bumped_again_and_again() {
    let (mut ledger, mut wallet) = scene(3);
    let mut all = vec![wallet.pay(address(6), toycoins(4), rate(1)).unwrap()];
    for grains in 2..5 {
        let unsigned = wallet.replace(&all.last().unwrap().txid(), rate(grains)).unwrap();
        all.push(send(&mut wallet, unsigned));
    }
    assert_eq!(pending(&wallet), [all[3].txid()]);
    for (old, by) in all.iter().zip(&all[1..]) {
        assert_eq!(reason(&wallet, old), format!("it was replaced by {}", by.txid()));
    }
    // one that was replaced twice
    mine(&mut ledger, &mut wallet, vec![all[1].clone()], NOBODY);
    assert!(is_confirmed(&wallet, &all[1]) && wallet.pending().count() == 0);
    assert_balanced(&ledger, &wallet);
}

#[test]
fn replacing_the_first_of_three_replaces_all() {
    let (mut ledger, wallet) = scene(3);
    let mut wallet = wallet.spending_pending_change(true);
    let [first, second, third] = [1, 2, 3].map(|sum| wallet.pay(address(6), toycoins(sum), rate(1)).unwrap());
    assert!(wallet.payment(&third.txid()).unwrap().spends_from(&second.txid()));
    let unsigned = wallet.replace(&first.txid(), rate(2)).unwrap();
    let new = send(&mut wallet, unsigned);
    assert_eq!(pending(&wallet), [new.txid()]);
    for old in [&first, &second, &third] {
        assert!(reason(&wallet, old).contains(&format!("replaced by {}", new.txid())), "{}", reason(&wallet, old));
    }
    let change = wallet.balance().pending_change;
    assert_eq!(change, new.outputs[1].value, "the others have no change any more");

    let (genesis, mut of_new) = (ledger.clone(), (ledger.clone(), wallet.clone()));
    mine(&mut of_new.0, &mut of_new.1, vec![new.clone()], NOBODY);
    assert!(is_confirmed(&of_new.1, &new) && of_new.1.pending().count() == 0);
    assert_balanced(&of_new.0, &of_new.1);

    // a block holds the first two of the old ones after all
    let block = mine(&mut ledger, &mut wallet, vec![first.clone(), second.clone()], NOBODY);
    assert!(is_confirmed(&wallet, &first) && is_confirmed(&wallet, &second));
    assert!(is_rejected(&wallet, &new) && is_rejected(&wallet, &third));
    assert_balanced(&ledger, &wallet);
    wallet.disconnect(&block).unwrap();
    assert_eq!(pending(&wallet), [first.txid(), second.txid()]);
    assert_balanced(&genesis, &wallet);
    // and the other branch the new one
    let mut branch = genesis;
    mine(&mut branch, &mut wallet, vec![new.clone()], NOBODY);
    assert!(is_confirmed(&wallet, &new) && is_rejected(&wallet, &first) && is_rejected(&wallet, &second));
    assert_balanced(&branch, &wallet);
}

#[test]
fn coins_that_a_bump_added_are_free_if_it_loses() {
    let (mut ledger, mut wallet) = scene(3);
    let gift = ledger.payments().pay(0, 3, toycoins(2), Amount::ZERO).unwrap();
    mine(&mut ledger, &mut wallet, vec![gift], NOBODY);
    let fee = Amount::from_grains(156);
    let coin = wallet.spendable().find(|(_, coin)| coin.output.value == toycoins(10)).unwrap().0;
    let old = pay_from(&mut wallet, &[coin], toycoins(10).saturating_sub(fee).grains(), 1);
    let unsigned = wallet.replace(&old.txid(), rate(2)).unwrap();
    let new = send(&mut wallet, unsigned);
    assert_eq!((new.inputs.len(), wallet.spendable().count()), (2, 0));
    let block = mine(&mut ledger, &mut wallet, vec![old.clone()], NOBODY);
    assert_eq!(wallet.balance(), Balance { available: toycoins(2), ..Balance::default() });
    // the coin is spent elsewhere; the old one returns, and the new one wins
    let other = wallet.pay(address(5), toycoins(1), rate(1)).unwrap();
    wallet.disconnect(&block).unwrap();
    assert_eq!(pending(&wallet), [old.txid(), other.txid()]);
    let mut branch = TestLedger::new(ledger.params().clone());
    branch.extend(ledger.blocks()[1].transactions.clone(), classroom::owner(NOBODY));
    mine(&mut branch, &mut wallet, vec![new.clone()], NOBODY);
    assert!(is_confirmed(&wallet, &new) && is_rejected(&wallet, &old) && is_rejected(&wallet, &other));
    assert_balanced(&branch, &wallet);
}
