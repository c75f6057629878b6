use super::{test_scene::*, *};
use crate::{amount::FeeRate, builder::BuildError, test_util::classroom};

#[test]
fn spends_what_fits_and_the_same_again() {
    let (mut ledger, mut wallet) = scene(3);
    let gift = ledger.payments().pay(0, 3, toycoins(7), Amount::ZERO).unwrap();
    mine(&mut ledger, &mut wallet, vec![gift.clone()], NOBODY);
    let exact = wallet.pay(address(1), toycoins(7), FeeRate::ZERO).unwrap();
    assert_eq!((&exact.inputs[..], exact.outputs.len()), (&[OutPoint { txid: gift.txid(), vout: 0 }][..], 1));
    wallet.reject(&exact.txid(), "asked to");
    let again = wallet.pay(address(1), toycoins(7), FeeRate::ZERO).unwrap();
    assert_eq!(again, exact);
}

#[test]
fn gives_change_but_none_of_nothing() {
    let mut wallet = wallet(3);
    let all = wallet.pay(address(1), toycoins(10), FeeRate::ZERO).unwrap();
    assert_eq!(all.outputs.len(), 1);
    wallet.reject(&all.txid(), "asked to");
    let some = wallet.pay(address(1), toycoins(4), FeeRate::ZERO).unwrap();
    assert_eq!(some.outputs.iter().map(|output| output.value).collect::<Vec<_>>(), [toycoins(4), toycoins(6)]);
}

#[test]
fn a_payment_knows_its_fee() {
    let mut wallet = wallet(3);
    let payment = wallet.pay(address(1), toycoins(4), FeeRate::grains_per_byte(5)).unwrap();
    // one coin and two outputs
    assert_eq!(wallet.payment(&payment.txid()).unwrap().fee, Amount::from_grains(5 * 196));
    wallet.reject(&payment.txid(), "asked to");
    // a remainder that cannot pay for the change is the miner's too
    let nearly_all = toycoins(10).saturating_sub(Amount::from_grains(5 * 170));
    let payment = wallet.pay(address(1), nearly_all, FeeRate::grains_per_byte(5)).unwrap();
    assert_eq!(payment.outputs.len(), 1);
    assert_eq!(wallet.payment(&payment.txid()).unwrap().fee, Amount::from_grains(5 * 170));
}

#[test]
fn a_balance_is_without_what_is_pending() {
    let (mut ledger, mut wallet) = scene(3);
    let payment = wallet.pay(address(1), toycoins(4), FeeRate::ZERO).unwrap();
    let pending = Balance { reserved: toycoins(10), pending_change: toycoins(6), ..Balance::default() };
    assert_eq!((wallet.balance(), wallet.balance().total()), (pending, toycoins(10)));
    assert!(matches!(
        wallet.pay(address(1), toycoins(1), FeeRate::ZERO),
        Err(BuildError::InsufficientFunds { available: Amount::ZERO, .. })
    ));
    assert_eq!(status(&wallet, &payment), PaymentStatus::Pending);

    let block = mine(&mut ledger, &mut wallet, vec![payment.clone()], NOBODY);
    assert_eq!(wallet.balance(), Balance { available: toycoins(6), ..Balance::default() });
    assert_eq!(status(&wallet, &payment), PaymentStatus::Confirmed { block: block.hash(), height: 1 });
    assert_eq!(wallet.pending().count(), 0);
}

#[test]
fn a_rejected_payment_gives_its_coins_back() {
    let mut wallet = wallet(3);
    let payment = wallet.pay(address(1), toycoins(4), FeeRate::ZERO).unwrap();
    assert!(wallet.reject(&payment.txid(), "the mempool is full"));
    assert_eq!(wallet.balance().available, toycoins(10));
    assert_eq!(status(&wallet, &payment), PaymentStatus::Rejected { reason: "the mempool is full".into() });
    assert!(!wallet.reject(&payment.txid(), "again"), "only what is pending can be rejected");
}

#[test]
fn a_rejected_payment_that_a_block_holds_is_confirmed() {
    let (mut ledger, mut wallet) = scene(3);
    let first = wallet.pay(address(1), toycoins(4), FeeRate::ZERO).unwrap();
    wallet.reject(&first.txid(), "a node would not take it");
    let second = wallet.pay(address(2), toycoins(5), FeeRate::ZERO).unwrap();
    mine(&mut ledger, &mut wallet, vec![first.clone()], NOBODY);
    assert!(matches!(status(&wallet, &first), PaymentStatus::Confirmed { height: 1, .. }));
    assert!(is_rejected(&wallet, &second), "its coin is gone");
    assert_eq!(wallet.balance(), Balance { available: toycoins(6), ..Balance::default() });
}

