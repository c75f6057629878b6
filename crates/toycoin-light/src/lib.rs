//! Light clients of toycoin: what somebody may believe who does not have the chain, and why.
//!
//! # The idea
//!
//! A full node checks every block. A light client asks for the tip of the chain and for a proof of the work behind it.
//! A proof of a million headers takes 160 kB, while the headers take 128 MB.
//!
//! Each header commits to all headers before it and to the work up to each, as leaves of a Merkle mountain range. So a
//! forger who claims work that nobody did has to invent leaves. The client draws points in the claimed work and asks
//! for the header at each. Nobody can show a header with proof of work where none was done:
//!
//! ```text
//!   genesis                                        claimed work                                          tip
//!   ├──────────┬────────────────────────────────────┬──────────────────┬─────────┬────┬─── tail: 100 headers
//!     ·    ·      ·     ·    ·     ·    ·     ·    ·  ·   ·  ·  ·  ·   · · · · · · ····    points, drawn by the client
//!   └ each octave is twice as long as the one after it and has equally many points, since forks are short
//! ```
//!
//! With 24 points in each octave, a forger with half of the honest power succeeds with a probability of 2^-66.
//!
//! | to learn | ask for | verify with |
//! | --- | --- | --- |
//! | how much work is behind a tip | a [`WorkProof`] | [`verify`] |
//! | that old headers are its ancestors | an [`AncestryProof`] | [`verify_ancestry`] |
//! | that a block holds a transaction | a [`Receipt`] | [`verify_receipt`] |
//! | the same as the first, from a file | the file's bytes | [`verify_file`] |
//! | the first three at once, from a file | a [`ReceiptFile`] | [`ReceiptFile::verify`] |
//! | all coins after a block | a [`Manifest`](toycoin_core::snapshot::Manifest) and chunks | [`machine::snapshot`] |
//!
//! The verifiers are pure: they read no clock and draw no randomness. docs/light.md lists their checks in order, what
//! each prevents, and what a light client cannot see.
//!
//! # A proof, made and verified
//!
//! ```
//! use toycoin_light::{
//!     Challenge, ProofError, verify,
//!     test_util::{HeaderChain, Prover, networks},
//! };
//!
//! // the server has all headers
//! let params = networks::fixed();
//! let chain = HeaderChain::grown(params.clone(), 1_000, 1);
//!
//! // the client draws a seed that nobody could prepare for
//! let challenge = Challenge::new(*b"32 bytes of the client's own die");
//! let mut proof = Prover::new(&chain).prove(&challenge);
//! let now_ms = chain.tip().header.time;
//!
//! let tip = verify(&params, &proof, &challenge, now_ms)?;
//! assert_eq!((tip.height(), tip.work()), (1_000, chain.tip().work));
//! assert!(proof.encoded_size() < 60_000, "1,000 headers take 128,000 bytes");
//!
//! // a server that leaves out what it was asked for is found out
//! proof.samples.pop();
//! let error = verify(&params, &proof, &challenge, now_ms).unwrap_err();
//! assert!(matches!(error, ProofError::PointUncovered { .. }));
//! # Ok::<(), ProofError>(())
//! ```
//!
//! # Features
//!
//! No feature is on by default. `test-util` adds chains of headers that may lie, and a slow prover over them.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation))]

mod ancestry;
mod challenge;
mod error;
mod file;
pub mod limits;
pub mod machine;
mod proved;
mod receipt;
mod receipt_file;
mod rise;
mod samples;
mod tail;
#[cfg(feature = "test-util")]
pub mod test_util;
mod verify;

pub use self::{
    ancestry::{AncestryError, verify_ancestry},
    challenge::{Challenge, Start},
    error::{HeaderFault, ProofError},
    file::{MAX_PROOF, ProofFileError, decode_proof, encode_proof, verify_file},
    proved::{ProvedHeader, ProvedTip},
    receipt::{ReceiptError, verify_receipt},
    receipt_file::{
        FileAncestry, MAX_RECEIPT, MAX_RECEIPT_HEADERS, RECEIPT_VERSION, ReceiptFile, ReceiptFileError, Shown,
        ShownWork,
    },
    rise::rise_divisor,
    verify::{LEAST_HEIGHT, MAX_NODES, verify},
};
pub use toycoin_core::proof::{AncestryProof, Opening, Receipt, ReceiptTransaction, Sample, WorkProof};
