//! The path for vector units: eight field elements side by side.
//!
//! A vector holds one limb of eight elements, and an instruction does to all of them what a scalar one does to one:
//!
//! ```text
//!   element       0    1    2    3    4    5    6    7
//!   limb 0       [ .    .    .    .    .    .    .    . ]   one vector
//!   limb 1       [ .    .    .    .    .    .    .    . ]   the next
//!   ..
//! ```
//!
//! Verification has much work of this kind. All square roots of a batch are independent of one another, and so are the
//! additions of one round of bucket sums.
//!
//! | file | what it has |
//! | --- | --- |
//! | [`vector_field`] | the operations on eight elements, as a trait, and their bounds |
//! | [`ifma`], [`avx2`] | the operations, in the intrinsics of two instruction sets |
//! | [`dispatch`] | who may call them: the only `unsafe` of this crate |
//! | [`square_root`], [`lift`], [`addition`] | what is done with eight elements, for every instruction set |
//! | [`lists`], [`multiply`] | which points are added to which: plain code |
//!
//! Why intrinsics: compilers vectorise loops over lanes here by chance. Some instances of one generic function become
//! vectors, and others become hundreds of scalar products. The high half of a product of 52 bits is never recognised.

mod addition;
mod avx2;
mod dispatch;
mod ifma;
mod lift;
mod lists;
mod multiply;
mod square_root;
mod vector_field;
mod verification;
mod words;

#[cfg(test)]
mod tests;

pub(super) use self::{
    dispatch::{Avx2, Ifma},
    verification::{Scratch, holds},
};