#[test]
fn a_rejected_payment_that_is_made_again_is_one_payment() {
    let mut wallet = wallet(3);
    let first = wallet.pay(address(1), toycoins(4), FeeRate::ZERO).unwrap();
    wallet.reject(&first.txid(), "a node would not take it");
    assert_eq!(wallet.pay(address(1), toycoins(4), FeeRate::ZERO).unwrap(), first);
    assert_eq!(wallet.payments().count(), 1);
    assert_eq!(status(&wallet, &first), PaymentStatus::Pending);
}

#[test]
fn a_reward_ripens() {
    let (mut ledger, mut wallet) = scene(NOBODY);
    mine(&mut ledger, &mut wallet, vec![], NOBODY);
    assert_eq!(wallet.balance(), Balance { immature: toycoins(50), ..Balance::default() });
    assert_eq!((wallet.spendable().count(), wallet.immature().count()), (0, 1));
    let (_, reward) = wallet.immature().next().unwrap();
    assert_eq!(wallet.matures_at(&reward), 3, "two blocks after its own");
    mine(&mut ledger, &mut wallet, vec![], 0);
    assert_eq!(wallet.balance(), Balance { available: toycoins(50), ..Balance::default() });
    assert_eq!((wallet.spendable().count(), wallet.immature().count()), (1, 0));
    assert!(wallet.history()[0].coinbase);
}

#[test]
fn reorganised_payments_are_pending_until_confirmed_again() {
    let (mut ledger, mut wallet) = scene(3);
    let mut other = ledger.clone();
    let payment = wallet.pay(address(1), toycoins(4), FeeRate::ZERO).unwrap();
    let lost = mine(&mut ledger, &mut wallet, vec![payment.clone()], NOBODY);

    wallet.disconnect(&lost).unwrap();
    assert_eq!(status(&wallet, &payment), PaymentStatus::Pending);
    let pending = Balance { reserved: toycoins(10), pending_change: toycoins(6), ..Balance::default() };
    assert_eq!(wallet.balance(), pending);
    assert_eq!((wallet.height(), wallet.history().len()), (0, 1), "genesis' ten");

    mine(&mut other, &mut wallet, vec![], NOBODY);
    mine(&mut other, &mut wallet, vec![payment.clone()], NOBODY);
    assert!(matches!(status(&wallet, &payment), PaymentStatus::Confirmed { height: 2, .. }));
}

#[test]
fn payment_is_rejected_with_its_children_when_its_coin_is_spent() {
    let (mut ledger, mut wallet) = scene(3);
    let mut other = ledger.clone();
    let conflict = other.payments().pay(3, 2, toycoins(9), Amount::ZERO).unwrap();

    let parent = wallet.pay(address(1), toycoins(4), FeeRate::ZERO).unwrap();
    let lost = mine(&mut ledger, &mut wallet, vec![parent.clone()], NOBODY);
    let child = wallet.pay(address(1), toycoins(1), FeeRate::ZERO).unwrap();
    assert_eq!(child.inputs[0].txid, parent.txid());

    wallet.disconnect(&lost).unwrap();
    assert_eq!(wallet.pending().count(), 2);
    mine(&mut other, &mut wallet, vec![conflict], NOBODY);
    assert!(is_rejected(&wallet, &parent) && is_rejected(&wallet, &child));
    assert_eq!(wallet.balance(), Balance { available: toycoins(1), ..Balance::default() });
}

#[test]
fn rejecting_a_payment_rejects_all_that_spend_from_it() {
    let (mut ledger, mut wallet) = scene(3);
    let mut lost = Vec::new();
    // each spends the change of the one before it
    let payments: Vec<_> = (1..=3)
        .map(|value| {
            let payment = wallet.pay(address(1), toycoins(value), FeeRate::ZERO).unwrap();
            lost.push(mine(&mut ledger, &mut wallet, vec![payment.clone()], NOBODY));
            payment
        })
        .collect();
    for block in lost.iter().rev() {
        wallet.disconnect(block).unwrap();
    }
    assert_eq!(wallet.pending().count(), 3);

    let mut of_the_middle = wallet.clone();
    assert!(of_the_middle.reject(&payments[1].txid(), "asked to"));
    assert_eq!(of_the_middle.pending().map(|payment| payment.txid).collect::<Vec<_>>(), [payments[0].txid()]);

    assert!(wallet.reject(&payments[0].txid(), "the mempool is full"));
    assert!(payments.iter().all(|payment| is_rejected(&wallet, payment)));
    assert_eq!(status(&wallet, &payments[0]), PaymentStatus::Rejected { reason: "the mempool is full".into() });
    let PaymentStatus::Rejected { reason } = status(&wallet, &payments[2]) else { panic!("it is rejected") };
    assert!(reason.contains(&payments[1].txid().to_string()), "{reason}");
    assert_eq!(wallet.balance(), Balance { available: toycoins(10), ..Balance::default() });
    assert!(!wallet.reject(&payments[2].txid(), "again"));
}

