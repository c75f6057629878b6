//! The list of all attacks.

use crate::{
    attack::Attack,
    attacks::{DoubleSpend, StaleRates},
};

/// Returns all attacks, in the order of their pages.
pub fn catalogue() -> &'static [&'static dyn Attack] {
    &[&DoubleSpend, &StaleRates]
}
