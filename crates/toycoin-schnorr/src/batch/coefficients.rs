//! The random-looking coefficients that keep one invalid signature from cancelling another.

use crate::triple::Triple;

/// The domain of this hash: BLAKE3's `derive_key` takes such a sentence.
const CONTEXT: &str = "toycoin 2026-11 coefficients of a batch verification";

/// Returns a coefficient for each triple: 1 for the first, 128 bits of one hash over ALL keys, messages and signatures
/// for the others.
///
/// If the hash left one of them out, it could be chosen after the coefficients, and two invalid signatures could
/// cancel. A length precedes each message, so no two batches have the same preimage.
pub(super) fn coefficients(triples: &[Triple<'_>]) -> Vec<u128> {
    // one long piece: BLAKE3 hashes its chunks in parallel
    let mut preimage = Vec::with_capacity(triples.iter().map(|triple| 104 + triple.message.len()).sum());
    for Triple { key, message, signature } in triples {
        preimage.extend_from_slice(*key);
        preimage.extend_from_slice(&(message.len() as u64).to_le_bytes());
        preimage.extend_from_slice(message);
        preimage.extend_from_slice(*signature);
    }
    let mut output = vec![0; 16 * triples.len()];
    blake3::Hasher::new_derive_key(CONTEXT).update(&preimage).finalize_xof().fill(&mut output);

    let mut coefficients: Vec<_> = output.as_chunks().0.iter().map(|bytes| u128::from_le_bytes(*bytes)).collect();
    if let Some(first) = coefficients.first_mut() {
        *first = 1;
    }
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_triple_moves_all_coefficients_but_the_first() {
        let of = |parts: &[(u8, &[u8], u8)]| {
            let bytes: Vec<_> =
                parts.iter().map(|(key, message, signature)| ([*key; 32], *message, [*signature; 64])).collect();
            let triples: Vec<_> =
                bytes.iter().map(|(key, message, signature)| Triple { key, message, signature }).collect();
            coefficients(&triples)
        };
        let base = of(&[(1, b"a", 3), (4, b"b", 6), (7, b"c", 9)]);
        assert_eq!(base[0], 1);
        for other in [
            of(&[(0, b"a", 3), (4, b"b", 6), (7, b"c", 9)]),
            of(&[(1, b"x", 3), (4, b"b", 6), (7, b"c", 9)]),
            of(&[(1, b"a", 0), (4, b"b", 6), (7, b"c", 9)]),
            of(&[(1, b"a", 3), (4, b"b", 6), (7, b"c", 0)]),
            of(&[(1, b"a", 3), (4, b"b", 6), (7, b"", 9)]),
        ] {
            assert_eq!(other[0], 1);
            assert!(base[1] != other[1] && base[2] != other[2]);
        }
        assert!(of(&[]).is_empty());
    }
}
