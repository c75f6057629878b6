//! Lifts, lists and sums of points.

use k256::elliptic_curve::point::DecompactPoint as _;

use super::*;
use crate::batch::{
    endomorphism::Half,
    lanes::{
        addition::Work,
        lift::GENERATOR,
        lists::{Lists, entry, row},
        multiply::Scratch,
    },
    windows::{Windows, tests::half},
};

/// The lift of k256, which single verification uses.
fn decompact(x: &[u8; 32]) -> Option<AffinePoint> {
    AffinePoint::decompact(&FieldBytes::from(*x)).into_option()
}

/// Lifts the numbers that are on the curve together and compares with k256, then puts each of the others at each lane.
fn check_lift<F: VectorField>(unit: F, xs: &[[u8; 32]], mapped: usize) {
    let (good, bad): (Vec<_>, Vec<_>) = xs.iter().partition(|x| decompact(x).is_some());
    let good: Vec<&[u8; 32]> = good;
    let mut table = vec![row_of(unit, &multiple(5))];
    assert!(unit.lift(&good, mapped, &mut table));
    let plain: Vec<_> = good.iter().map(|x| decompact(x).unwrap()).collect();
    let images = plain.iter().skip(mapped).map(|point| ProjectivePoint::from(*point).endomorphism().to_affine());
    let expected: Vec<_> = [multiple(5)].into_iter().chain(plain.iter().copied()).chain(images).collect();
    assert_eq!(table.len(), expected.len());
    for (row, point) in table.into_iter().zip(&expected) {
        assert_eq!(of_row(unit, row), coordinates(point));
    }
    for (number, bad) in bad.into_iter().enumerate() {
        assert!(!unit.lift(&[bad], 0, &mut Vec::new()), "{bad:x?}");
        let mut xs: Vec<_> = good.iter().copied().take(20).collect();
        xs.insert(number % (xs.len() + 1), bad);
        assert!(!unit.lift(&xs, 0, &mut Vec::new()), "{bad:x?} among others");
    }
}

#[test]
fn lifts_small_and_huge_numbers_as_k256_does() {
    let mut xs: Vec<_> = edges().iter().map(to_bytes).collect();
    for i in 0..=255 {
        let (mut small, mut huge) = ([0; 32], to_bytes(&P));
        small[31] = i;
        huge[31] = i;
        xs.extend([small, huge, [i; 32]]);
    }
    on_each_unit!(check_lift(&xs, 3));
    let generator = [GENERATOR];
    on_each_unit!(check_lift(&generator, 0));
    assert_eq!(coordinates(&decompact(&GENERATOR).unwrap()), coordinates(&AffinePoint::GENERATOR));
}

/// Puts one number that is not on the curve at each place of lists of all lengths up to 33.
fn check_places<F: VectorField>(unit: F) {
    let good: Vec<[u8; 32]> = (1..=33).map(|i| coordinates(&multiple(i))[0]).collect();
    let bad = to_bytes(&[5, 0, 0, 0]);
    assert!(decompact(&bad).is_none());
    for length in 1..=33 {
        let xs: Vec<_> = good.iter().take(length).collect();
        assert!(unit.lift(&xs, length, &mut Vec::new()));
        for place in 0..length {
            for bad in [&bad, &[0xff; 32]] {
                let mut xs = xs.clone();
                xs[place] = bad;
                assert!(!unit.lift(&xs, length, &mut Vec::new()), "place {place} of {length}");
            }
        }
    }
}

#[test]
fn a_number_off_the_curve_is_noticed_in_each_lane() {
    on_each_unit!(check_places());
}