#[test]
fn blocks_come_in_order() {
    let (mut ledger, mut wallet) = scene(0);
    let first = ledger.extend(vec![], classroom::owner(0));
    let second = ledger.extend(vec![], classroom::owner(0));
    assert!(matches!(wallet.connect(&second), Err(WalletError::NotNext { .. })));
    wallet.connect(&first).unwrap();
    wallet.connect(&second).unwrap();
    assert!(matches!(wallet.disconnect(&first), Err(WalletError::NotLast { .. })));
    wallet.disconnect(&second).unwrap();
    wallet.disconnect(&first).unwrap();
    let genesis = ledger.params().genesis().clone();
    assert!(matches!(wallet.disconnect(&genesis), Err(WalletError::NotLast { .. })));
}

#[test]
fn refuses_another_networks_address() {
    let elsewhere = ChainParams::lab().address(classroom::owner(1));
    assert!(matches!(wallet(0).pay(elsewhere, toycoins(1), FeeRate::ZERO), Err(BuildError::Address(_))));
}

#[test]
fn a_wallet_that_skips_ends_like_one_that_saw_all() {
    let (mut ledger, mut whole) = scene(3);
    let mut light = wallet(3);
    let mut concerning = Vec::new();
    let mut payments = ledger.payments();
    for height in 1..=9_u64 {
        let gift = (height == 4).then(|| payments.pay(0, 3, toycoins(7), Amount::ZERO).unwrap());
        let spent = (height == 6).then(|| whole.pay(address(1), toycoins(12), FeeRate::ZERO).unwrap());
        let transactions = gift.into_iter().chain(spent).collect();
        let block = mine(&mut ledger, &mut whole, transactions, if height == 2 { 3 } else { NOBODY });
        if [2, 4, 6].contains(&height) {
            light.skip_to(block.header.previous, height - 1).unwrap();
            light.connect(&block).unwrap();
            concerning.push(block);
        }
    }
    light.skip_to(ledger.tip_hash(), 9).unwrap();
    assert_eq!((light.tip(), light.height()), (whole.tip(), whole.height()));
    assert_eq!((light.balance(), light.history()), (whole.balance(), whole.history()));
    assert_eq!(light.spendable().collect::<Vec<_>>(), whole.spendable().collect::<Vec<_>>());

    // in a reorganisation it goes back from one such block to the one before
    let last = concerning.pop().unwrap();
    let parent = last.header.previous;
    assert_eq!(light.skip_to(parent, 5), Err(WalletError::Concerned { height: 6, skipped_to: 5 }));
    light.skip_to(last.hash(), 6).unwrap();
    light.disconnect(&last).unwrap();
    let before = concerning.pop().unwrap();
    light.skip_to(before.hash(), 4).unwrap();
    assert_eq!(light.balance().total(), toycoins(67), "genesis' ten, a reward and the gift");
}

#[test]
fn change_of_pending_payments_is_spent_if_it_may_be() {
    let (mut ledger, wallet) = scene(3);
    let mut wallet = wallet.spending_pending_change(true);
    let payments: Vec<_> =
        (1..=3).map(|value| wallet.pay(address(1), toycoins(value), FeeRate::ZERO).unwrap()).collect();
    assert_eq!(payments[2].inputs, [OutPoint { txid: payments[1].txid(), vout: 1 }]);
    let left = Balance { reserved: toycoins(10), pending_change: toycoins(4), ..Balance::default() };
    assert_eq!(wallet.balance(), left);
    assert_eq!(wallet.payment(&payments[2].txid()).unwrap().fee, Amount::ZERO);

    // a parent that is refused takes those that build upon it along
    let mut refused = wallet.clone();
    assert!(refused.reject(&payments[1].txid(), "asked to"));
    assert!(is_rejected(&refused, &payments[2]) && !is_rejected(&refused, &payments[0]));
    assert_eq!(refused.balance().pending_change, toycoins(9));

    mine(&mut ledger, &mut wallet, payments[..2].to_vec(), NOBODY);
    assert_eq!(wallet.pending().count(), 1);
    let left = Balance { reserved: toycoins(7), pending_change: toycoins(4), ..Balance::default() };
    assert_eq!(wallet.balance(), left);
    mine(&mut ledger, &mut wallet, payments[2..].to_vec(), NOBODY);
    assert_eq!(wallet.balance(), Balance { available: toycoins(4), ..Balance::default() });
}

