//! A simulated network: the real machines under virtual time.

mod config;
mod desk;
mod director;
mod driver;
mod faults;
mod node;
mod play;
mod shared;
#[cfg(feature = "attacks")]
mod showing;
mod stage;
#[cfg(feature = "attacks")]
mod staged;
mod translation;

pub use self::{config::SimulatedConfig, director::Director, node::SimulatedNode, stage::Simulated};
