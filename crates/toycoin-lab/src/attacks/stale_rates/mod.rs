//! Stale rates: how many blocks of famous networks are lost to delay, without any attack.

mod attack;
mod network;

pub use self::attack::StaleRates;
