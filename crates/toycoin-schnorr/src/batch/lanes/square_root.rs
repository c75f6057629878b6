//! Square roots: one chain of 253 squarings for each group of eight elements.

use crate::batch::lanes::vector_field::VectorField;

/// Raises each element to the power (p + 1) / 4. This is a root of each number that is a square, since p = 3 mod 4. The
/// addition chain is that of the portable path: blocks of 223, 22 and 2 ones. Each squaring waits for the one before, so
/// N groups take turns.
#[inline(always)]
pub(super) fn square_roots<F: VectorField, const N: usize>(unit: F, a: &[F::Elements; N]) -> [F::Elements; N] {
    let x2 = then(unit, a, 1, a);
    let x3 = then(unit, &x2, 1, a);
    let x6 = then(unit, &x3, 3, &x3);
    let x9 = then(unit, &x6, 3, &x3);
    let x11 = then(unit, &x9, 2, &x2);
    let x22 = then(unit, &x11, 11, &x11);
    let x44 = then(unit, &x22, 22, &x22);
    let x88 = then(unit, &x44, 44, &x44);
    let x176 = then(unit, &x88, 88, &x88);
    let x220 = then(unit, &x176, 44, &x44);
    let x223 = then(unit, &x220, 3, &x3);
    let x = then(unit, &then(unit, &x223, 23, &x22), 6, &x2);
    x.map(|x| unit.square(&unit.square(&x)))
}

/// Squares `squarings` times, then multiplies.
#[inline(always)]
fn then<F: VectorField, const N: usize>(
    unit: F,
    base: &[F::Elements; N],
    squarings: usize,
    factors: &[F::Elements; N],
) -> [F::Elements; N] {
    let mut powers = *base;
    for _ in 0..squarings {
        for power in &mut powers {
            *power = unit.square(power);
        }
    }
    for (power, factor) in powers.iter_mut().zip(factors) {
        *power = unit.mul(power, factor);
    }
    powers
}
