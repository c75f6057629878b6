//! Double spend: a payment is confirmed, and then a hidden branch that pays the same coin elsewhere replaces it.

mod attack;
mod hidden_branch;
mod record;

pub use self::attack::DoubleSpend;
