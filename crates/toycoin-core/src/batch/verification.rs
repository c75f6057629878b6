//! One equation for all signatures of a batch.

use std::sync::LazyLock;

use k256::{
    FieldBytes, NonZeroScalar, Scalar,
    elliptic_curve::ops::Reduce,
    schnorr,
    sha2::{Digest, Sha256},
};

use crate::{
    batch::{
        coefficients::coefficients,
        endomorphism::{Half, split},
        lift::lift_all,
        multiply::sum_is_identity,
        point::Point,
        triple::Triple,
    },
    keyed_map::KeyedMap,
    keys::{PublicKey, Signature},
};

/// Smallest batch that costs less than single verification of its signatures (measured: docs/performance.md).
pub const CROSSOVER: usize = 4;

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

#[cfg(test)]
mod tests;
