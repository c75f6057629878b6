//! A live view of a toycoin network: a page, a stream of events, a JSON API and metrics.
//!
//! Something happens in a network: a block is found, a message is on its way, a payment enters a mempool.
//!
//! - A *stage* is where it happens.
//! - Its *reporter* turns what nodes and messages do into [events](event::Event) of one schema.
//! - The [hub](Hub) numbers the events, adds them up to a [state](state::State) and keeps the last ones.
//! - *Viewers* get a state and every event after it, whenever they join. One that reads too slowly gets a new state.
//!
//! So the page, a script and a record file see the same. None of them needs to know whether the network is simulated or
//! live.
//!
//! ```text
//!   simulated network ┐                                ┌─▶ the page, curl: server-sent events
//!   live network      ├─ stage ─▶ reporter ─▶ hub ─────┼─▶ record file ─▶ saved page
//!   nodes of yours    │    ▲     events       state    └─▶ counters ─▶ metrics
//!   relay, listener   ┘    │
//!                          ├── commands: part, heal, pay, pause ◀── the link with the token
//!                          └── questions to nodes ◀── the JSON API
//! ```
//!
//! A [`View`] serves all of it on one address. A stage is what [`View::builder`] takes:
//!
//! | what is shown | stage |
//! | --- | --- |
//! | the real nodes under virtual time, which can be paused and stepped | [`Simulated`](stage::simulated::Simulated) |
//! | nodes that really mine and meet over TCP | [`Live`](stage::live::Live) |
//! | nodes that a program runs for its own purposes | [`Nodes`](stage::Nodes) |
//! | the clients of a relay; what a listener hears | [`Clients`](stage::Clients), [`Heard`](stage::Heard) |
//! | what happened earlier | [`Record`](record::Record) |
//! | anything that tells a hub its events | [`Stage::from_hub`] |
//!
//! A network can be watched without a page, too. This one is parted for a virtual minute, and then has two tips:
//!
//! ```
//! use std::{collections::BTreeSet, time::Duration};
//! use toycoin_view::{
//!     command::Command,
//!     stage::simulated::{Director, SimulatedConfig},
//! };
//!
//! let mut lesson = Director::new(&SimulatedConfig::new(7).nodes(4));
//! lesson.command(Command::Partition { groups: vec![vec![0, 1], vec![2, 3]] })?;
//! lesson.run_to(Duration::from_secs(60));
//! let tips: BTreeSet<_> = lesson.hub().look(|state| state.nodes.iter().map(|node| node.tip.clone()).collect());
//! assert_eq!(tips.len(), 2);
//! # Ok::<(), toycoin_view::command::Refusal>(())
//! ```
//!
//! # Modules
//!
//! - [`event`]: the schema; [`state`]: what all events add up to, and the reducer.
//! - [`hub`]: numbers, keeps and encodes events, and lets viewers join.
//! - [`stage`]: where events come from and who carries out [`command`]s.
//! - [`attack`]: attacks that a simulated stage shows, with the feature `attacks`.
//! - [`record`]: a run as a file, and as a page that opens without a server.
//! - [`reader`]: questions to a node, whichever stage it is on.
//! - [`counters`]: what the metrics count.
//! - [`limits`]: the bound of everything that a viewer or a network can cause.
//!
//! # Security
//!
//! The server answers to host names that it knows, to its own page, and commands need a token of 128 random bits. On an
//! address that other machines reach, reading needs a token too. `docs/view.md` of the repository has the whole list.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
mod app;
pub mod attack;
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

/// Doctest of the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
