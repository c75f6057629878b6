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
mod lift;
mod multiply;
mod point;
mod segments;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use k256::{
    FieldBytes, NonZeroScalar, Scalar,
    elliptic_curve::ops::Reduce,
    schnorr,
    sha2::{Digest, Sha256},
};

use self::{
    coefficients::coefficients,
    endomorphism::{Half, split},
    lift::lift_all,
    multiply::sum_is_identity,
    point::Point,
};
use crate::{
    keyed_map::KeyedMap,
    keys::{PublicKey, Signature},
};

/// Smallest batch that costs less than single verification of its signatures (measured: docs/performance.md).
pub const CROSSOVER: usize = 4;

/// A signature to be verified, with its key and message: the input of BIP-340's `Verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Triple<'a> {
    /// The key that should have signed.
    pub key: &'a PublicKey,
    /// The message that should be signed, of any length.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a Signature,
}

/// Returns whether all signatures are valid. The result does not say which one is invalid.
///
/// It accepts exactly the batches of which [`verify`](crate::verify) accepts each signature, except with probability
/// 2^-128.
pub fn verify_batch(triples: &[Triple<'_>]) -> bool {
    let Some(parsed) = triples.iter().map(Parsed::new).collect::<Option<Vec<_>>>() else { return false };
    let mut keys = Keys::default();
    let mut of_generator = Scalar::ZERO;
    let coefficients = coefficients(triples);
    for ((triple, parsed), coefficient) in triples.iter().zip(&parsed).zip(&coefficients) {
        let coefficient = Scalar::from(*coefficient);
        of_generator += coefficient * parsed.s.as_ref();
        keys.add(triple.key, coefficient * parsed.challenge);
    }

    let nonces = triples.iter().map(|triple| nonce_x(triple.signature));
    let xs: Vec<_> = nonces.chain(keys.order.iter().map(|key| key.as_bytes())).collect();
    let Some(points) = lift_all(&xs) else { return false };
    let (nonces, owners) = points.split_at(triples.len());

    let mut terms = Vec::with_capacity(triples.len() + 2 * owners.len() + 2);
    terms.extend(nonces.iter().copied().zip(coefficients.into_iter().map(Half::positive)));
    for (point, scalar) in owners.iter().zip(&keys.scalars).chain([(&Point::generator(), &-of_generator)]) {
        let [plain, mapped] = split(scalar);
        terms.push((*point, plain));
        terms.push((point.endomorphism(), mapped));
    }
    sum_is_identity(&terms)
}

/// A triple with its scalars parsed.
struct Parsed {
    s: NonZeroScalar,
    challenge: Scalar,
}

impl Parsed {
    /// Parses a triple; `None` if its numbers are out of range. k256 parses them, so the range is that of single
    /// verification.
    fn new(triple: &Triple<'_>) -> Option<Self> {
        schnorr::Signature::from_slice(triple.signature.as_bytes()).ok()?;
        let s = NonZeroScalar::try_from(s_bytes(triple.signature).as_slice()).ok()?;
        Some(Self { s, challenge: challenge(triple) })
    }
}

/// The distinct keys in the order of their first signature, each with the sum of its scalars.
#[derive(Default)]
struct Keys<'a> {
    places: KeyedMap<&'a PublicKey, usize>,
    order: Vec<&'a PublicKey>,
    scalars: Vec<Scalar>,
}

impl<'a> Keys<'a> {
    fn add(&mut self, key: &'a PublicKey, scalar: Scalar) {
        let place = *self.places.entry(key).or_insert(self.order.len());
        match self.scalars.get_mut(place) {
            Some(sum) => *sum += scalar,
            None => {
                self.order.push(key);
                self.scalars.push(scalar);
            }
        }
    }
}

/// Returns BIP-340's challenge, `int(hash_BIP0340/challenge(bytes(R) || bytes(P) || m)) mod n`.
fn challenge(triple: &Triple<'_>) -> Scalar {
    let hash = TAGGED.clone().chain_update(nonce_x(triple.signature)).chain_update(triple.key.as_bytes());
    Scalar::reduce(&FieldBytes::from(<[u8; 32]>::from(hash.chain_update(triple.message).finalize())))
}

/// The hash state after the tag, as BIP-340 defines it.
static TAGGED: LazyLock<Sha256> = LazyLock::new(|| {
    let tag = Sha256::digest(b"BIP0340/challenge");
    Sha256::new().chain_update(tag).chain_update(tag)
});

/// Returns the x coordinate of the nonce's point.
fn nonce_x(signature: &Signature) -> &[u8; 32] {
    signature.as_bytes().first_chunk().expect("a signature has 64 bytes")
}

fn s_bytes(signature: &Signature) -> &[u8; 32] {
    signature.as_bytes().last_chunk().expect("a signature has 64 bytes")
}