#[test]
fn confirmed_coins_are_spent_before_pending_change() {
    let (mut ledger, wallet) = scene(3);
    let mut wallet = wallet.spending_pending_change(true);
    let gift = ledger.payments().pay(0, 3, toycoins(7), Amount::ZERO).unwrap();
    mine(&mut ledger, &mut wallet, vec![gift.clone()], NOBODY);
    let first = wallet.pay(address(1), toycoins(1), FeeRate::ZERO).unwrap();
    let second = wallet.pay(address(1), toycoins(2), FeeRate::ZERO).unwrap();
    let parents = [&first, &second].map(|payment| payment.inputs[0].txid);
    assert!(parents.contains(&gift.txid()) && !parents.contains(&first.txid()), "{parents:?}");
    let both = wallet.pay(address(1), toycoins(14), FeeRate::ZERO).unwrap();
    assert_eq!(both.inputs.len(), 2, "the change of both");
}

#[test]
fn pending_payments_in_a_row_have_an_end() {
    let mut wallet = wallet(3).spending_pending_change(true);
    let mut pay = || wallet.pay(address(1), Amount::from_grains(1), FeeRate::ZERO);
    let made = (0..100).take_while(|_| pay().is_ok()).count();
    assert_eq!(made, MAX_PENDING_ANCESTORS + 1);
}

#[test]
fn a_watching_wallet_sees_all_owners_and_cannot_pay() {
    let (mut ledger, _) = scene(3);
    let owners = Owners::new(classroom::owner(3)).with([classroom::owner(2)]).with_change(classroom::owner(NOBODY));
    let mut watching = Wallet::watching(ChainParams::regtest(), owners);
    assert_eq!(watching.balance().available, toycoins(10 + 25), "of both owners");
    assert_eq!(watching.pay(address(1), toycoins(1), FeeRate::ZERO), Err(BuildError::WatchOnly));

    let unsigned = watching.prepare(|builder| builder.pay(address(1), toycoins(30))).unwrap();
    assert_eq!(unsigned.change(), Some(&crate::TxOut { value: toycoins(5), owner: classroom::owner(NOBODY) }));
    assert_eq!(watching.balance().reserved, Amount::ZERO, "nothing is reserved before it is signed");
    let one_key = unsigned.clone().sign(classroom::key(2));
    assert!(matches!(one_key, Err(BuildError::NotOwned(_))), "the other coin is not of this key");
    let payment = unsigned.sign(&Keys).unwrap();
    watching.track(payment.clone());
    assert_eq!(watching.balance().reserved, toycoins(35));
    // the chain judges the signatures
    mine(&mut ledger, &mut watching, vec![payment.clone()], 0);
    assert_eq!(watching.balance(), Balance { available: toycoins(5), ..Balance::default() });
    assert!(matches!(status(&watching, &payment), PaymentStatus::Confirmed { .. }));
}

#[test]
fn owners_that_are_added_are_seen_from_then_on() {
    let (mut ledger, mut wallet) = scene(3);
    let mut payments = ledger.payments();
    let early = payments.pay(0, NOBODY, toycoins(1), Amount::ZERO).unwrap();
    mine(&mut ledger, &mut wallet, vec![early], 0);
    wallet.add_owners(Owners::new(classroom::owner(NOBODY)));
    assert_eq!(wallet.address(), address(NOBODY));
    let late = ledger.payments().pay(0, NOBODY, toycoins(2), Amount::ZERO).unwrap();
    mine(&mut ledger, &mut wallet, vec![late], 0);
    assert_eq!(wallet.balance().available, toycoins(12), "the first owner's ten, and what came late");
}

#[test]
fn genesis_coins_of_added_owners_are_there_at_once() {
    let params = ChainParams::regtest();
    let owners = |keys: &[u32]| {
        let first = Owners::new(classroom::owner(keys[0]));
        keys.iter().fold(first, |owners, key| owners.with([classroom::owner(*key)]))
    };
    for first in [0, NOBODY] {
        let mut wallet = Wallet::watching(params.clone(), owners(&[first]));
        wallet.add_owners(owners(&[1, 2]));
        // who is added twice gets nothing twice
        wallet.add_owners(owners(&[2, first]));
        let whole = Wallet::watching(params.clone(), owners(&[first, 1, 2]));
        assert_eq!((wallet.balance(), wallet.history()), (whole.balance(), whole.history()));
        assert!(wallet.spendable().eq(whole.spendable()) && wallet.spendable().count() > 1);
    }
}
