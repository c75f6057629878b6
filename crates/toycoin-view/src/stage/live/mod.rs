//! A live network: real nodes over real sockets with real proof of work, and a gate before each node.

mod board;
mod config;
mod gate;
mod stage;
mod wallets;

pub use self::{config::LiveConfig, stage::Live};
