//! The list of all attacks.

use crate::{
    attack::Attack,
    attacks::{
        Censor, Dilate, DoubleSpend, Eclipse, Feather, Freeze, Hop, MisleadLight, Noise, Raise, Replace, Shock,
        SlowClock, Spam, StaleRates, Timestamps,
    },
};

/// Returns all attacks, in the order of their pages.
pub fn catalogue() -> &'static [&'static dyn Attack] {
    &[
        &DoubleSpend,
        &Eclipse,
        &Dilate,
        &Timestamps,
        &Raise,
        &Freeze,
        &SlowClock,
        &Censor,
        &Feather,
        &Spam,
        &Replace,
        &Noise,
        &Shock,
        &Hop,
        &MisleadLight,
        &StaleRates,
    ]
}
