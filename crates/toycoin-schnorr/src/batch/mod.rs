//! Batch verification of BIP-340 signatures. A large batch costs less than half as much as single verification.
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
//!   triples ─▶ parsed: scalars, x coordinates     lift: x ─▶ point, four square roots side by side
//!           ─▶ coefficients                       BLAKE3's extended output
//!           ─▶ terms: one per R, two per distinct key and for G (endomorphism: scalars of half the length)
//!           ─▶ multiply: buckets of signed digits  ─▶ segments: affine additions that share an inversion
//!           ─▶ is the sum the identity?
//! ```
//!
//! All inputs are public, so the running time may depend on them. Fields, points and scalars are those of k256.

#![expect(
    clippy::op_ref,
    clippy::assign_op_pattern,
    reason = "k256 inlines a field element times a reference and no other form of the product"
)]

mod coefficients;
mod endomorphism;
mod equation;
mod lift;
mod multiply;
mod point;
mod segments;
mod verification;

#[cfg(test)]
mod tests;

pub use self::verification::{CROSSOVER, verify_batch};
