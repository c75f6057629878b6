//! Selfish mining: withheld blocks make the work of others stale.

mod attack;
mod record;
mod stubborn;
mod withholder;
mod world;

pub use self::{attack::SelfishMining, stubborn::StubbornMining};
