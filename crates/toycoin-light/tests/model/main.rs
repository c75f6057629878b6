//! The verifier against a slow, obvious one that has all headers.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]
#![allow(clippy::cast_possible_truncation, reason = "chains of tests are short")]

mod change;
#[path = "../common/mod.rs"]
mod common;
mod verifier;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use change::{Change, apply, change};
use common::judge;
use proptest::prelude::*;
use toycoin_light::{
    Challenge, LEAST_HEIGHT, ProvedTip, Start, decode_proof, encode_proof,
    test_util::{HeaderChain, Prover, networks, work_of},
    verify,
};
use verifier::Model;

/// Long chains that many cases share.
static CHAINS: LazyLock<[HeaderChain; 2]> =
    LazyLock::new(|| [networks::moving(), networks::fixed()].map(|params| HeaderChain::grown(params, 2_000, 77)));

fn start_at(chain: &HeaderChain, height: u64) -> Start {
    let entry = chain.entries()[height as usize];
    Start { height, hash: entry.hash, work: entry.work, own_work: work_of(entry.header.bits) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_chain_is_proved_with_its_work(
        blocks in LEAST_HEIGHT..2_000, seed: [u8; 32], slices in 1_u16..60, chain_seed: u64, moves: bool, start: Option<u64>,
    ) {
        let params = if moves { networks::moving() } else { networks::fixed() };
        let chain = HeaderChain::grown(params.clone(), blocks, chain_seed);
        let start = start.map(|start| start_at(&chain, start % blocks));
        let challenge = Challenge { seed, slices, start };
        let proof = Prover::new(&chain).prove(&challenge);
        let now = chain.tip().header.time;
        prop_assert_eq!(judge(&chain, &proof, &challenge).unwrap().work(), chain.tip().work);
        let model = Model { params: &params, headers: chain.entries() };
        prop_assert_eq!(model.verify(&proof, &challenge, now), Some(chain.tip().work));
        // the encoding is as long as docs/light.md says, and is read again
        let bytes = encode_proof(&proof).unwrap();
        prop_assert_eq!(bytes.len(), proof.encoded_size());
        prop_assert_eq!(bytes.len(), 13_024 + 200 * proof.samples.len() + 32 * proof.nodes.len());
        prop_assert_eq!(decode_proof(&bytes), Ok(proof));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn model_and_verifier_agree_on_tampered_proofs(
        which in 0..2_usize, height in LEAST_HEIGHT..2_000, seed: [u8; 32], slices in 1_u16..40, start: Option<u64>,
        changes in prop::collection::vec(change(), 0..3),
    ) {
        let chain = &CHAINS[which];
        let start = start.map(|start| start_at(chain, start % height));
        let mut challenge = Challenge { seed, slices, start };
        let mut proof = Prover::new(chain).prove_at(height, &challenge);
        let now = proof.tip.time;
        for change in &changes {
            _ = apply(chain, &mut proof, &mut challenge, change);
        }
        let model = Model { params: chain.params(), headers: chain.entries() };
        let expected = model.verify(&proof, &challenge, now);
        let found = verify(chain.params(), &proof, &challenge, now);
        let work = found.as_ref().ok().map(ProvedTip::work);
        prop_assert_eq!(work, expected, "{:?}", found);
    }
}

#[test]
fn changes_of_the_model_are_accepted_and_refused() {
    // the property above would say nothing if all its changes were refused, or none
    let chain = &CHAINS[1];
    let challenge = Challenge::new([9; 32]);
    let mut verdicts = BTreeMap::new();
    for bit in 0..1_024 {
        let (mut proof, mut challenge) = (Prover::new(chain).prove_at(150, &challenge), challenge);
        if apply(chain, &mut proof, &mut challenge, &Change::Reproved(bit)).is_some() {
            let accepted = verify(chain.params(), &proof, &challenge, chain.tip().header.time).is_ok();
            *verdicts.entry((bit / 8, accepted)).or_insert(0) += 1;
        }
    }
    let accepted: BTreeSet<_> = verdicts.keys().filter(|(_, accepted)| *accepted).map(|(byte, _)| *byte).collect();
    // a tip may have any Merkle root, any later time and any nonce that mines
    assert!((32..64).all(|byte| accepted.contains(&byte)), "{accepted:?}");
    assert!((0..32).chain(64..80).chain(88..120).all(|byte| !accepted.contains(&byte)), "{accepted:?}");
}
