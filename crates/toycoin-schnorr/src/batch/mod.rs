//! Batch verification of BIP-340 signatures. A large batch costs several times less than single
//! verification.
//!
//! A signature (R, s) of a message m by a key P is valid if `s G = R + e P`. Here e is the challenge, the tagged hash
//! of R, P and m. Each equation is multiplied by a coefficient that no signer can predict, and the sum of all is one
//! equation:
//!
//! ```text
//!   (Σ aᵢ sᵢ) G  =  Σ aᵢ Rᵢ + Σ (aᵢ eᵢ) Pᵢ        a₁ = 1, the others 128 bits of a hash over all of the batch
//! ```
//!
//! This is "Batch Verification" of [BIP-340](https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki). If every
//! signature is valid, the sum holds. If one is not, the sum holds for at most one value of its coefficient in 2^128.
//! Setting a₁ = 1 does no harm, because the equation can be scaled. The coefficients depend on every key, message and
//! signature, so a cheat has to guess again for each batch.
//!
//! ```text
//!   triples ─▶ equation    parsed scalars, coefficients (BLAKE3's extended output), x coordinates of all points;
//!                          one term per R, two per distinct key and for G (endomorphism: scalars of half the length)
//!           ─▶ lift        x ─▶ point: several square roots side by side
//!           ─▶ multiply    buckets of signed digits: affine additions that share an inversion
//!           ─▶ is the sum the identity?
//! ```
//!
//! The last three steps exist twice: in [`portable`] code, one operation at a time by k256, and in `lanes` of a vector
//! unit, eight at a time. A [`Path`] says which of them runs. All inputs are public, so the running time may depend on
//! them.

#![expect(
    clippy::op_ref,
    clippy::assign_op_pattern,
    reason = "k256 inlines a field element times a reference and no other form of the product"
)]

mod coefficients;
mod endomorphism;
mod equation;
#[cfg(all(feature = "vectors", target_arch = "x86_64"))]
mod lanes;
mod path;
mod portable;
mod verifier;
mod windows;

#[cfg(test)]
mod tests;

pub use self::{
    path::Path,
    verifier::{Verifier, verify_batch},
};
