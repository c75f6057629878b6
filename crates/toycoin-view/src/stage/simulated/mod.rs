//! A simulated network: the real machines under virtual time.

mod config;
mod director;
mod driver;
mod faults;
mod node;
mod stage;
mod translation;

pub use self::{config::SimulatedConfig, director::Director, node::SimulatedNode, stage::Simulated};
