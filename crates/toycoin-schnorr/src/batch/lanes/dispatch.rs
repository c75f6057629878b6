//! Vector units of this machine, and the only `unsafe` code of this crate.
//!
//! The functions of [`ifma`] and [`avx2`] are safe, but only where the compiler knows that the machine has their
//! instructions: inside functions that declare them. Everybody else needs `unsafe` to call them. Here a value of
//! [`Ifma`] or [`Avx2`] stands for that knowledge. It is made after the processor was asked, and by nothing else.
//!
//! The two functions that do the work, `lift` and `add_pairs`, are generic and declare no instructions. They are inlined
//! into a function that does, so that the compiler inlines the field's operations into them in turn.

#![expect(unsafe_code, reason = "calls of functions whose instructions not every machine has")]

use crate::batch::lanes::{
    addition::{self, Work},
    avx2, ifma, lift,
    vector_field::{LANES, Mask, VectorField},
    words::Words,
};

/// The knowledge that this machine has AVX-512 F and IFMA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::batch) struct Ifma(());

impl Ifma {
    /// Asks the processor, and the operating system, which must save the registers.
    pub(in crate::batch) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")).then_some(Self(()))
    }
}

/// The knowledge that this machine has AVX2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::batch) struct Avx2(());

impl Avx2 {
    /// Asks the processor, and the operating system, which must save the registers.
    pub(in crate::batch) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

/// Implements [`VectorField`] for a unit by the functions of the same names in its module.
macro_rules! vector_field {
    ($unit:ident, $module:ident, $features:literal) => {
        impl VectorField for $unit {
            type Elements = $module::Elements;
            type Row = $module::Row;

            vector_field! { @methods $module
                fn splat(words: &Words) -> Self::Elements;
                fn load(numbers: &[Words; LANES]) -> Self::Elements;
                fn store(a: &Self::Elements) -> [Words; LANES];
                fn add(a: &Self::Elements, b: &Self::Elements) -> Self::Elements;
                fn sub(a: &Self::Elements, b: &Self::Elements, shift: u32) -> Self::Elements;
                fn factor(a: &Self::Elements) -> Self::Elements;
                fn mul(a: &Self::Elements, b: &Self::Elements) -> Self::Elements;
                fn square(a: &Self::Elements) -> Self::Elements;
                fn reduce(a: &Self::Elements) -> Self::Elements;
                fn canonical(a: &Self::Elements) -> Self::Elements;
                fn select(mask: Mask, a: &Self::Elements, b: &Self::Elements) -> Self::Elements;
                fn zeros(a: &Self::Elements) -> Mask;
                fn odds(a: &Self::Elements) -> Mask;
                fn row(words: &[u64; 8]) -> Self::Row;
                fn xs(rows: &[Self::Row; LANES]) -> Self::Elements;
                fn coordinates(rows: &[Self::Row; LANES]) -> (Self::Elements, Self::Elements);
                fn rows(x: &Self::Elements, y: &Self::Elements) -> [Self::Row; LANES];
            }

            fn lift(self, xs: &[&[u8; 32]], mapped: usize, table: &mut Vec<Self::Row>) -> bool {
                #[target_feature(enable = $features)]
                fn run(unit: $unit, xs: &[&[u8; 32]], mapped: usize, table: &mut Vec<$module::Row>) -> bool {
                    lift::lift(unit, xs, mapped, table)
                }
                // SAFETY: `self` exists only if the machine has these instructions.
                unsafe { run(self, xs, mapped, table) }
            }

            fn add_pairs(self, table: &mut Vec<Self::Row>, work: &mut Work<Self>) {
                #[target_feature(enable = $features)]
                fn run(unit: $unit, table: &mut Vec<$module::Row>, work: &mut Work<$unit>) {
                    addition::add_pairs(unit, table, work);
                }
                // SAFETY: `self` exists only if the machine has these instructions.
                unsafe { run(self, table, work) }
            }
        }
    };
    (@methods $module:ident $(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(
            #[inline(always)]
            fn $name(self, $($argument: $type),*) -> $result {
                // SAFETY: `self` exists only if the machine has these instructions.
                unsafe { $module::$name($($argument),*) }
            }
        )*
    };
}

vector_field! { Ifma, ifma, "avx512f,avx512ifma" }
vector_field! { Avx2, avx2, "avx2" }
