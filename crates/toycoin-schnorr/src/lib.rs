//! Verification of [BIP-340](https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki) Schnorr signatures over
//! secp256k1, one by one and in batches.
//!
//! Keys are the 32 bytes of an x coordinate, and signatures are 64 bytes. Any bytes may be passed: what encodes no point
//! or no scalar is an invalid signature. There are no secrets here, so the running time may depend on every input.
//!
//! ```text
//!   single   verify          one signature, by k256
//!   batch    verify_batch    many signatures by one equation
//!            Verifier        the same on a Path that the caller chooses: portable code or a vector unit
//! ```
//!
//! # Example
//!
//! ```
//! use k256::schnorr::SigningKey;
//! use toycoin_schnorr::{Triple, verify, verify_batch};
//!
//! let secret = SigningKey::from_slice(&[7; 32]).unwrap();
//! let key: [u8; 32] = secret.verifying_key().to_bytes().into();
//! let messages = [b"one", b"two"];
//! let signatures = messages.map(|message| secret.sign_raw(message, &[0; 32]).unwrap().to_bytes());
//!
//! assert!(verify(&key, messages[0], &signatures[0]));
//! let triple = |i: usize| Triple { key: &key, message: messages[i], signature: &signatures[i] };
//! assert!(verify_batch(&[triple(0), triple(1)]));
//!
//! // a signature of another message makes the whole batch invalid
//! let wrong = Triple { message: b"three", ..triple(1) };
//! assert!(!verify_batch(&[triple(0), wrong]));
//! ```
//!
//! # Features
//!
//! - `vectors` adds paths for vector units: AVX-512 IFMA and AVX2. Without it the crate forbids `unsafe` code.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "vectors"), forbid(unsafe_code))]
#![warn(clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation))]

mod batch;
mod single;
mod triple;

pub use self::{
    batch::{Path, Verifier, verify_batch},
    single::verify,
    triple::Triple,
};

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
