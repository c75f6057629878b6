//! What holds for every replacement.

use proptest::prelude::*;

use super::super::test_scene::*;
use crate::{
    FeeRate, OutPoint, Unsigned,
    test_util::classroom,
    wallet::{Payment, ReplaceError, Wallet},
};

fn rate(grains: u64) -> FeeRate {
    FeeRate::grains_per_byte(grains)
}

/// A payment with children that spend its change, and the other coins of the wallet.
#[derive(Debug, Clone)]
struct Case {
    coins: Vec<u64>,
    /// The payment spends this many of the coins, from the first one on.
    spent: usize,
    /// Part of these coins that is paid, in thousandths.
    paid: u64,
    rate: u64,
    /// The rates of the children.
    children: Vec<u64>,
    new_rate: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let coins = prop::collection::vec(1..30_000_u64, 1..8);
    let rates = (0..8_u64, prop::collection::vec(0..8_u64, 0..4), 0..24_u64);
    (coins, any::<prop::sample::Index>(), 1..1_000_u64, rates).prop_map(
        |(coins, spent, paid, (rate, children, new_rate))| {
            let spent = 1 + spent.index(coins.len());
            Case { coins, spent, paid, rate, children, new_rate }
        },
    )
}

impl Case {
    /// Returns a wallet with the payment and as many children as can be; `None` if the coins do not pay for it.
    fn play(&self) -> Option<(Wallet, Payment)> {
        let mut wallet = wallet(NOBODY).spending_pending_change(true);
        let gift = give(&mut wallet, classroom::owner(NOBODY), &self.coins);
        let spent: Vec<_> = (0..).take(self.spent).map(|vout| OutPoint { txid: gift, vout }).collect();
        let grains = (value(&wallet, &spent).grains() * self.paid / 1_000).max(1);
        let unsigned = try_from(&wallet, &spent, grains, self.rate).ok()?;
        let txid = send(&mut wallet, unsigned).txid();
        let mut parent = txid;
        for child in &self.children {
            let change = OutPoint { txid: parent, vout: 1 };
            let Ok(unsigned) = try_from(&wallet, &[change], 10, *child) else { break };
            parent = send(&mut wallet, unsigned).txid();
        }
        let payment = wallet.payment(&txid)?.clone();
        Some((wallet, payment))
    }
}

/// Returns the least fee by which nodes take a replacement: all that is pending is replaced.
fn least_fee(wallet: &Wallet, size: u64) -> u64 {
    wallet.pending().map(|payment| payment.fee.grains()).sum::<u64>() + size
}

/// Checks what holds for bumps and cancels.
fn check(wallet: &Wallet, old: &Payment, new: &Unsigned, asked: FeeRate) -> Result<(), TestCaseError> {
    let transaction = new.transaction();
    let size = transaction.size();
    // it spends all coins of the old one, and each coin once
    let mut inputs = transaction.inputs.clone();
    inputs.sort_unstable();
    inputs.dedup();
    prop_assert_eq!(inputs.len(), transaction.inputs.len());
    prop_assert!(old.transaction.inputs.iter().all(|coin| inputs.contains(coin)));
    let mut others = inputs.iter().filter(|coin| !old.transaction.inputs.contains(coin));
    let free: Vec<_> = wallet.spendable().map(|(outpoint, _)| outpoint).collect();
    prop_assert!(others.clone().all(|coin| free.contains(coin)));
    // sums add up, and nodes take it
    let paid: u64 = transaction.outputs.iter().map(|output| output.value.grains()).sum();
    prop_assert_eq!(value(wallet, &inputs).grains(), paid + new.fee().grains());
    prop_assert!(new.fee().grains() >= least_fee(wallet, size));
    prop_assert!(new.fee() >= asked.fee(size));
    // without change, the miner gets no more than change would cost
    let due = least_fee(wallet, size).max(asked.fee(size).grains());
    let change_costs = 140 * asked.to_grains_per_byte().max(1);
    prop_assert!(new.fee().grains() - due <= change_costs * u64::from(new.change().is_none()));
    // no coin is added without need
    if others.next().is_some() {
        let outputs = (transaction.outputs.len() - usize::from(new.change().is_some())) as u64;
        let size = 16 + 100 * old.transaction.inputs.len() as u64 + 40 * outputs;
        let fee = least_fee(wallet, size).max(asked.fee(size).grains());
        let recipients = transaction.outputs.iter().filter(|output| output.owner != classroom::owner(NOBODY));
        let paid: u64 = recipients.map(|output| output.value.grains()).sum();
        prop_assert!(value(wallet, &old.transaction.inputs).grains() < paid.max(1) + fee);
    }
    Ok(())
}

/// Checks that coins do not pay for a replacement with this output: neither those of the payment, nor all others that
/// are worth their fee.
fn check_poor(wallet: &Wallet, old: &Payment, paid: u64, asked: FeeRate) -> Result<(), TestCaseError> {
    let worth = asked.max(rate(1)).fee(100);
    let others: Vec<_> = wallet.spendable().filter(|(_, coin)| coin.output.value > worth).collect();
    let sum = value(wallet, &old.transaction.inputs).grains()
        + others.iter().map(|(_, coin)| coin.output.value.grains()).sum::<u64>();
    let size = 16 + 100 * (old.transaction.inputs.len() + others.len()) as u64 + 40;
    prop_assert!(sum < paid.max(1) + least_fee(wallet, size).max(asked.fee(size).grains()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_bump_pays_the_same_and_what_the_mempool_wants(case in cases()) {
        let Some((wallet, old)) = case.play() else { return Ok(()) };
        let asked = rate(case.new_rate);
        match wallet.replace(&old.txid, asked) {
            Ok(new) => {
                check(&wallet, &old, &new, asked)?;
                prop_assert!(asked.fee(old.transaction.size()) > old.fee);
                prop_assert_eq!(new.transaction().outputs[0], old.transaction.outputs[0]);
                prop_assert_eq!(new.transaction().outputs.len(), 1 + usize::from(new.change().is_some()));
            }
            Err(ReplaceError::RateTooLow { least, .. }) => {
                prop_assert!(asked < least && asked.fee(old.transaction.size()) <= old.fee);
                let below = rate(least.to_grains_per_byte() - 1);
                let is_low = |asked| matches!(wallet.replace(&old.txid, asked), Err(ReplaceError::RateTooLow { .. }));
                prop_assert!(is_low(below) && !is_low(least));
            }
            Err(ReplaceError::InsufficientFunds { .. }) => {
                check_poor(&wallet, &old, old.transaction.outputs[0].value.grains(), asked)?;
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn a_cancel_brings_back_all_but_the_fee(case in cases(), with_rate in any::<bool>()) {
        let Some((wallet, old)) = case.play() else { return Ok(()) };
        let asked = with_rate.then_some(rate(case.new_rate));
        match wallet.cancel(&old.txid, asked) {
            Ok(new) => {
                check(&wallet, &old, &new, asked.unwrap_or_default())?;
                let [back] = new.transaction().outputs[..] else { panic!("one output") };
                prop_assert_eq!(back.owner, classroom::owner(NOBODY));
                let size = new.transaction().size();
                let due = least_fee(&wallet, size).max(asked.unwrap_or_default().fee(size).grains());
                prop_assert_eq!(new.fee().grains(), due);
            }
            Err(ReplaceError::InsufficientFunds { .. }) => {
                check_poor(&wallet, &old, 0, asked.unwrap_or_default())?;
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}
