//! The equation of a batch, verified by k256's field.

use crate::batch::{
    equation::Equation,
    portable::{lift::lift_all, multiply::sum_is_identity, point::Point},
};

/// Returns whether the equation holds.
pub(in crate::batch) fn holds(equation: Equation<'_>) -> bool {
    let Some(mut points) = lift_all(&equation.xs) else { return false };
    points.push(Point::generator());
    let mapped: Vec<_> = points.iter().skip(equation.nonces).map(Point::endomorphism).collect();
    points.extend(mapped);
    let terms: Vec<_> = points.into_iter().zip(equation.scalars).collect();
    sum_is_identity(&terms)
}
