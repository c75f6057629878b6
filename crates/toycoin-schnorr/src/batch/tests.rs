//! Tests that batches accept exactly what single verification accepts.

use std::sync::LazyLock;

use k256::{
    ProjectivePoint, Scalar, U256,
    elliptic_curve::{ff::PrimeField as _, point::AffineCoordinates as _},
    schnorr::SigningKey,
};
use proptest::prelude::*;

use super::{Path, Verifier, equation::challenge, verify_batch};
use crate::{Triple, verify};

/// A key, a message and a signature.
type Owned = ([u8; 32], Vec<u8>, [u8; 64]);

fn triples(owned: &[Owned]) -> Vec<Triple<'_>> {
    owned.iter().map(|(key, message, signature)| Triple { key, message, signature }).collect()
}

/// Verifies on all paths, which have to agree.
fn batch(owned: &[Owned]) -> bool {
    // kept, so that memory of one batch is used for the next
    static VERIFIERS: LazyLock<Vec<Verifier>> = LazyLock::new(|| Path::available().map(Verifier::new).collect());
    let triples = triples(owned);
    let holds = verify_batch(&triples);
    for verifier in &*VERIFIERS {
        assert_eq!(verifier.holds(&triples), holds, "{verifier:?}");
    }
    holds
}

fn singles(owned: &[Owned]) -> bool {
    owned.iter().all(|(key, message, signature)| verify(key, message, signature))
}

fn signed(key: u32, message: u8) -> Owned {
    let (secret, message) = (secret(key), vec![message; 32]);
    let signature = secret.sign_raw(&message, &[0; 32]).unwrap().to_bytes();
    (public(key), message, signature)
}

fn secret(key: u32) -> SigningKey {
    SigningKey::from_slice(blake3::hash(&key.to_le_bytes()).as_bytes()).unwrap()
}

fn public(key: u32) -> [u8; 32] {
    secret(key).verifying_key().to_bytes().into()
}

/// Returns the signature with its s replaced.
fn with_s(signature: &[u8; 64], s: [u8; 32]) -> [u8; 64] {
    let mut bytes = *signature;
    bytes[32..].copy_from_slice(&s);
    bytes
}

/// Returns the signature with the x of its R replaced.
fn with_r(signature: &[u8; 64], x: [u8; 32]) -> [u8; 64] {
    let mut bytes = *signature;
    bytes[..32].copy_from_slice(&x);
    bytes
}

fn s_of(signature: &[u8; 64]) -> Scalar {
    let s: [u8; 32] = *signature.last_chunk().unwrap();
    Scalar::from_repr(s.into()).unwrap()
}

#[test]
fn an_empty_batch_holds() {
    assert!(batch(&[]));
}

#[test]
fn one_wrong_signature_among_many_is_noticed() {
    let mut owned: Vec<_> = (0..40).map(|i| signed(i, 1)).collect();
    assert!(batch(&owned));
    for place in [0, 1, 20, 39] {
        let right = owned[place].clone();
        owned[place].1[5] ^= 1;
        assert!(!batch(&owned), "{place}");
        owned[place] = right;
    }
}

/// Batches of more points than are summed at a time, in windows that are wider than those of small batches.
#[test]
fn one_wrong_signature_in_a_large_batch_is_noticed() {
    let mut owned: Vec<_> = (0..1_500_u32).map(|i| signed(i % 1_000, (i / 1_000) as u8)).collect();
    assert!(batch(&owned));
    for place in [0, 749, 1_499] {
        let right = owned[place].clone();
        owned[place].2[63] ^= 1;
        assert!(!batch(&owned), "{place}");
        owned[place] = right;
    }
}

#[test]
fn errors_that_would_cancel_without_coefficients_do_not() {
    // the s of one is too large by the amount that the other is too small: without weights, the sum holds
    for (a, b) in [(0, 1), (1, 2), (3, 3)] {
        let mut owned = vec![signed(0, 0), signed(1, 1), signed(2, 2), signed(3, 3)];
        owned[a].2 = with_s(&owned[a].2, (s_of(&owned[a].2) + Scalar::ONE).to_bytes().into());
        owned[b].2 = with_s(&owned[b].2, (s_of(&owned[b].2) - Scalar::ONE).to_bytes().into());
        assert_eq!(batch(&owned), a == b);
        assert_eq!(singles(&owned), a == b);
    }
    // the signatures of two messages, swapped
    let (one, two) = (signed(0, 1), signed(0, 2));
    assert!(!batch(&[(one.0, one.1, two.2), (two.0, two.1, one.2)]));
}

#[test]
fn the_same_signature_many_times_holds_and_fails_as_one() {
    let right = signed(0, 7);
    assert!(batch(&vec![right.clone(); 70]));
    let mut wrong = right.clone();
    wrong.1[0] ^= 1;
    assert!(!batch(&vec![wrong.clone(); 70]));
    let mut mixed = vec![right; 70];
    mixed.push(wrong);
    assert!(!batch(&mixed));
}

/// Returns the x of a multiple of the generator, and the scalar whose multiple has this x and an even y.
fn even(scalar: Scalar) -> ([u8; 32], Scalar) {
    let point = (ProjectivePoint::GENERATOR * scalar).to_affine();
    (point.x().into(), if point.y_is_odd().into() { -scalar } else { scalar })
}

/// Signs as BIP-340 does, with a nonce that the signer chose.
fn signed_with(secret: Scalar, nonce: Scalar, message: Vec<u8>) -> Owned {
    let ((key, secret), (r, nonce)) = (even(secret), even(nonce));
    let unsigned = with_r(&[0; 64], r);
    let challenge = challenge(&Triple { key: &key, message: &message, signature: &unsigned });
    (key, message, with_s(&unsigned, (nonce + challenge * secret).to_bytes().into()))
}

