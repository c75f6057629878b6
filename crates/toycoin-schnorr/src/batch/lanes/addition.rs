//! Additions of pairs of points, eight side by side, which share one inversion.
//!
//! The sum of (x₁, y₁) and (x₂, y₂) needs the slope (y₂ - y₁) / (x₂ - x₁). All divisors are inverted at once
//! (Montgomery's trick): a pass forward multiplies them up, the last product is inverted, and a pass backward divides
//! the factors out again, one by one. Here each of sixteen lanes has a chain of its own:
//!
//! ```text
//!   group         0   1   2   3   4   5  ..      of eight pairs each
//!   chain a       •───────•───────•──────▶ eight products
//!   chain b           •───────•───────•──▶ eight more          all sixteen share one inversion
//! ```
//!
//! Two chains, because each product waits for the one before.
//!
//! # Twins
//!
//! Two points with the same x are equal or opposite, and their divisor is zero. A signer can bring about both, by using
//! a nonce twice. If the last product is zero, a second pass forward looks for such pairs. It puts 2y in place of the
//! divisor of equal points, whose slope is 3x² / 2y, and 1 in place of that of opposite ones, whose sum is dropped. So
//! all pairs stay in the lanes, and the round costs one pass more.

#![expect(clippy::indexing_slicing, reason = "entries name rows of the table; there are two chains and two sides")]

use crate::batch::{
    lanes::{
        vector_field::{LANES, Mask, VectorField},
        words::{from_bytes, to_bytes},
    },
    portable::Field,
};

/// A signed point: twice its index in the table, plus 1 if the point's negative is meant.
pub(super) type Entry = u32;

/// The pairs of a round, and room for their addition.
#[derive(Debug)]
pub(in crate::batch) struct Work<F: VectorField> {
    /// The pairs to be added.
    pub(super) pairs: Vec<[Entry; 2]>,
    /// The indices of the pairs, in ascending order, whose points cancel each other. Their rows are of no use.
    pub(super) cancelled: Vec<usize>,
    /// The divisors of each group.
    divisors: Vec<F::Elements>,
    /// The product of the chain before each group.
    products: Vec<F::Elements>,
    /// The twins of each group: equal points, opposite points. Empty if there are none at all.
    twins: Vec<[Mask; 2]>,
}

impl<F: VectorField> Default for Work<F> {
    fn default() -> Self {
        Self { pairs: Vec::new(), cancelled: Vec::new(), divisors: Vec::new(), products: Vec::new(), twins: Vec::new() }
    }
}

/// Adds the pairs of `work` and appends a row to the table for each, in their order.
#[inline(always)]
pub(super) fn add_pairs<F: VectorField>(unit: F, table: &mut Vec<F::Row>, work: &mut Work<F>) {
    let Work { pairs, cancelled, divisors, products, twins } = work;
    cancelled.clear();
    divisors.clear();
    products.clear();
    twins.clear();
    let count = pairs.len();
    let Some(last) = pairs.last().copied() else { return };
    // the last group is filled with copies of a pair
    pairs.resize(count.next_multiple_of(LANES), last);
    let groups = pairs.as_chunks::<LANES>().0;
    let first_row = table.len();
    table.resize(first_row + pairs.len(), unit.row(&[0; 8]));
    let (points, sums) = table.split_at_mut(first_row);

    let one = unit.splat(&[1, 0, 0, 0]);
    let mut chains = [one; 2];
    for (number, group) in groups.iter().enumerate() {
        let chain = &mut chains[number % 2];
        let (x1, x2) = (unit.xs(&gather::<F>(points, group, 0)), unit.xs(&gather::<F>(points, group, 1)));
        // weight 1 + 2
        let divisor = unit.factor(&unit.sub(&x2, &x1, 1));
        products.push(*chain);
        *chain = unit.mul(chain, &divisor);
        divisors.push(divisor);
    }
    let mut inverses = invert(unit, &chains).unwrap_or_else(|| {
        products.clear();
        chains = [one; 2];
        for (number, (group, divisor)) in groups.iter().zip(divisors.iter_mut()).enumerate() {
            let chain = &mut chains[number % 2];
            twins.push(replace_twins(unit, points, group, divisor));
            products.push(*chain);
            *chain = unit.mul(chain, divisor);
        }
        invert(unit, &chains).expect("a point's y is not zero, as the curve's order is odd")
    });

    let rows = sums.as_chunks_mut::<LANES>().0;
    let steps = divisors.iter().zip(products.iter());
    for (number, ((group, rows), (divisor, product))) in groups.iter().zip(rows).zip(steps).enumerate().rev() {
        let inverse_of_all = &mut inverses[number % 2];
        let inverse = unit.mul(inverse_of_all, product);
        *inverse_of_all = unit.mul(inverse_of_all, divisor);

        let [(x1, y1), (x2, y2)] = operands(unit, points, group);
        // weight 2 + 4
        let mut rise = unit.factor(&unit.sub(&y2, &y1, 2));
        if let Some([equal, opposite]) = twins.get(number) {
            let square = unit.square(&x1);
            let tangent = unit.factor(&unit.add(&unit.add(&square, &square), &square));
            rise = unit.select(*equal, &rise, &tangent);
            cancelled
                .extend((0..LANES).rev().filter(|lane| opposite >> lane & 1 == 1).map(|lane| LANES * number + lane));
        }
        let slope = unit.mul(&rise, &inverse);
        // weights: 1 + 4 for x3; 1 + 2 for the run; 1 + 4 for y3
        let x3 = unit.reduce(&unit.sub(&unit.square(&slope), &unit.add(&x1, &x2), 2));
        let run = unit.factor(&unit.sub(&x1, &x3, 1));
        let y3 = unit.reduce(&unit.sub(&unit.mul(&slope, &run), &y1, 2));
        *rows = unit.rows(&x3, &y3);
    }
    cancelled.reverse();
    cancelled.truncate(cancelled.partition_point(|pair| *pair < count));
    pairs.truncate(count);
    table.truncate(first_row + count);
}

