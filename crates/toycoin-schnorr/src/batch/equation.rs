//! One equation for all signatures of a batch: scalars, and x coordinates of points.

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
    },
    triple::Triple,
};

/// The sum `Σ aᵢ Rᵢ + Σ kⱼ Pⱼ - s G`, which is the identity if all signatures of the batch are valid.
pub(super) struct Equation<'a> {
    /// The x coordinates of all Rᵢ, then those of the distinct keys Pⱼ. They need not be on the curve.
    pub(super) xs: Vec<&'a [u8; 32]>,
    /// The number of the Rᵢ, which are the first of `xs`.
    pub(super) nonces: usize,
    /// The scalar of each point, in this order:
    ///
    /// ```text
    ///   R₁ .. Rₙ | P₁ .. Pₖ  G | λP₁ .. λPₖ  λG
    /// ```
    pub(super) scalars: Vec<Half>,
}

impl<'a> Equation<'a> {
    /// Returns the equation of a batch, or `None` if a scalar or the x of an R is out of range. k256 parses them, so
    /// the range is that of single verification.
    pub(super) fn new(triples: &[Triple<'a>]) -> Option<Self> {
        let parsed = triples.iter().map(Parsed::new).collect::<Option<Vec<_>>>()?;
        let mut scalars = coefficients(triples);
        let coefficients: Vec<_> = scalars.iter().copied().map(Scalar::from).collect();
        let products = coefficients.iter().zip(&parsed);
        let of_generator: Scalar = products.clone().map(|(coefficient, parsed)| *coefficient * *parsed.s).sum();
        let of_keys = products.map(|(coefficient, parsed)| *coefficient * parsed.challenge);
        let keys = distinct_keys(triples.iter().map(|triple| triple.key).zip(of_keys).collect());

        let splits: Vec<_> = keys.iter().map(|(_, scalar)| split(scalar)).chain([split(&-of_generator)]).collect();
        let mut halves = Vec::with_capacity(scalars.len() + 2 * splits.len());
        halves.extend(scalars.drain(..).map(Half::positive));
        halves.extend(splits.iter().map(|[plain, _]| *plain));
        halves.extend(splits.iter().map(|[_, mapped]| *mapped));
        let nonces = triples.iter().map(Triple::nonce_x);
        let xs = nonces.chain(keys.iter().map(|(key, _)| *key)).collect();
        Some(Self { xs, nonces: triples.len(), scalars: halves })
    }
}

/// Adds up the scalars of each key. Sorting needs no hash map, hence no secret against keys that collide in one.
fn distinct_keys(mut keys: Vec<(&[u8; 32], Scalar)>) -> Vec<(&[u8; 32], Scalar)> {
    keys.sort_unstable_by_key(|(key, _)| *key);
    keys.dedup_by(|(key, scalar), (kept, sum)| {
        let is_equal = key == kept;
        if is_equal {
            *sum += &*scalar;
        }
        is_equal
    });
    keys
}

/// A triple with its scalars parsed.
struct Parsed {
    s: NonZeroScalar,
    challenge: Scalar,
}

impl Parsed {
    fn new(triple: &Triple<'_>) -> Option<Self> {
        schnorr::Signature::from_slice(triple.signature).ok()?;
        let s = NonZeroScalar::try_from(triple.s().as_slice()).ok()?;
        Some(Self { s, challenge: challenge(triple) })
    }
}

/// Returns BIP-340's challenge, `int(hash_BIP0340/challenge(bytes(R) || bytes(P) || m)) mod n`.
pub(super) fn challenge(triple: &Triple<'_>) -> Scalar {
    let hash = TAGGED.clone().chain_update(triple.nonce_x()).chain_update(triple.key);
    Scalar::reduce(&FieldBytes::from(<[u8; 32]>::from(hash.chain_update(triple.message).finalize())))
}

/// The hash state after the tag, as BIP-340 defines it.
static TAGGED: LazyLock<Sha256> = LazyLock::new(|| {
    let tag = Sha256::digest(b"BIP0340/challenge");
    Sha256::new().chain_update(tag).chain_update(tag)
});
