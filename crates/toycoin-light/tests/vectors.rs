//! Freezes points, proofs and the divisor of check 6 in docs/vectors/light.json.
//!
//! The file is regenerated and compared. `TOYCOIN_UPDATE_VECTORS=1` rewrites it instead: its diff is to be read as a
//! change of the protocol, for that is what it is.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]
#![allow(clippy::cast_possible_truncation, reason = "chains of tests are short")]

mod common;

use std::{collections::BTreeSet, env, fs};

use common::{seed, work};
use serde_json::{Value, json};
use toycoin_core::{
    BlockHash, ChainParams, Work,
    hex::Hex,
    proof::{Opening, TAIL, missing_subtrees, points},
};
use toycoin_light::{
    Challenge, Start, decode_proof, encode_proof, rise_divisor,
    test_util::{HeaderChain, Prover, networks, work_of},
    verify, verify_ancestry,
};
use toycoin_wire::codec;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/vectors/light.json");

#[test]
fn points_nodes_and_ids_are_as_frozen() {
    let found = json!({
        "about": "proofs of toycoin's light clients, docs/light.md; bytes are hex in their order, work is decimal",
        "points": [
            drawn(0, 0, 1, 1_000, 64_000),
            drawn(1, 2, 24, 202, 6_000),
            drawn(3, 4, 3, 16_777_216, u64::MAX),
            drawn(5, 6, 40, 7, 8),
        ],
        "rise": [
            rise(&ChainParams::lab()),
            rise(&ChainParams::reference()),
            rise(&ChainParams::regtest()),
            rise(&networks::moving()),
        ],
        "networks": [network(&networks::moving()), network(&networks::fixed())],
        "proofs": [
            proof(networks::fixed(), 102, Challenge::FILE, None),
            proof(networks::moving(), 260, Challenge { slices: 4, ..Challenge::new(seed(1)) }, None),
            proof(networks::moving(), 260, Challenge { slices: 4, ..Challenge::new(seed(1)) }, Some(120)),
            proof(networks::fixed(), 260, Challenge { slices: 2, ..Challenge::new(seed(2)) }, Some(200)),
        ],
        "ancestries": [
            ancestry(networks::fixed(), 102, &[0]),
            ancestry(networks::moving(), 260, &[1, 63, 64, 200, 259]),
        ],
    });
    if env::var_os("TOYCOIN_UPDATE_VECTORS").is_some_and(|value| value == "1") {
        let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
        fs::write(FILE, text).expect("docs/vectors can be written");
        return;
    }
    let text = fs::read_to_string(FILE).expect("docs/vectors/light.json");
    let frozen: Value = serde_json::from_str(&text).unwrap();
    for (name, value) in frozen.as_object().unwrap() {
        assert_eq!(Some(value), found.get(name), "{name}");
    }
    assert_eq!(frozen.as_object().unwrap().len(), found.as_object().unwrap().len());
}

fn hex(bytes: &[u8]) -> String {
    Hex(bytes).to_string()
}

fn decimal(works: impl IntoIterator<Item = Work>) -> Vec<String> {
    works.into_iter().map(|work| work.to_string()).collect()
}

fn drawn(seed_byte: u8, tip_byte: u8, slices: u16, tail: u64, total: u64) -> Value {
    let (seed, tip) = ([seed_byte; 32], BlockHash::from_bytes([tip_byte; 32]));
    let points = points(&seed, &tip, slices, work(tail), work(total));
    json!({
        "seed": hex(&seed), "tip": tip.to_string(), "slices": slices, "tail": tail.to_string(),
        "total": total.to_string(), "points": decimal(points),
    })
}

fn rise(params: &ChainParams) -> Value {
    let spec = params.spec();
    json!({
        "network": spec.name, "limit_bits": spec.limit_bits.to_string(), "k": rise_divisor(params),
        "spacing_ms": spec.retargeting.map(|retargeting| retargeting.spacing_ms),
        "half_life_ms": spec.retargeting.map(|retargeting| retargeting.half_life_ms),
    })
}

fn network(params: &ChainParams) -> Value {
    let spec = params.spec();
    json!({
        "network": spec.name, "genesis": hex(&params.genesis().header.to_bytes()),
        "genesis_hash": params.genesis_hash().to_string(), "limit_bits": spec.limit_bits.to_string(),
        "halving_interval": spec.halving_interval, "max_future_ms": spec.max_future_ms,
        "allocated": params.issued(0).grains().to_string(), "issued_at_260": params.issued(260).grains().to_string(),
        "genesis_opening": opening(&Opening::of(params.genesis_state())),
    })
}

fn opening(opening: &Opening) -> Value {
    json!({ "coins": hex(&opening.coins), "count": opening.count })
}

fn proof(params: ChainParams, blocks: u64, challenge: Challenge, start: Option<u64>) -> Value {
    let chain = HeaderChain::grown(params.clone(), blocks, 1);
    let start = start.map(|height| {
        let entry = chain.entries()[height as usize];
        Start { height, hash: entry.hash, work: entry.work, own_work: work_of(entry.header.bits) }
    });
    let challenge = Challenge { start, ..challenge };
    let proof = Prover::new(&chain).prove(&challenge);
    let tip = verify(&params, &proof, &challenge, chain.tip().header.time).unwrap();
    let bytes = encode_proof(&proof).unwrap();
    assert_eq!(decode_proof(&bytes).unwrap(), proof);

    let heights: Vec<_> = proof.samples.iter().map(|sample| sample.header.height).collect();
    let mut known: BTreeSet<_> = heights.iter().flat_map(|height| [height - 1, *height]).collect();
    known.extend((blocks - TAIL as u64 - 1..blocks).chain([start.map_or(0, |start| start.height)]));
    let known: Vec<_> = known.into_iter().collect();
    let subtrees = missing_subtrees(&known, blocks);
    assert_eq!(subtrees.len(), proof.nodes.len());
    let nodes = subtrees.iter().zip(&proof.nodes);
    let tail = tip.work().saturating_sub(proof.before_tail);
    json!({
        "network": params.spec().name, "seed": hex(&challenge.seed), "slices": challenge.slices,
        "start": start.map(|start| json!({
            "height": start.height, "hash": start.hash.to_string(), "work": start.work.to_string(),
            "own_work": start.own_work.to_string(),
        })),
        "proof": hex(&bytes), "tip": tip.hash().to_string(), "height": tip.height(), "work": tip.work().to_string(),
        "tail": tail.to_string(), "before_tail": proof.before_tail.to_string(),
        "points": decimal(points(&challenge.seed, &tip.hash(), challenge.slices, tail, tip.work())),
        "samples": heights,
        "nodes": nodes.map(|(tree, node)| json!([tree.first, tree.size, hex(node)])).collect::<Vec<_>>(),
    })
}

fn ancestry(params: ChainParams, blocks: u64, heights: &[u64]) -> Value {
    let chain = HeaderChain::grown(params.clone(), blocks, 1);
    let prover = Prover::new(&chain);
    let tip = verify(&params, &prover.prove(&Challenge::FILE), &Challenge::FILE, chain.tip().header.time).unwrap();
    let proof = prover.prove_ancestry(blocks, &heights.iter().copied().collect());
    let proved = verify_ancestry(&params, &tip, &proof).unwrap();
    json!({
        "network": params.spec().name, "tip": hex(&tip.header().to_bytes()), "opening": opening(&tip.opening()),
        "proof": hex(&codec::encode(&proof, usize::MAX).unwrap()),
        "work": decimal(proved.iter().map(|header| header.work())),
    })
}