/// Collects the points of one side of a group.
#[inline(always)]
fn gather<F: VectorField>(points: &[F::Row], group: &[[Entry; 2]; LANES], side: usize) -> [F::Row; LANES] {
    // a loop, since compilers keep the closure of `map` on an array this large apart
    let mut rows = [points[0]; LANES];
    for (row, pair) in rows.iter_mut().zip(group) {
        *row = points[(pair[side] >> 1) as usize];
    }
    rows
}

/// Returns x and y of both sides, with the entries' signs. Weights: x 1, y at most 2.
#[inline(always)]
fn operands<F: VectorField>(
    unit: F,
    points: &[F::Row],
    group: &[[Entry; 2]; LANES],
) -> [(F::Elements, F::Elements); 2] {
    let zero = unit.splat(&[0; 4]);
    let (x1, y1) = unit.coordinates(&gather::<F>(points, group, 0));
    let (x2, y2) = unit.coordinates(&gather::<F>(points, group, 1));
    let y1 = unit.select(signs(group, 0), &y1, &unit.sub(&zero, &y1, 1));
    let y2 = unit.select(signs(group, 1), &y2, &unit.sub(&zero, &y2, 1));
    [(x1, y1), (x2, y2)]
}

/// Returns which points of one side are negative.
#[inline(always)]
fn signs(group: &[[Entry; 2]; LANES], side: usize) -> Mask {
    group.iter().rev().fold(0, |mask, pair| mask << 1 | Mask::from(pair[side] & 1 == 1))
}

/// Replaces the divisors of twins, and returns which pairs are equal and which are opposite.
#[inline(always)]
fn replace_twins<F: VectorField>(
    unit: F,
    points: &[F::Row],
    group: &[[Entry; 2]; LANES],
    divisor: &mut F::Elements,
) -> [Mask; 2] {
    let twins = unit.zeros(divisor);
    if twins == 0 {
        return [0, 0];
    }
    let [(_, y1), (_, y2)] = operands(unit, points, group);
    // weight 2 + 4
    let same_side = unit.zeros(&unit.sub(&y2, &y1, 2));
    let [equal, opposite] = [twins & same_side, twins & !same_side];
    let doubled = unit.factor(&unit.add(&y1, &y1));
    let replaced = unit.select(equal, divisor, &doubled);
    *divisor = unit.select(opposite, &replaced, &unit.splat(&[1, 0, 0, 0]));
    [equal, opposite]
}

/// Inverts sixteen numbers by one inversion of k256. Returns `None` if one is zero.
#[inline(always)]
fn invert<F: VectorField>(unit: F, chains: &[F::Elements; 2]) -> Option<[F::Elements; 2]> {
    invert_words(chains.map(|chain| unit.store(&chain))).map(|words| words.map(|words| unit.load(&words)))
}

/// Inverts sixteen canonical numbers: Montgomery's trick once more.
fn invert_words(mut numbers: [[[u64; 4]; LANES]; 2]) -> Option<[[[u64; 4]; LANES]; 2]> {
    let mut values = [Field::ONE; 2 * LANES];
    let mut products = values;
    let mut product = Field::ONE;
    for ((words, value), before) in numbers.as_flattened().iter().zip(&mut values).zip(&mut products) {
        *value = Field::from_bytes(&to_bytes(words).into()).expect("a canonical number");
        *before = product;
        product = product * &*value;
    }
    let mut inverse = product.invert_vartime().into_option()?;
    for ((words, value), before) in numbers.as_flattened_mut().iter_mut().zip(&values).zip(&products).rev() {
        *words = from_bytes(&(inverse * before).normalize().to_bytes().into());
        inverse = inverse * value;
    }
    Some(numbers)
}
