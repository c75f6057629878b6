//! The nonce search of toycoin: mining, without networking.
//!
//! A header is two BLAKE3 blocks, and the nonce is the last two message words of the second. A search hashes the first
//! block once and keeps its chaining value, the *midstate*. It then needs one compression per nonce instead of two:
//!
//! ```text
//!   bytes 0..64 ──compress──▶ midstate ──┐           once per header
//!   bytes 64..120 | nonce ───────────────┴─compress──▶ hash <= target?   once per nonce
//! ```
//!
//! [`Platform::PORTABLE`] does exactly that. The other platforms hash 4, 8 or 16 nonces side by side with the machine's
//! vector instructions. They leave out what all nonces share and what an early reject does not need. [`Search::new`]
//! takes the fastest platform of this machine. All platforms find the same nonce: the lowest of the range whose hash
//! meets the target.
//!
//! Nodes never search the same headers: each writes its own data and owner into its coinbase, so its Merkle root
//! differs. Workers of one node share a header and search disjoint [ranges](NonceRange) of its nonces.
//!
//! ```
//! use toycoin_core::{Chain, ChainParams, PublicKey};
//! use toycoin_pow::{NonceRange, Outcome, Search};
//!
//! let chain = Chain::in_memory(ChainParams::regtest());
//! let mut block = chain.template(vec![], PublicKey::ZERO, b"me", 1_767_225_700_000)?;
//! let search = Search::new(&block.header).expect("a template's bits are a target");
//! let Outcome::Found { nonce, .. } = search.run(NonceRange::new(0, 1_000)) else { panic!("one of two hashes will do") };
//! block.header.nonce = nonce;
//! assert!(block.check(chain.params()).is_ok());
//! # Ok::<(), toycoin_core::ChainError<std::convert::Infallible>>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod compress;
mod kernel;
mod platform;
mod range;
mod search;

pub use self::{
    platform::Platform,
    range::NonceRange,
    search::{Outcome, Search},
};

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
