//! The attacks. Each is a directory or a file with its tactic, its trial, and its place in the theory.

mod catalogue;
mod censorship;
mod difficulty;
mod double_spend;
mod eclipse;
mod fees;
mod history;
mod light;
mod majority;
mod mempool;
mod rewriting;
mod selfish;
mod stale_rates;
mod time;
mod world;

pub use self::{
    catalogue::catalogue,
    censorship::{Censor, Feather},
    difficulty::{Hop, Noise, Shock},
    double_spend::DoubleSpend,
    eclipse::{Dilate, Eclipse},
    fees::{FeeSniping, Undercutting},
    light::MisleadLight,
    majority::Majority,
    mempool::{Replace, Spam},
    selfish::{SelfishMining, StubbornMining},
    stale_rates::StaleRates,
    time::{Freeze, Raise, SlowClock, Timestamps},
};
