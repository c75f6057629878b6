//! Batches of signatures.

use std::sync::LazyLock;

use toycoin_core::{
    PublicKey, SecretKey, Signature,
    batch::{Path, Triple, Verifier},
    verify,
};

/// A key, a message and a signature.
type Signed = ([u8; 32], [u8; 32], [u8; 64]);

/// Most signatures of a batch.
const MAX_SIGNATURES: usize = 70;

/// Throws a batch at each path of this machine: all paths accept exactly what single verification accepts.
///
/// Each signature takes a byte that says which valid one it is, and a byte that says how it is changed. A change takes
/// its place or its number from the bytes that follow.
pub fn signatures(data: &[u8]) {
    // kept, so that a batch meets the memory of the one before
    static VERIFIERS: LazyLock<Vec<Verifier>> = LazyLock::new(|| Path::available().map(Verifier::new).collect());
    let mut rest = data;
    let mut batch = Vec::new();
    while let Some((signed, after)) = read(rest)
        && batch.len() < MAX_SIGNATURES
    {
        batch.push(signed);
        rest = after;
    }
    let triples: Vec<_> = batch.iter().map(|(key, message, signature)| Triple { key, message, signature }).collect();
    let singles = batch.iter().all(|(key, message, signature)| {
        verify(&PublicKey::from_bytes(*key), message, &Signature::from_bytes(*signature))
    });
    for verifier in &*VERIFIERS {
        assert_eq!(verifier.holds(&triples), singles, "{} and singles of {batch:02x?}", verifier.path());
    }
}

fn read(data: &[u8]) -> Option<(Signed, &[u8])> {
    let ([which, change], mut rest) = data.split_first_chunk()?;
    let (mut key, mut message, mut signature) = valid()[usize::from(*which) % valid().len()];
    match change {
        // a bit differs
        1..=3 => {
            let place;
            (place, rest) = rest.split_first()?;
            let bytes = match change {
                1 => &mut key[..],
                2 => &mut message[..],
                _ => &mut signature[..],
            };
            bytes[usize::from(*place) % bytes.len()] ^= 1 << (place >> 5);
        }
        // a number is given
        4..=6 => {
            let number;
            (number, rest) = rest.split_first_chunk::<32>()?;
            let place = match change {
                4 => &mut key[..],
                5 => &mut signature[..32],
                _ => &mut signature[32..],
            };
            place.copy_from_slice(number);
        }
        _ => {}
    }
    Some(((key, message, signature), rest))
}

/// Returns valid signatures of few keys and messages, so that batches repeat keys and nonces.
fn valid() -> &'static [Signed] {
    static VALID: LazyLock<Vec<Signed>> = LazyLock::new(|| {
        let sign = |i: u8| {
            let (key, message) = (SecretKey::classroom(u32::from(i) / 4), [i % 4; 32]);
            (key.public_key().to_bytes(), message, key.sign(&message).to_bytes())
        };
        (0..48).map(sign).collect()
    });
    &VALID
}
