//! Eight elements as twice four, in ten limbs of 26 bits, by the instructions AVX2.
//!
//! `vpmuludq` multiplies the low 32 bits of four lanes to products of 64 bits. Limbs of 26 bits leave room for sums:
//! factors may have limbs of 29 bits, so the sums of this crate are never carried before a product.
//!
//! p = 2^256 - 2^32 - 977. In limbs, 2^256 = 2^6 2^26 + 0x3d1 and 2^260 = 2^10 2^26 + 0x3d10 in the field.

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
