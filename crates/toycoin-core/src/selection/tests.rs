use super::*;
use crate::{amount::FeeRate, transaction::OutPoint};

const SEED: [u8; 32] = [7; 32];
const RATE: FeeRate = FeeRate::grains_per_byte(3);

fn grains(grains: u64) -> Amount {
    Amount::from_grains(grains)
}

fn coins(values: &[u64]) -> Vec<(OutPoint, Amount)> {
    let coin = |(vout, value): (u32, &u64)| (OutPoint { txid: Default::default(), vout }, grains(*value));
    (0..).zip(values).map(coin).collect()
}

fn goal(paid: u64) -> Goal {
    Goal::new(grains(paid), 1, RATE)
}

/// The values of the coins that pay so much, and how they were found.
fn chosen(values: &[u64], goal: &Goal) -> (Way, Vec<u64>) {
    let selected = select(&coins(values), goal, SEED).unwrap();
    (selected.way, selected.coins.iter().map(|(_, value)| value.grains()).collect())
}

#[test]
fn what_fits_exactly_makes_no_change() {
    // 56 bytes and 100 for each coin, at 3 grains
    let values = [90_000, 50_000, 30_300, 20_468];
    assert_eq!(chosen(&values, &goal(50_000)), (Way::BranchAndBound, vec![30_300, 20_468]));
    // change costs 120 now and 300 later; from there on it is worth having
    assert_eq!(chosen(&[50_888], &goal(50_000)).0, Way::BranchAndBound);
    assert_eq!(chosen(&[50_889], &goal(50_000)).0, Way::RandomDraw);
}

#[test]
fn dust_is_left_out() {
    // 2,500 coins that cost more than they are worth, beside one that pays for all
    let mut values = vec![1; 2_500];
    values.push(4_900_000_000);
    let (way, chosen) = chosen(&values, &goal(1_000_000));
    assert_eq!((way, chosen), (Way::RandomDraw, vec![4_900_000_000]));
    let dust = coins(&[300; 9]);
    let refused = SelectionError::InsufficientFunds { needed: grains(1_168), available: Amount::ZERO };
    assert_eq!(select(&dust, &goal(1_000), SEED), Err(refused));
    let without_a_fee = select(&dust, &Goal::new(grains(1_000), 1, FeeRate::ZERO), SEED).unwrap();
    assert_eq!((without_a_fee.coins.len(), without_a_fee.change), (4, Some(grains(200))), "then nothing is dust");
}

#[test]
fn many_small_coins_do_not_crowd_out_a_large_one() {
    // without a fee nothing is dust, but no more than 999 coins fit
    let mut values = vec![1; 2_500];
    values.push(4_900_000_000);
    let selected = select(&coins(&values), &Goal::new(grains(1_000_000), 1, FeeRate::ZERO), SEED).unwrap();
    assert!(selected.coins.len() <= 999 && selected.coins[0].1 == grains(4_900_000_000));
    let refused = select(&coins(&vec![1; 2_500]), &Goal::new(grains(1_500), 1, FeeRate::ZERO), SEED);
    assert_eq!(refused, Err(SelectionError::TooMany { most: 999 }));
}

#[test]
fn change_below_its_own_cost_goes_to_the_miner() {
    // 156 bytes for one coin without change are 468 grains, change is 120 more, and spending it later 300
    for (left, change) in [(0, None), (419, None), (420, Some(300)), (421, Some(301))] {
        let selected = select_all(&coins(&[50_468 + left]), &goal(50_000)).unwrap();
        assert_eq!(selected.change, change.map(grains), "{left}");
        assert_eq!(selected.fee, grains(468 + left - change.unwrap_or_default()), "{left}");
    }
}

#[test]
fn fees_that_will_rise_make_it_spend_more_coins() {
    let values = [50_468, 25_468, 25_300];
    assert_eq!(chosen(&values, &goal(50_000)).1, [50_468]);
    let cheap = goal(50_000).with_later_rate(FeeRate::grains_per_byte(30));
    assert_eq!(chosen(&values, &cheap), (Way::BranchAndBound, vec![25_468, 25_300]));
}

#[test]
fn a_fixed_fee_is_kept_whatever_is_chosen() {
    let fixed = goal(50_000).with_fee(grains(777));
    let selected = select(&coins(&[40_000, 20_000, 9_000]), &fixed, SEED).unwrap();
    assert_eq!(selected.fee, grains(777));
    assert_eq!(chosen(&[60_000, 40_000, 10_777], &fixed), (Way::BranchAndBound, vec![40_000, 10_777]));
}

#[test]
fn whoever_names_coins_spends_all_of_them() {
    let selected = select_all(&coins(&[50_000, 20_000, 1]), &goal(10_000)).unwrap();
    assert_eq!((selected.way, selected.coins.len()), (Way::All, 3));
    assert_eq!(selected.change, Some(grains(70_001 - 10_000 - 3 * 396)));
    assert!(matches!(select_all(&coins(&[10_467]), &goal(10_000)), Err(SelectionError::InsufficientFunds { .. })));
    assert_eq!(
        select_all(&coins(&vec![400; 1_200]), &Goal::new(grains(1), 1, FeeRate::ZERO)),
        Err(SelectionError::TooMany { most: 999 })
    );
}

#[test]
fn absurd_rates_are_insufficient_funds() {
    for rate in [u64::MAX, u64::MAX / 2, 1 << 60] {
        let goal = Goal::new(grains(1), 1, FeeRate::grains_per_byte(rate));
        for refused in [select(&coins(&[5, 6]), &goal, SEED), select_all(&coins(&[5, 6]), &goal)] {
            assert!(matches!(refused, Err(SelectionError::InsufficientFunds { .. })), "{rate}");
        }
    }
    assert!(select(&[], &goal(1), SEED).is_err());
}
