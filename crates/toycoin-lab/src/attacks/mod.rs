//! The attacks. Each is a directory or a file with its tactic, its trial, and its place in the theory.

mod catalogue;
mod censorship;
mod difficulty;
mod double_spend;
mod eclipse;
mod history;
mod light;
mod mempool;
mod stale_rates;
mod time;
mod world;

pub use self::{
    catalogue::catalogue,
    censorship::{Censor, Feather},
    difficulty::{Hop, Noise, Shock},
    double_spend::DoubleSpend,
    eclipse::{Dilate, Eclipse},
    light::MisleadLight,
    mempool::{Replace, Spam},
    stale_rates::StaleRates,
    time::{Freeze, Raise, SlowClock, Timestamps},
};
