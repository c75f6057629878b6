//! The equation of a batch, verified in lanes.

use k256::ProjectivePoint;

pub(in crate::batch) use crate::batch::lanes::multiply::Scratch;
use crate::batch::{
    equation::Equation,
    lanes::{lift::GENERATOR, vector_field::VectorField},
    windows::Windows,
};

/// Returns whether the equation holds.
pub(in crate::batch) fn holds<F: VectorField>(unit: F, mut equation: Equation<'_>, scratch: &mut Scratch<F>) -> bool {
    equation.xs.push(&GENERATOR);
    scratch.table.clear();
    if !unit.lift(&equation.xs, equation.nonces, &mut scratch.table) {
        return false;
    }
    let windows = Windows::for_terms(equation.scalars.len());
    scratch.sum(unit, &equation.scalars, windows) == ProjectivePoint::IDENTITY
}