/// Sums lists of multiples of the generator. A negative number becomes a positive row and an entry with the sign.
fn check_lists<F: VectorField>(unit: F, sums: &[Vec<i32>]) {
    let (mut lists, mut table, mut work) = (Lists::default(), Vec::new(), Work::default());
    for list in sums {
        let entries: Vec<_> = list
            .iter()
            .map(|number| {
                table.push(row_of(unit, &multiple(number.abs())));
                entry(table.len() - 1) + u32::from(*number < 0)
            })
            .collect();
        lists.push(entries);
    }
    lists.sum(unit, &mut table, &mut work);
    assert_eq!(lists.iter().count(), sums.len());
    for (list, numbers) in lists.iter().zip(sums) {
        let total: i32 = numbers.iter().sum();
        let [entry] = list else {
            assert!(list.is_empty() && total == 0, "{numbers:?}");
            continue;
        };
        assert_ne!(total, 0, "{numbers:?}");
        let sign = if entry & 1 == 1 { -1 } else { 1 };
        assert_eq!(of_row(unit, table[row(*entry)]), coordinates(&multiple(sign * total)), "{numbers:?}");
    }
}

#[test]
fn doubles_equal_neighbours_and_drops_opposite_ones() {
    let cases: [Vec<Vec<i32>>; 6] = [
        vec![vec![1, 1], vec![5, -5], vec![2, 3], vec![], vec![-4]],
        vec![vec![1, 1, 2, -4], vec![7; 9], vec![-7; 16], vec![3; 64]],
        // what is left of a list after cancellation is added to the rest
        vec![vec![1, -1, 2, -2, 3], vec![1, -1, 2], vec![3, 1, -1]],
        // all vanish, in all lanes and beyond
        vec![vec![9, -9]; 40],
        (0..40).map(|i| vec![i + 1, -i - 1, 2, 2, -4]).collect(),
        vec![vec![], vec![]],
    ];
    for case in cases {
        on_each_unit!(check_lists(&case));
    }
}

/// Puts a pair of twins at each place among pairs of different points.
#[test]
fn twins_are_noticed_in_each_lane() {
    for pairs in 1..=17 {
        for place in 0..pairs {
            for twins in [[6, 6], [6, -6], [-6, -6]] {
                let mut lists: Vec<_> = (0..pairs).map(|i| vec![10 + i, 100 + i]).collect();
                lists[place as usize] = twins.to_vec();
                on_each_unit!(check_lists(&lists));
            }
        }
    }
}

/// Compares the sum of multiples with k256's, for windows of this many bits.
fn check_sum<F: VectorField>(unit: F, scratch: &mut Scratch<F>, terms: &[(i32, Half)], windows: Windows) {
    let scalar = |half: &Half| {
        let scalar = Scalar::from(half.magnitude);
        if half.negative { -scalar } else { scalar }
    };
    let expected: ProjectivePoint =
        terms.iter().map(|(number, half)| ProjectivePoint::from(multiple(*number)) * scalar(half)).sum();
    scratch.table.clear();
    scratch.table.extend(terms.iter().map(|(number, _)| row_of(unit, &multiple(*number))));
    let halves: Vec<_> = terms.iter().map(|(_, half)| *half).collect();
    assert_eq!(scratch.sum(unit, &halves, windows), expected, "{terms:?} {windows:?}");
}

fn check_sums<F: VectorField>(unit: F, terms: &[(i32, Half)], bits: usize) {
    let mut scratch = Scratch::default();
    for windows in [Windows { bits }, Windows::for_terms(terms.len()), Windows { bits }] {
        check_sum(unit, &mut scratch, terms, windows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn lifts_what_k256_lifts(xs in prop::collection::vec(any::<[u8; 32]>(), 0..60), mapped in 0..40_usize) {
        on_each_unit!(check_lift(&xs, mapped));
    }

    #[test]
    fn sums_lists_of_few_different_points(
        lists in prop::collection::vec(
            prop::collection::vec(prop_oneof![1..4_i32, -3..0_i32, 1..1_000_000_i32], 0..12), 0..24
        )
    ) {
        on_each_unit!(check_lists(&lists));
    }

    // few different points and scalars, so that buckets meet equal and opposite points
    #[test]
    fn is_the_sum_of_multiples(
        terms in prop::collection::vec((prop_oneof![1..4_i32, 1..i32::MAX], half()), 1..24),
        bits in 2..=8_usize,
    ) {
        on_each_unit!(check_sums(&terms, bits));
    }
}
