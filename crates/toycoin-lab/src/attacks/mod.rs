//! The attacks. Each is a directory or a file with its tactic, its trial, and its place in the theory.

mod catalogue;
mod double_spend;
mod stale_rates;
mod world;

pub use self::{catalogue::catalogue, double_spend::DoubleSpend, stale_rates::StaleRates};
