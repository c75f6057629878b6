//! Tests of the vector units against k256. Every unit that this machine has is tested.

mod field;
mod points;

use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, elliptic_curve::point::AffineCoordinates as _};
use proptest::prelude::*;

use crate::batch::{
    lanes::{
        vector_field::VectorField,
        words::{P, Words, from_bytes, is_below_p, to_bytes},
    },
    portable::Field,
};

/// Calls a check with each vector unit of this machine.
macro_rules! on_each_unit {
    ($check:ident($($argument:expr),*)) => {{
        if let Some(unit) = $crate::batch::lanes::Avx2::detect() {
            $check(unit, $($argument),*);
        }
        if let Some(unit) = $crate::batch::lanes::Ifma::detect() {
            $check(unit, $($argument),*);
        }
    }};
}
use on_each_unit;

/// Returns a + b mod 2^256.
fn wrapping_add(a: Words, b: Words) -> Words {
    let mut carry = 0;
    std::array::from_fn(|i| {
        let sum = u128::from(a[i]) + u128::from(b[i]) + carry;
        carry = sum >> 64;
        sum as u64
    })
}

/// Returns k256's element of a number below 2^256.
fn element(words: Words) -> Field {
    // 2^256 - p
    let minus_p = [0x1_0000_03d1, 0, 0, 0];
    let reduced = if is_below_p(&words) { words } else { wrapping_add(words, minus_p) };
    Field::from_bytes(&to_bytes(&reduced).into()).unwrap()
}

fn words(element: &Field) -> Words {
    from_bytes(&element.normalize().to_bytes().into())
}

/// Numbers at the edges: small ones, those around p and 2^256, powers of 2, and runs of ones over the limbs of both
/// units.
fn edges() -> Vec<Words> {
    let mut edges = vec![[0; 4], [1, 0, 0, 0], [2, 0, 0, 0], P, [u64::MAX; 4]];
    edges.extend([u64::MAX, u64::MAX - 1, 1, 0x1_0000_03d0, 0x1_0000_03d1].map(|less| {
        let add = if less > 1 << 60 { [less, u64::MAX, u64::MAX, u64::MAX] } else { [less, 0, 0, 0] };
        wrapping_add(P, add)
    }));
    for bit in (0..256).filter(|bit| bit % 26 < 2 || bit % 52 < 2 || bit % 64 < 2) {
        let mut power = [0; 4];
        power[bit / 64] = 1 << (bit % 64);
        let ones = wrapping_add(power, [u64::MAX; 4]);
        edges.extend([power, ones, ones.map(|word| !word)]);
    }
    // every second limb full
    for size in [26, 52] {
        let mut number = [0_u64; 4];
        (0..256).filter(|bit| bit / size % 2 == 0).for_each(|bit| number[bit / 64] |= 1 << (bit % 64));
        edges.extend([number, number.map(|word| !word)]);
    }
    edges
}

fn number() -> impl Strategy<Value = Words> {
    prop_oneof![any::<Words>(), prop::sample::select(edges())]
}

fn eight() -> impl Strategy<Value = [Words; 8]> {
    prop::array::uniform8(number())
}

/// Returns a multiple of the generator that is not the identity.
fn multiple(number: i32) -> AffinePoint {
    let point = ProjectivePoint::GENERATOR * Scalar::from(number.unsigned_abs());
    if number < 0 { (-point).to_affine() } else { point.to_affine() }
}

/// Returns the canonical coordinates of a point, as bytes.
fn coordinates(point: &AffinePoint) -> [[u8; 32]; 2] {
    [point.x().into(), point.y().into()]
}

/// Returns a point as the row of a table.
fn row_of<F: VectorField>(unit: F, point: &AffinePoint) -> F::Row {
    let [x, y] = coordinates(point).map(|bytes| from_bytes(&bytes));
    unit.row(&[x[0], x[1], x[2], x[3], y[0], y[1], y[2], y[3]])
}

/// Returns the canonical coordinates of a row, as bytes.
fn of_row<F: VectorField>(unit: F, row: F::Row) -> [[u8; 32]; 2] {
    let (x, y) = unit.coordinates(&[row; 8]);
    [x, y].map(|coordinate| to_bytes(&unit.store(&coordinate)[0]))
}

#[test]
fn words_are_bytes_in_the_other_order() {
    let bytes: [u8; 32] = std::array::from_fn(|i| i as u8);
    assert_eq!(from_bytes(&bytes)[3], 0x0001_0203_0405_0607);
    assert_eq!(to_bytes(&from_bytes(&bytes)), bytes);
    assert_eq!(FieldBytes::from(to_bytes(&words(&Field::ONE))), Field::ONE.to_bytes());
    let below = wrapping_add(P, [u64::MAX; 4]);
    assert!(is_below_p(&below) && !is_below_p(&P) && !is_below_p(&wrapping_add(P, [1, 0, 0, 0])));
}
