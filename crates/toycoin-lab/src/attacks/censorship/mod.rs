//! Censorship: miners or relays keep one payer's payments out, or fight the blocks that have them.

mod censor;
mod censoring_miner;
mod feather;
mod silent_relay;

pub use self::{censor::Censor, feather::Feather};
