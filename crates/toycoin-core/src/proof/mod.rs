//! Proofs for those who have not the chain: of its work, of its ancestors, of a payment.
//!
//! A header commits to every ancestor and to the work up to each, as leaves of a Merkle mountain range
//! ([`Ancestors`](crate::state::Ancestors)). So a tip, its last 100 ancestors and a few hundred others show how much
//! work is behind it. The asker draws which others: the more work a forger invents, the more of the draws hit what he
//! invented.
//!
//! ```text
//!   W ◀───────────── work before the tail ──────────────▶ ◀─ tail ─▶ tip
//!   │   octave 3    │     octave 2     │ octave 1 │ oct 0 │ 100 headers
//!   └ 24 points an octave, each drawn within its slice: the header whose work covers the point is a sample
//! ```
//!
//! Here are the forms of the proofs, and what the prover and the verifier share. The prover is
//! [`Chain::prove_work`](crate::Chain::prove_work) and its neighbours, the verifier is `toycoin-light`. docs/light.md
//! says what a light client believes, and why.

mod ancestry;
mod multiproof;
mod opening;
mod points;
mod receipt;
mod work_proof;

pub use self::{
    ancestry::AncestryProof,
    multiproof::{Folded, MultiproofError, Subtree, fold, missing_subtrees},
    opening::Opening,
    points::points,
    receipt::{Receipt, ReceiptTransaction},
    work_proof::{DEFAULT_SLICES, FILE_SLICES, MAX_SLICES, Sample, TAIL, WorkProof},
};
