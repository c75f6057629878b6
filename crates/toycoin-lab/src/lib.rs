//! Attack lab: famous attacks on a blockchain, run against the real machines of a node, with the theory beside them.
//!
//! An [`Attack`] runs in a whole simulated network. One seed gives one [trial](Trial). Many trials give a measured
//! number with its interval, and next to it stands the number that a paper or a formula expects.
//!
//! ```text
//!   Setting (q, z, defence, rules off) ─▶ Attack ──┬─▶ trial(seed) ─▶ Outcome ─┐
//!                                                  └─▶ theory ─▶ Expected ─────┴─▶ Row: measured, interval, theory
//! ```
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use toycoin_lab::{Measure, Row, Setting, attacks::DoubleSpend};
//!
//! let attack = DoubleSpend;
//! // the attacker has 40 % of the hash rate, and the merchant waits for one confirmation
//! let setting = Setting::of(&attack).with(&attack, "q", 0.4).with(&attack, "z", 1.0);
//! let measure = Measure { threads: 2, stop: &AtomicBool::new(false), done: &|_| () };
//! let row = Row::of(&attack, &setting, &measure.outcomes(&attack, &setting, 1, 0..40)?);
//! assert!(row.agrees());
//! # Ok::<(), toycoin_lab::TrialError>(())
//! ```
//!
//! - [`attacks`] has the attacks, and [`attacks::catalogue`] lists them.
//! - [`theory`] has the formulas, each with its source.
//! - [`gallery`] shows for each consensus rule the cheat that it prevents.
//! - A [`Driver`] moves a trial's network step by step, for people who watch it.
//! - [`stats`], [`output`] and [`plot`] turn outcomes into intervals, tables and charts.
//!
//! # Real machines
//!
//! Nothing here models a blockchain. The nodes are the [machines](toycoin_node::protocol::NodeMachine) that the programs
//! run, in the [simulator](toycoin_sim). An attacker is such a machine with a
//! [tactic](toycoin_sim::adversary::Tactic), and finds blocks as fast as its hash rate allows. A rule can be switched off
//! at all nodes ([`Setting::without`]), to see what it prevents.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attack;
pub mod attacks;
mod driver;
pub mod gallery;
mod measure;
mod outcome;
pub mod output;
pub mod plot;
mod row;
mod setting;
pub mod stats;
mod sweep;
pub mod theory;
mod trial;

pub use self::{
    attack::{Attack, Defence, Expected, Quantity},
    driver::Driver,
    measure::{Measure, trial_seed},
    outcome::{Observation, Outcome},
    row::{Cell, Comparison, Row, TOLERANCE},
    setting::{Parameter, Setting, SettingError},
    sweep::sweep,
    trial::{Finished, Trial, TrialError},
};
