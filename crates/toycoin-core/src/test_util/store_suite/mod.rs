//! A conformance suite for stores.
//!
//! A store is compared with the model in memory, through payments, reorganisations, invalid blocks, restarts and moves
//! in parts. After each step, both answer every possible question, and the answers must agree.

mod answers;
mod pair;
mod scenes;
mod suite;

pub use self::suite::store_suite;
