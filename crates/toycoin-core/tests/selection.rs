//! Coin selection, whatever the coins are.

use proptest::prelude::*;
use toycoin_core::{
    Amount, FeeRate, OutPoint, Txid,
    selection::{Goal, Selected, SelectionError, Way, select},
};

/// Sizes of a payment's parts, in bytes by formula: without coins and outputs, of a coin, of an output.
const BASE: u64 = 16;
const COIN: u64 = 100;
const OUTPUT: u64 = 40;

#[derive(Debug, Clone)]
struct Case {
    values: Vec<u64>,
    paid: u64,
    rate: u64,
    later: u64,
    seed: [u8; 32],
}

impl Case {
    fn coins(&self) -> Vec<(OutPoint, Amount)> {
        let coin = |(vout, value): (u32, &u64)| (OutPoint { txid: Txid::default(), vout }, Amount::from_grains(*value));
        (0..).zip(&self.values).map(coin).collect()
    }

    fn goal(&self) -> Goal {
        let later = FeeRate::grains_per_byte(self.later);
        Goal::new(Amount::from_grains(self.paid), 1, FeeRate::grains_per_byte(self.rate)).with_later_rate(later)
    }

    fn select(&self) -> Result<Selected, SelectionError> {
        select(&self.coins(), &self.goal(), self.seed)
    }

    /// What coins must be worth, the fee for them included.
    fn needed(&self, coins: usize) -> u64 {
        self.paid + self.rate * (BASE + OUTPUT + COIN * coins as u64)
    }

    fn change_cost(&self) -> u64 {
        self.rate * OUTPUT + self.later * COIN
    }

    /// The waste of a set of coins without change; `None` if it does not pay, or pays more than change would cost.
    fn waste(&self, values: &[u64]) -> Option<i128> {
        let excess = values.iter().sum::<u64>().checked_sub(self.needed(values.len()))?;
        let per_coin = i128::from(COIN) * (i128::from(self.rate) - i128::from(self.later));
        (excess <= self.change_cost()).then(|| i128::from(excess) + per_coin * values.len() as i128)
    }

    /// The least waste of all sets of coins without change.
    fn least_waste(&self) -> Option<i128> {
        let worth: Vec<_> = self.values.iter().filter(|value| **value > self.rate * COIN).collect();
        let sets = 1..1_u32 << worth.len();
        let values = |set: u32| (0..worth.len()).filter(move |place| set >> place & 1 == 1).map(|place| *worth[place]);
        sets.filter_map(|set| self.waste(&values(set).collect::<Vec<_>>())).min()
    }
}

fn values(selected: &Selected) -> Vec<u64> {
    selected.coins.iter().map(|(_, value)| value.grains()).collect()
}

/// A few coins of values that often fit, with repetitions.
fn few_coins() -> impl Strategy<Value = Case> {
    let value = prop_oneof![1..2_000_u64, 1_000..40_000_u64, (1..20_u64).prop_map(|n| n * 1_000)];
    (proptest::collection::vec(value, 1..=12), 1..60_000_u64, 0..12_u64, 0..12_u64, any::<[u8; 32]>())
        .prop_map(|(values, paid, rate, later, seed)| Case { values, paid, rate, later, seed })
}

/// Coins of all values and in any number.
fn many_coins() -> impl Strategy<Value = Case> {
    let value = prop_oneof![1..300_u64, 1..5_000_000_000_u64];
    (proptest::collection::vec(value, 1..300), 1..50_000_000_000_u64, 0..200_u64, 0..200_u64, any::<[u8; 32]>())
        .prop_map(|(values, paid, rate, later, seed)| Case { values, paid, rate, later, seed })
}

fn keeps_its_promises(case: &Case) -> Result<(), TestCaseError> {
    let selected = match case.select() {
        Ok(selected) => selected,
        Err(SelectionError::InsufficientFunds { available, .. }) => {
            let worth = case.values.iter().filter(|value| **value > case.rate * COIN);
            let (count, sum) = worth.fold((0, 0), |(count, sum), value| (count + 1, sum + value));
            prop_assert_eq!(available.grains(), sum);
            prop_assert!(sum < case.needed(count), "all coins together pay for it");
            return Ok(());
        }
        Err(error) => return Err(TestCaseError::fail(error.to_string())),
    };
    let values = values(&selected);
    let (sum, change) = (values.iter().sum::<u64>(), selected.change.map_or(0, Amount::grains));
    prop_assert_eq!(sum, case.paid + change + selected.fee.grains(), "no grain is lost or made");
    prop_assert!(selected.coins.iter().all(|coin| case.coins().contains(coin)));
    let mut outpoints: Vec<_> = selected.coins.iter().map(|(outpoint, _)| *outpoint).collect();
    outpoints.sort_unstable();
    outpoints.dedup();
    prop_assert_eq!(outpoints.len(), values.len(), "no coin twice");
    prop_assert!(values.iter().all(|value| *value > case.rate * COIN), "no dust");

    let outputs = 1 + u64::from(selected.change.is_some());
    let size = BASE + COIN * values.len() as u64 + OUTPUT * outputs;
    let least = case.rate * size;
    match selected.change {
        Some(change) => {
            prop_assert!(change.grains() >= (case.rate.max(case.later) * COIN).max(1), "change is worth spending");
            prop_assert_eq!(selected.fee.grains(), least, "the rate to the grain");
        }
        None => {
            let excess = selected.fee.grains().checked_sub(least);
            let most = case.rate * OUTPUT + case.rate.max(case.later) * COIN;
            prop_assert!(excess.is_some_and(|excess| excess <= most), "no more is given away than change costs");
        }
    }
    let mut turned = case.coins();
    turned.reverse();
    prop_assert_eq!(select(&turned, &case.goal(), case.seed), Ok(selected), "whatever their order is");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn few_coins_keep_all_promises(case in few_coins()) {
        keeps_its_promises(&case)?;
    }

    #[test]
    fn an_exact_fit_wastes_no_more_than_the_best_of_all(case in few_coins()) {
        let Ok(selected) = case.select() else {
            prop_assert_eq!(case.least_waste(), None);
            return Ok(());
        };
        let found = (selected.way == Way::BranchAndBound).then(|| case.waste(&values(&selected)));
        prop_assert_eq!(found, case.least_waste().map(Some));
    }
}

proptest! {
    // each of these may look at 100,000 sets
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn many_coins_keep_all_promises(case in many_coins()) {
        keeps_its_promises(&case)?;
    }

    #[test]
    fn other_seeds_draw_other_coins(seed in any::<[u8; 32]>(), other in any::<[u8; 32]>()) {
        prop_assume!(seed != other);
        // 200 coins of one value, of which a hundred are needed: no exact fit, and hardly twice the same draw
        let case = Case { values: vec![1_000; 200], paid: 99_999, rate: 0, later: 0, seed };
        let draw = |seed| Case { seed, ..case.clone() }.select().map(|selected| (selected.way, selected.coins));
        let (one, another) = (draw(seed), draw(other));
        prop_assert!(matches!(one, Ok((Way::RandomDraw, _))));
        prop_assert_ne!(one, another);
    }
}
