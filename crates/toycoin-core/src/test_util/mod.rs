//! A test kit: blocks without an engine, one mutation a rule, and strategies for property tests.
//!
//! ```text
//!   TestLedger    consensus functions over a plain map of coins: the slow, obvious model of a chain
//!   Scene         a valid block in its place ──▶ mutations::all(): one for each rule, that breaks it
//!   grow          a long chain of empty blocks in the engine itself, in no time
//!   store_suite   what every store must do, driven beside the model in memory
//!   strategies    chains, fork trees, graphs of payments, that shrink to small ones
//! ```
//!
//! All coins of the kit belong to [classroom keys](classroom), which anybody can sign with.
//!
//! ```
//! use toycoin_core::{
//!     ChainParams, Rule,
//!     test_util::{Scene, mutations},
//! };
//!
//! let overpaid = mutations::of(Rule::CoinbaseAmount);
//! let mut scene = Scene::new(ChainParams::regtest());
//! assert!(scene.judge().is_ok());
//! overpaid.apply(&mut scene);
//! assert_eq!(scene.judge().unwrap_err().rule(), Rule::CoinbaseAmount);
//! ```

pub mod classroom;
mod growth;
mod judge;
mod ledger;
pub mod mutations;
mod payments;
mod scene;
mod store_suite;
pub mod strategies;

pub use self::{
    growth::grow, judge::judge, ledger::TestLedger, payments::Payments, scene::Scene, store_suite::store_suite,
};