#[test]
fn one_nonce_for_many_signatures_doubles_points_and_holds() {
    let secret = Scalar::from(12_345_u32);
    let sign = |message: u8, nonce: u32| signed_with(secret, Scalar::from(nonce), vec![message; 32]);
    let mut owned: Vec<_> = (0..100).map(|i| sign(i, 1 + u32::from(i) / 50)).collect();
    assert!(singles(&owned) && batch(&owned));
    // the nonce point equals the key's point, and the generator
    owned.push(sign(200, 12_345));
    assert!(singles(&owned) && batch(&owned));
    owned[50].1[0] ^= 1;
    assert!(!batch(&owned));
}

/// A signer may choose keys and nonces that are sums, negatives and images of one another, so that sums of some points
/// equal others.
#[test]
fn keys_and_nonces_with_relations_hold_and_fail_as_singles() {
    let lambda = hex("5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72");
    let lambda = Scalar::from_repr(lambda.into()).unwrap();
    let (one, other) = (Scalar::ONE, Scalar::from(12_345_u32));
    let images = vec![one, -one, lambda, lambda * lambda, -lambda, lambda + lambda];
    let sums = vec![one, other, one + other, one - other, other + other, other + other + one];
    let powers = (0..100).map(|bit| Scalar::from(1_u128 << bit)).collect();
    for related in [vec![one], images, sums, powers] {
        for length in [1, 2, 3, 8, 17, 70] {
            let at = |i: usize| related[i % related.len()];
            let sign = |i: usize| signed_with(at(i), at(i * i / 3), vec![i as u8; 3]);
            let mut owned: Vec<_> = (0..length).map(sign).collect();
            assert!(singles(&owned) && batch(&owned), "{length} of {related:?}");
            for place in 0..length {
                owned[place].1.push(0);
                assert!(!batch(&owned), "{place} in {length} of {related:?}");
                owned[place].1.pop();
            }
        }
    }
}

#[test]
fn numbers_out_of_range_are_refused_as_singles_refuse_them() {
    let mut spoilt = vec![changed(signed(0, 0), &Change::MinusS)];
    for number in edges() {
        spoilt.extend((0..3).map(|which| changed(signed(0, 0), &Change::Edge(which, number))));
    }
    for edge in spoilt {
        assert!(!singles(std::slice::from_ref(&edge)));
        assert!(!batch(std::slice::from_ref(&edge)), "{edge:?}");
        let mut owned: Vec<_> = (0..9).map(|i| signed(i, 3)).collect();
        owned.insert(4, edge);
        assert!(!batch(&owned));
    }
}

/// Edge cases: zero, small numbers, the largest, an x of no point, and both orders with their neighbours.
fn edges() -> Vec<[u8; 32]> {
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd03641";
    let field = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc";
    let around = |text: &str, last: u8| [last - 1, last, last + 1].map(|last| hex(&format!("{text}{last:02x}")));
    let mut edges = vec![[0; 32], small(1), small(5), [0xff; 32], [0x55; 32]];
    edges.extend(around(order, 0x41).into_iter().chain(around(field, 0x2f)));
    edges
}

fn hex(text: &str) -> [u8; 32] {
    U256::from_be_hex(text).to_be_bytes().into()
}

fn small(number: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[31] = number;
    bytes
}

/// A change that makes a valid signature invalid, or no change.
#[derive(Debug, Clone)]
enum Change {
    Nothing,
    Key(usize, u8),
    Message(usize, u8),
    Signature(usize, u8),
    MinusS,
    OtherKey,
    /// One of the three numbers (key, x of R, s) is set to this value.
    Edge(usize, [u8; 32]),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        40 => Just(Change::Nothing),
        1 => (0..32_usize, 0..8_u8).prop_map(|(byte, bit)| Change::Key(byte, bit)),
        1 => (0..32_usize, 0..8_u8).prop_map(|(byte, bit)| Change::Message(byte, bit)),
        1 => (0..64_usize, 0..8_u8).prop_map(|(byte, bit)| Change::Signature(byte, bit)),
        1 => Just(Change::MinusS),
        1 => Just(Change::OtherKey),
        1 => (0..3_usize, prop::sample::select(edges())).prop_map(|(which, number)| Change::Edge(which, number)),
    ]
}

fn changed((mut key, mut message, mut signature): Owned, change: &Change) -> Owned {
    match change {
        Change::Nothing => {}
        Change::Key(byte, bit) => key[*byte] ^= 1 << bit,
        Change::Message(byte, bit) => message[*byte] ^= 1 << bit,
        Change::Signature(byte, bit) => signature[*byte] ^= 1 << bit,
        Change::MinusS => signature = with_s(&signature, (-s_of(&signature)).to_bytes().into()),
        Change::OtherKey => key = public(99),
        Change::Edge(0, number) => key = *number,
        Change::Edge(1, number) => signature = with_r(&signature, *number),
        Change::Edge(_, number) => signature = with_s(&signature, *number),
    }
    (key, message, signature)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn accepts_exactly_what_singles_accept(
        parts in prop::collection::vec((0..6_u32, 0..4_u8, change()), 0..60),
    ) {
        let owned: Vec<_> = parts.iter().map(|(key, message, change)| changed(signed(*key, *message), change)).collect();
        prop_assert_eq!(batch(&owned), singles(&owned));
    }
}
