//! A simulated network: the real machines under virtual time.

mod node;
mod stage;

pub use self::{node::SimulatedNode, stage::Simulated};
