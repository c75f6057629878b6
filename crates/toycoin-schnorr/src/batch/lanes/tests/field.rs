//! The operations of the field.

use super::*;
use crate::batch::lanes::vector_field::Mask;

/// Returns what a closure makes of each pair of elements.
fn each(a: &[Words; 8], b: &[Words; 8], run: impl Fn(Field, Field) -> Field) -> [Words; 8] {
    std::array::from_fn(|i| words(&run(element(a[i]), element(b[i]))))
}

fn check_operations<F: VectorField>(unit: F, a: &[Words; 8], b: &[Words; 8], mask: Mask) {
    let (x, y) = (unit.load(a), unit.load(b));
    assert_eq!(unit.store(&x), a.map(|a| words(&element(a))));
    assert_eq!(unit.store(&unit.mul(&x, &y)), each(a, b, |a, b| a * b), "{a:x?} * {b:x?}");
    assert_eq!(unit.store(&unit.square(&x)), each(a, b, |a, _| a * a), "{a:x?} squared");
    assert_eq!(unit.store(&unit.add(&x, &y)), each(a, b, |a, b| a + b), "{a:x?} + {b:x?}");
    for shift in [1, 2] {
        let difference = unit.sub(&x, &y, shift);
        assert_eq!(unit.store(&difference), each(a, b, |a, b| a + b.negate(1)), "{a:x?} - {b:x?}");
        let mask =
            (0..8).fold(0, |mask, i| mask | u8::from(element(a[i]).normalize() == element(b[i]).normalize()) << i);
        assert_eq!(unit.zeros(&difference), mask, "{a:x?} = {b:x?}");
        assert_eq!(unit.store(&unit.factor(&difference)), unit.store(&difference));
    }
    let canonical = unit.canonical(&x);
    let odds = (0..8).fold(0, |mask, i| mask | (words(&element(a[i]))[0] as u8 & 1) << i);
    assert_eq!(unit.odds(&canonical), odds, "{a:x?}");
    let selected: [_; 8] = std::array::from_fn(|i| if mask >> i & 1 == 1 { b[i] } else { a[i] });
    assert_eq!(unit.store(&unit.select(mask, &x, &y)), unit.store(&unit.load(&selected)));
    assert_eq!(unit.store(&unit.splat(&a[3])), [words(&element(a[3])); 8]);
    // rows keep numbers that are not canonical, and transposing is undone by transposing
    let rows = unit.rows(&x, &unit.reduce(&y));
    let (x_again, y_again) = unit.coordinates(&rows);
    assert_eq!((unit.store(&x_again), unit.store(&y_again)), (unit.store(&x), unit.store(&y)));
    assert_eq!(unit.store(&unit.xs(&rows)), unit.store(&x));
    let same: [_; 8] =
        std::array::from_fn(|i| unit.row(&std::array::from_fn(|w| if w < 4 { a[i][w] } else { b[i][w - 4] })));
    let (x_again, y_again) = unit.coordinates(&same);
    assert_eq!((unit.store(&x_again), unit.store(&y_again)), (unit.store(&x), unit.store(&y)));
}

/// One operation on registers, which replaces the first.
#[derive(Debug, Clone, Copy)]
enum Operation {
    Add,
    Sub,
    Mul,
    Square,
    Reduce,
}

type Step = (Operation, usize, usize);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let operation = prop_oneof![
        4 => Just(Operation::Add),
        4 => Just(Operation::Sub),
        2 => Just(Operation::Mul),
        1 => Just(Operation::Square),
        1 => Just(Operation::Reduce),
    ];
    prop::collection::vec((operation, 0..3_usize, 0..3_usize), 1..40)
}

