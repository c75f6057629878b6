//! Verification of a batch.

use crate::{
    batch::{equation::Equation, lift::lift_all, multiply::sum_is_identity, point::Point},
    triple::Triple,
};

/// Smallest batch that costs less than single verification of its signatures (measured: docs/performance.md).
pub const CROSSOVER: usize = 4;

/// Returns whether all signatures are valid. The result does not say which one is invalid.
///
/// It accepts exactly the batches of which [`verify`](crate::verify) accepts each signature, except with probability
/// 2^-128.
pub fn verify_batch(triples: &[Triple<'_>]) -> bool {
    let Some(equation) = Equation::new(triples) else { return false };
    let Some(mut points) = lift_all(&equation.xs) else { return false };
    points.push(Point::generator());
    let mapped: Vec<_> = points.iter().skip(equation.nonces).map(Point::endomorphism).collect();
    points.extend(mapped);
    let terms: Vec<_> = points.into_iter().zip(equation.scalars).collect();
    sum_is_identity(&terms)
}
