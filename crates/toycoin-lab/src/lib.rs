//! Attack lab: famous attacks on a blockchain, run against the real machines of a node, with the theory beside them.
//!
//! An [`Attack`] runs in a whole simulated network. One seed gives one [trial](Trial). Many trials give a measured
//! number with its interval, and next to it stands the number that a paper or a formula expects.
//!
//! ```text
//!   Setting (q, z, defence, rules off) ─▶ Attack ──┬─▶ trial(seed) ─▶ Outcome ─┐
//!                                                  └─▶ theory ─▶ Expected ─────┴─▶ Row: measured, interval, theory
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attack;
pub mod attacks;
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
    measure::{Measure, trial_seed},
    outcome::{Observation, Outcome},
    row::{Cell, Comparison, Row, TOLERANCE},
    setting::{Parameter, Setting, SettingError},
    sweep::sweep,
    trial::{Trial, TrialError},
};
