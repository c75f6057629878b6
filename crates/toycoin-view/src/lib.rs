//! A live view of a toycoin network: events, a page, a JSON API, metrics.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod app;
pub mod command;
pub mod event;
pub mod hub;
pub mod limits;
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
