//! A test kit: blocks without an engine, one mutation per rule, and strategies for property tests.
//!
//! ```text
//!   TestLedger    consensus functions over a plain map of coins: the slow, obvious model of a chain
//!   Scene         a valid block in its context ──▶ mutations::all(): one per rule, which breaks it
//!   grow          a long chain of empty blocks in the engine itself
//!   store_suite   what every store must do, compared with the model in memory
//!   strategies    chains, fork trees, graphs of payments, which shrink to small ones
//! ```
//!
//! The feature `gallery` is enough for the model, the scene and the mutations. Everything else needs `test-util`, which
//! brings in proptest.
//!
//! All coins of the kit belong to [classroom keys](classroom), whose secrets are public.
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
#[cfg(feature = "test-util")]
mod growth;
mod judge;
mod ledger;
pub mod mutations;
#[cfg(feature = "test-util")]
mod openings;
mod payments;
mod scene;
#[cfg(feature = "test-util")]
mod snapshots;
#[cfg(feature = "test-util")]
mod store_suite;
#[cfg(feature = "test-util")]
pub mod strategies;

#[cfg(feature = "test-util")]
pub use self::{
    growth::grow,
    openings::assert_openings,
    snapshots::{snapshot_coins, snapshot_root},
    store_suite::store_suite,
};
pub use self::{judge::judge, ledger::TestLedger, payments::Payments, scene::Scene};
