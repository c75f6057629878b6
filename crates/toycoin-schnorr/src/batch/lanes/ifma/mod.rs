//! Eight elements in five limbs of 52 bits, by the instructions AVX-512 IFMA.
//!
//! `vpmadd52` multiplies the low 52 bits of two lanes and adds the low or the high half of the product to a third. It
//! ignores what a limb has above 52 bits, so factors must be carried ([`factor`]), but columns of products never are.
//!
//! p = 2^256 - 2^32 - 977, hence 2^256 = 0x1000003d1 and 2^260 = 0x1000003d10 in the field.

mod elements;
mod product;
mod rows;
mod sum;

pub(in crate::batch) use self::{elements::Elements, rows::Row};
pub(super) use self::{
    product::{mul, square},
    rows::{coordinates, load, row, rows, splat, store, xs},
    sum::{add, canonical, factor, odds, reduce, select, sub, zeros},
};