/// Runs a chain of operations within the weights that are allowed, and compares all registers after each.
fn check_chain<F: VectorField>(unit: F, start: &[[Words; 8]; 3], steps: &[Step]) {
    let mut registers = start.map(|numbers| (unit.load(&numbers), numbers.map(element), 1));
    for (operation, first, second) in steps {
        let (b, b_model, b_weight) = registers[*second];
        let (a, a_model, a_weight) = &mut registers[*first];
        let zip = |run: fn(Field, Field) -> Field| -> [Field; 8] {
            std::array::from_fn(|i| run(a_model[i], b_model[i]).normalize())
        };
        let shift = if b_weight < 2 { 1 } else { 2 };
        match operation {
            Operation::Add if *a_weight + b_weight <= 7 => {
                *a_model = zip(|a, b| a + b);
                *a = unit.add(a, &b);
                *a_weight += b_weight;
            }
            Operation::Sub if b_weight < 4 && *a_weight + (1 << shift) <= 7 => {
                *a_model = zip(|a, b| a + b.negate(1));
                *a = unit.sub(a, &b, shift);
                *a_weight += 1 << shift;
            }
            Operation::Mul => {
                *a_model = zip(|a, b| a * b);
                *a = unit.mul(&unit.factor(a), &unit.factor(&b));
                *a_weight = 1;
            }
            Operation::Square => {
                *a_model = zip(|a, _| a * a);
                *a = unit.square(&unit.factor(a));
                *a_weight = 1;
            }
            Operation::Add | Operation::Sub | Operation::Reduce => {
                *a = unit.reduce(a);
                *a_weight = 1;
            }
        }
        assert_eq!(unit.store(a), a_model.map(|model| words(&model)), "{operation:?} in {steps:?} of {start:x?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn operations_are_those_of_k256(a in eight(), b in eight(), mask: u8) {
        on_each_unit!(check_operations(&a, &b, mask));
        on_each_unit!(check_operations(&a, &a, mask));
    }

    #[test]
    fn chains_of_lazy_operations_are_those_of_k256(start in prop::array::uniform3(eight()), steps in steps()) {
        on_each_unit!(check_chain(&start, &steps));
    }
}

/// Multiplies the heaviest sums that are allowed, which fill the limbs to their bounds.
fn check_heaviest<F: VectorField>(unit: F) {
    let edges = edges();
    for (number, a) in edges.iter().enumerate() {
        let eight: [_; 8] = std::array::from_fn(|i| edges[(number + i * i) % edges.len()]);
        let heavy = |numbers: &[Words; 8]| {
            let one = unit.load(numbers);
            (0..6).fold(one, |sum, _| unit.add(&sum, &one))
        };
        let times_7 = |a: Field| a.mul_single(7).normalize();
        let (x, y) = (unit.factor(&heavy(&[*a; 8])), unit.factor(&heavy(&eight)));
        // rows take what reduce returns, even if the first fold leaves 2^256 or more
        let rows = unit.rows(&unit.reduce(&heavy(&[*a; 8])), &unit.reduce(&heavy(&eight)));
        let (left, right) = unit.coordinates(&rows);
        assert_eq!(unit.store(&left), each(&[*a; 8], &eight, |a, _| times_7(a)), "{a:x?}");
        assert_eq!(unit.store(&right), each(&[*a; 8], &eight, |_, b| times_7(b)));
        let expected = each(&[*a; 8], &eight, |a, b| times_7(a) * times_7(b));
        assert_eq!(unit.store(&unit.mul(&x, &y)), expected, "{a:x?}");
        assert_eq!(unit.store(&unit.square(&y)), each(&eight, &eight, |a, _| times_7(a) * times_7(a)));
        // 3 a - 3 b + 4 p: a subtrahend as heavy as its multiple of p allows
        let triple = |numbers: &[Words; 8]| {
            let one = unit.load(numbers);
            unit.add(&unit.add(&one, &one), &one)
        };
        let difference = unit.factor(&unit.sub(&triple(&[*a; 8]), &triple(&eight), 2));
        let three = |a: Field, b: Field| (a.mul_single(3) + b.mul_single(3).negate(3)).normalize();
        assert_eq!(unit.store(&difference), each(&[*a; 8], &eight, three));
        assert_eq!(unit.store(&unit.square(&difference)), each(&[*a; 8], &eight, |a, b| three(a, b) * three(a, b)));
    }
}

#[test]
fn the_heaviest_sums_multiply_without_overflow() {
    on_each_unit!(check_heaviest());
}

#[cfg(debug_assertions)]
fn check_assertions<F: VectorField>(unit: F) {
    let full = unit.load(&[[u64::MAX; 4]; 8]);
    let panics = |run: &dyn Fn() -> F::Elements| std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err();
    // weight 64, which no product takes
    let heavy = || (0..6).fold(full, |sum, _| unit.add(&sum, &sum));
    assert!(panics(&|| unit.factor(&heavy())), "too heavy for a factor");
    let two = unit.add(&full, &full);
    assert!(panics(&|| unit.sub(&unit.splat(&[0; 4]), &two, 1)), "a limb below zero");
}

#[cfg(debug_assertions)]
#[test]
fn assertions_notice_limbs_beyond_their_bounds() {
    on_each_unit!(check_assertions());
}
