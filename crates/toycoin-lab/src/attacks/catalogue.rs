//! The list of all attacks.

use crate::{
    attack::Attack,
    attacks::{
        Censor, Dilate, DoubleSpend, Eclipse, Feather, FeeSniping, Freeze, Hop, Majority, MisleadLight, Noise, Raise,
        Replace, SelfishMining, Shock, SlowClock, Spam, StaleRates, StubbornMining, Timestamps, Undercutting,
    },
};

/// Returns all attacks, in the order of their pages.
pub fn catalogue() -> &'static [&'static dyn Attack] {
    &[
        &DoubleSpend,
        &Majority,
        &SelfishMining,
        &StubbornMining,
        &Eclipse,
        &Dilate,
        &Timestamps,
        &Raise,
        &Freeze,
        &SlowClock,
        &Censor,
        &Feather,
        &FeeSniping,
        &Undercutting,
        &Spam,
        &Replace,
        &Noise,
        &Shock,
        &Hop,
        &MisleadLight,
        &StaleRates,
    ]
}
