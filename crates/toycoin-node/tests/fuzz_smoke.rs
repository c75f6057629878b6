//! What the fuzzer calls, with random bytes, on any compiler: a smoke test, not a search.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

#[path = "../../../fuzz/src/lib.rs"]
#[allow(dead_code, unreachable_pub, reason = "a crate of its own elsewhere")]
mod fuzz;

/// What is fuzzed.
type Target = fn(&[u8]);

/// Hands random bytes of all lengths up to `longest` to a function.
fn throw(rounds: u32, longest: usize, target: Target) {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(rounds));
    let mut bytes = vec![0; longest];
    for round in 0..rounds {
        let length = usize::try_from(round).unwrap_or(0) % longest;
        rng.fill_bytes(&mut bytes[..length]);
        target(&bytes[..length]);
    }
}

/// Random bytes behind a tag, which random bytes would hardly ever hit.
fn tagged(rounds: u32, tags: &[&[u8; 4]], framed: bool, target: Target) {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(rounds));
    for round in 0..rounds {
        let tag = tags[usize::try_from(round).unwrap_or(0) % tags.len()];
        let mut body = vec![0; usize::try_from(rng.next_u32() % 300).unwrap_or(0)];
        rng.fill_bytes(&mut body);
        // small counts are what leads deeper
        for byte in &mut body {
            *byte = if rng.next_u32() % 2 == 0 { 0 } else { *byte };
        }
        let length = u32::try_from(4 + body.len()).unwrap_or(4).to_be_bytes();
        let frame = [if framed { &length[..] } else { &[] }, tag, &body].concat();
        target(&frame);
    }
}

#[test]
fn frames() {
    throw(20_000, 300, fuzz::frames);
}

#[test]
fn relay_messages() {
    throw(20_000, 100, fuzz::relay_messages);
    let tags = [b"HELO", b"WELC", b"SUBS", b"UNSB", b"PUBL", b"DELV", b"LAGD", b"PING", b"PONG", b"GBYE"];
    tagged(50_000, &tags, true, fuzz::relay_messages);
}

#[test]
fn node_messages() {
    let tags =
        [b"STAT", b"TXN ", b"BLOC", b"GHDR", b"HDRS", b"GBLK", b"NOTF", b"GTXN", b"RJCT", b"CBLK", b"GBTX", b"BTXS"];
    tagged(100_000, &tags, false, fuzz::node_messages);
}

#[test]
fn relay_machine() {
    throw(3_000, 600, fuzz::relay_machine);
}

#[test]
fn node_machine() {
    throw(1_500, 400, fuzz::node_machine);
}

#[test]
fn texts() {
    throw(20_000, 80, fuzz::texts);
}

#[test]
fn proofs() {
    throw(5_000, 60, fuzz::proofs);
}

#[test]
fn exports() {
    throw(20_000, 200, fuzz::exports);
}

#[test]
fn filters() {
    throw(20_000, 80, fuzz::filters);
    // small differences are what decodes
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for count in 0..2_000_u32 {
        let count = count % 20;
        let mut bytes = vec![0; 2 + usize::try_from(count * 21).unwrap_or(0).div_ceil(8)];
        rng.fill_bytes(&mut bytes);
        for byte in &mut bytes {
            *byte &= 0x55;
        }
        bytes[..2].copy_from_slice(&[0, u8::try_from(count).unwrap_or(0)]);
        fuzz::filters(&bytes);
    }
}

#[test]
fn key_file() {
    throw(20_000, 200, fuzz::key_file);
    // wallets with some bytes changed; most open no more
    let seeds: [&[u8]; 3] = [
        include_bytes!("../../../fuzz/seeds/key_file/private"),
        include_bytes!("../../../fuzz/seeds/key_file/watch"),
        include_bytes!("../../../fuzz/seeds/key_file/single"),
    ];
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for round in 0..3_000_u32 {
        let mut bytes = seeds[usize::try_from(round).unwrap_or(0) % seeds.len()].to_vec();
        for _ in 0..=round % 2 {
            let place = usize::try_from(rng.next_u64()).unwrap_or(0) % bytes.len();
            bytes[place] = b"0123456789abcdef\"{}[]:, "[usize::try_from(rng.next_u32()).unwrap_or(0) % 24];
        }
        fuzz::key_file(&bytes);
    }
}

#[test]
fn receipts() {
    throw(20_000, 200, fuzz::receipts);
    // a receipt with some bytes changed
    let seed = include_bytes!("../../../fuzz/seeds/receipts/payment");
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for round in 0..5_000_u32 {
        let mut bytes = seed.to_vec();
        for _ in 0..=round % 3 {
            let place = usize::try_from(rng.next_u64()).unwrap_or(0) % bytes.len();
            bytes[place] = b"0123456789abcdef\"{}[]:, "[usize::try_from(rng.next_u32()).unwrap_or(0) % 24];
        }
        fuzz::receipts(&bytes);
    }
}

#[test]
fn signatures() {
    // most signatures are left valid, so that some batches hold
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for round in 0..480_u32 {
        let mut bytes = vec![0; usize::try_from(round % 160).unwrap_or(0)];
        rng.fill_bytes(&mut bytes);
        let spoilt = rng.next_u32() % 4;
        for (place, byte) in bytes.iter_mut().enumerate().filter(|(place, _)| place % 2 == 1) {
            let is_spoilt = spoilt == 0 && place % 64 == 33;
            *byte = if is_spoilt { *byte % 7 } else { 0 };
        }
        fuzz::signatures(&bytes);
    }
}

#[cfg(feature = "redb")]
#[test]
fn records() {
    throw(100_000, 120, fuzz::records);
    // as long as the records of each table, and sealed
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for (place, length) in (0u8..).zip([32 + 141, 8 + 76, 36 + 48, 32 + 12, 32 + 8 + 8 + 2_048 + 8, 8 + 40]) {
        for _ in 0..1_000 {
            let mut bytes = vec![0; 1 + length];
            rng.fill_bytes(&mut bytes);
            bytes[0] = place << 1 | 1;
            fuzz::records(&bytes);
        }
    }
    // a filter has any length
    for length in 0..1_000 {
        let mut bytes = vec![0; 1 + 8 + 4 + length % 90];
        rng.fill_bytes(&mut bytes);
        bytes[0] = 6 << 1 | 1;
        fuzz::records(&bytes);
    }
}

/// What the fuzzer begins with: frozen vectors, and what a simulated network said.
#[test]
fn seeds() {
    let targets: &[(&str, Target)] = &[
        ("exports", fuzz::exports),
        ("filters", fuzz::filters),
        ("frames", fuzz::frames),
        ("key_file", fuzz::key_file),
        ("node_machine", fuzz::node_machine),
        ("node_messages", fuzz::node_messages),
        ("proofs", fuzz::proofs),
        ("receipts", fuzz::receipts),
        ("relay_machine", fuzz::relay_machine),
        ("relay_messages", fuzz::relay_messages),
        #[cfg(feature = "redb")]
        ("records", fuzz::records),
        ("signatures", fuzz::signatures),
        ("texts", fuzz::texts),
    ];
    for (name, target) in targets {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
        let files: Vec<_> = folder.read_dir().unwrap().map(|file| file.unwrap().path()).collect();
        assert!(!files.is_empty(), "{name} has no seeds");
        files.iter().for_each(|file| target(&std::fs::read(file).unwrap()));
    }
}
