//! Eight elements of the field, as an interface.
//!
//! # Weights
//!
//! Additions and subtractions are lazy: they add limbs and carry nothing, so limbs grow beyond their nominal size. Each
//! element has a *weight* w, the number of times that each limb may exceed a limb of a product:
//!
//! | operation | weight of the result | condition |
//! | --- | ---: | --- |
//! | [`mul`](VectorField::mul), [`square`](VectorField::square) | 1 | factors are [factors](VectorField::factor) |
//! | [`load`](VectorField::load), [`coordinates`](VectorField::coordinates), [`reduce`](VectorField::reduce) | 1 | |
//! | [`add`](VectorField::add) | the sum of both | at most 7 |
//! | [`sub`](VectorField::sub) by 2^s p | that of the first, plus 2^s | the second weighs less than 2^s |
//! | [`factor`](VectorField::factor) | unchanged | at most 7 |
//!
//! Builds with debug assertions check the limbs. Why 7: products of two such elements fit the columns of every
//! instruction set (see there).

use std::fmt::Debug;

use crate::batch::lanes::words::Words;

/// The number of elements side by side.
pub(super) const LANES: usize = 8;

/// A mask of lanes: bit i stands for element i.
pub(super) type Mask = u8;

/// A vector unit, and what it does with eight elements at a time. The value proves that this machine has it.
///
/// A `Row` is one point of the curve, x then y, each below 2^256 but not always below p.
pub(in crate::batch) trait VectorField: Copy + Debug + Send + Sync + 'static {
    /// Eight elements.
    type Elements: Copy + Debug + Send + 'static;
    /// One point.
    type Row: Copy + Debug + Send + 'static;

    /// Returns eight equal elements, of weight 1.
    fn splat(self, words: &Words) -> Self::Elements;
    /// Reads eight numbers below 2^256.
    fn load(self, numbers: &[Words; LANES]) -> Self::Elements;
    /// Writes the canonical values, below p.
    fn store(self, a: &Self::Elements) -> [Words; LANES];

    /// Returns a + b.
    fn add(self, a: &Self::Elements, b: &Self::Elements) -> Self::Elements;
    /// Returns a - b + 2^shift p.
    fn sub(self, a: &Self::Elements, b: &Self::Elements, shift: u32) -> Self::Elements;
    /// Prepares a sum for multiplication. The value stays the same.
    fn factor(self, a: &Self::Elements) -> Self::Elements;
    /// Returns a b.
    fn mul(self, a: &Self::Elements, b: &Self::Elements) -> Self::Elements;
    /// Returns a².
    fn square(self, a: &Self::Elements) -> Self::Elements;
    /// Returns the same elements as numbers below 2^256.
    fn reduce(self, a: &Self::Elements) -> Self::Elements;
    /// Returns the same elements as numbers below p.
    fn canonical(self, a: &Self::Elements) -> Self::Elements;

    /// Returns b where the mask is set, and a elsewhere.
    fn select(self, mask: Mask, a: &Self::Elements, b: &Self::Elements) -> Self::Elements;
    /// Returns which elements are zero.
    fn zeros(self, a: &Self::Elements) -> Mask;
    /// Returns which elements are odd. They must be [canonical](Self::canonical).
    fn odds(self, a: &Self::Elements) -> Mask;

    /// Makes a point of words.
    fn row(self, words: &[u64; 8]) -> Self::Row;
    /// Returns the x of eight points.
    fn xs(self, rows: &[Self::Row; LANES]) -> Self::Elements;
    /// Returns x and y of eight points.
    fn coordinates(self, rows: &[Self::Row; LANES]) -> (Self::Elements, Self::Elements);
    /// Makes points of their coordinates, which are [reduced](Self::reduce).
    fn rows(self, x: &Self::Elements, y: &Self::Elements) -> [Self::Row; LANES];

    /// Runs [`lift`](crate::batch::lanes::lift::lift) with the instructions of this unit.
    fn lift(self, xs: &[&[u8; 32]], mapped: usize, table: &mut Vec<Self::Row>) -> bool;
    /// Runs [`add_pairs`](crate::batch::lanes::addition::add_pairs) with the instructions of this unit.
    fn add_pairs(self, table: &mut Vec<Self::Row>, work: &mut crate::batch::lanes::addition::Work<Self>);
}
