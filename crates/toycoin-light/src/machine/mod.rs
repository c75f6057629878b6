//! The light client as a state machine: inputs and the time go in, outputs come out.

mod client;
mod coins;
mod config;
mod dispute;
mod fetcher;
mod heard;
mod io;
mod kind;
mod known;
mod net;
mod payments;
mod receipts;
mod saved;
mod search;
mod servers;
pub mod snapshot;
mod span;
mod tip;
mod window;

pub use self::{
    client::LightMachine,
    coins::Coins,
    config::LightConfig,
    io::{Event, Input, Output, ReceiptBundle, Server, Tip},
    saved::{Saved, SavedError},
};
