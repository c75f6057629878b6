//! A live view of a toycoin network: events, a page, a JSON API, metrics.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
mod app;
pub mod command;
pub mod counters;
pub mod event;
pub mod hub;
mod index;
pub mod limits;
mod metrics;
mod problem;
pub mod reader;
pub mod record;
mod reporter;
mod server;
pub mod stage;
pub mod state;
mod view;

pub use self::{
    hub::Hub,
    stage::Stage,
    view::{View, ViewBuilder},
};
