//! Batch verification of BIP-340 signatures, by the crate `toycoin-schnorr`.
//!
//! The consensus rules use it through [`BatchVerifier`](crate::consensus::BatchVerifier), which takes a [`Path`]: portable
//! code, or with the feature `vectors` the vector units of this machine.

pub use toycoin_schnorr::{Path, Triple, Verifier, verify_batch};
