//! Batch verification of BIP-340 signatures, by the crate `toycoin-schnorr`.
//!
//! The consensus rules use it through [`BatchVerifier`](crate::consensus::BatchVerifier).

pub use toycoin_schnorr::{CROSSOVER, Triple, verify_batch};
