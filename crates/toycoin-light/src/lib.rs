//! A light client of toycoin: what somebody believes who has not the chain, and why.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation))]

pub use toycoin_core::proof::{Opening, Sample, WorkProof};
