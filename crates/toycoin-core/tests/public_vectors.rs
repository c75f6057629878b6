//! The official vectors of BIP-340 and the published ones of aserti3-2d, from the folder that the environment variable
//! `TOYCOIN_PUBLIC_VECTORS` names; without it these tests say that they are skipped.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "in a test a failure is a panic"
)]

use std::{fs, path::PathBuf};

use toycoin_core::{
    CompactTarget, PublicKey, SecretKey, Signature, asert,
    batch::{Path, Triple, Verifier, verify_batch},
    hex, verify,
};

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("TOYCOIN_PUBLIC_VECTORS").filter(|folder| !folder.is_empty());
    if folder.is_none() {
        println!("skipped: TOYCOIN_PUBLIC_VECTORS does not name the folder of the public vectors");
    }
    folder.map(PathBuf::from)
}

fn bytes(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

#[test]
fn bip340_verifies_and_signs_as_published() {
    let Some(folder) = folder() else { return };
    let table = fs::read_to_string(folder.join("bip340.csv")).unwrap();
    let mut count = 0;
    let mut valid = Vec::new();
    for line in table.lines().skip(1).filter(|line| !line.is_empty()) {
        let fields: Vec<_> = line.split(',').collect();
        let key = PublicKey::from_bytes(hex::decode(fields[2]).unwrap());
        let message = bytes(fields[4]);
        let signature = Signature::from_bytes(hex::decode(fields[5]).unwrap());
        assert_eq!(verify(&key, &message, &signature), fields[6] == "TRUE", "vector {}", fields[0]);
        let triple = Triple { key: key.as_bytes(), message: &message, signature: signature.as_bytes() };
        for copies in [1, 2, 9] {
            assert_eq!(verify_batch(&vec![triple; copies]), fields[6] == "TRUE", "vector {} as a batch", fields[0]);
        }
        if fields[6] == "TRUE" {
            valid.push((key, message.clone(), signature));
        } else {
            // behind right ones
            let mut batch: Vec<_> = triples(&valid).collect();
            batch.push(triple);
            assert!(!verify_batch(&batch), "vector {} in a batch", fields[0]);
        }
        if let Some(secret) = hex::decode(fields[1]) {
            let secret = SecretKey::from_bytes(&secret).unwrap();
            assert_eq!(secret.public_key(), key);
            let signed = secret.sign_with(&message, &hex::decode(fields[3]).unwrap());
            assert_eq!(signed, signature, "vector {}", fields[0]);
        }
        count += 1;
    }
    assert!(count >= 19, "{count} vectors");
    assert!(verify_batch(&triples(&valid).collect::<Vec<_>>()), "all that are valid, as one batch");
}

fn triples(valid: &[(PublicKey, Vec<u8>, Signature)]) -> impl Iterator<Item = Triple<'_>> + Clone {
    valid.iter().map(|(key, message, signature)| Triple {
        key: key.as_bytes(),
        message,
        signature: signature.as_bytes(),
    })
}

/// Vectors whose signature should hold, and those whose should not.
type Vectors = [Vec<(PublicKey, Vec<u8>, Signature)>; 2];

fn bip340(folder: &std::path::Path) -> Vectors {
    let table = fs::read_to_string(folder.join("bip340.csv")).unwrap();
    let mut vectors = Vectors::default();
    for line in table.lines().skip(1).filter(|line| !line.is_empty()) {
        let fields: Vec<_> = line.split(',').collect();
        let key = PublicKey::from_bytes(hex::decode(fields[2]).unwrap());
        let signature = Signature::from_bytes(hex::decode(fields[5]).unwrap());
        vectors[usize::from(fields[6] != "TRUE")].push((key, bytes(fields[4]), signature));
    }
    vectors
}

/// A batch fills vectors of eight lanes, two at a time. So each vector stands at each place of batches of all sizes from
/// 1 to 17, among valid ones.
#[test]
fn bip340_vectors_are_judged_alike_in_each_lane() {
    let Some(folder) = folder() else { return };
    let [valid, invalid] = bip340(&folder);
    assert!(valid.len() >= 9 && invalid.len() >= 10);
    for verifier in Path::available().map(Verifier::new) {
        for size in 1..=17 {
            for place in 0..size {
                let others: Vec<_> = triples(&valid).cycle().skip(place + size).take(size - 1).collect();
                let with = |triple| [&others[..place], &[triple], &others[place..]].concat();
                for triple in triples(&valid) {
                    assert!(verifier.holds(&with(triple)), "{triple:?} at {place} of {size}, {verifier:?}");
                }
                for triple in triples(&invalid) {
                    assert!(!verifier.holds(&with(triple)), "{triple:?} at {place} of {size}, {verifier:?}");
                }
            }
        }
    }
}

#[test]
fn asert_gives_the_published_targets() {
    let Some(folder) = folder() else { return };
    let mut count = 0;
    for run in 1..=12 {
        let text = fs::read_to_string(folder.join(format!("aserti3-2d/run{run:02}"))).unwrap();
        let header = |name: &str| {
            // "anchor ancestor time" in most runs, "anchor parent time" in the last
            let line = text.lines().find(|line| line.contains("anchor") && line.contains(name)).unwrap();
            line.rsplit(' ').next().unwrap().to_owned()
        };
        let bits =
            |text: &str| CompactTarget::from_bits(u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap());
        let anchor_height: u64 = header(" height:").parse().unwrap();
        let anchor_time: i64 = header(" time:").parse().unwrap();
        let anchor = bits(&header(" nBits:")).to_target().unwrap();
        let limit = bits("1d00ffff").to_target().unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let fields: Vec<_> = line.split(' ').collect();
            let (height, time): (u64, i64) = (fields[1].parse().unwrap(), fields[2].parse().unwrap());
            let elapsed_ms = (time - anchor_time) * 1_000;
            let intervals = height - anchor_height + 1;
            let found = asert(anchor, elapsed_ms, intervals, 600_000, 172_800_000, limit);
            assert_eq!(found, bits(fields[3]), "run {run}: {line}");
            count += 1;
        }
    }
    assert!(count > 1_000, "{count} targets");
}
