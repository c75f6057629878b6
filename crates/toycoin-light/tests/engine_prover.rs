//! The engine's prover gives the proofs of the slow one, and the verifiers accept them.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]
#![allow(clippy::cast_possible_truncation, reason = "chains of tests are short")]

mod common;

use std::collections::BTreeSet;

use common::{judge, seed};
use toycoin_core::{
    BlockHash, Chain, ChainParams,
    chain::ProvedWork,
    proof::Opening,
    test_util::{classroom, grow},
};
use toycoin_light::{
    Challenge, LEAST_HEIGHT,
    test_util::{HeaderChain, Prover, networks, work_of},
    verify_ancestry, verify_receipt,
};

/// Returns a chain of the engine, and its headers with the openings of its states.
fn grown(params: ChainParams, blocks: u64) -> (Chain<toycoin_core::MemoryStore>, HeaderChain) {
    let (mut chain, mut headers) = (Chain::in_memory(params.clone()), HeaderChain::new(params));
    for _ in 0..blocks {
        grow(&mut chain, 1, classroom::owner(0));
        let header = chain.headers().best().header;
        headers.append(header, Opening::of(chain.state()), work_of(header.bits));
    }
    (chain, headers)
}

#[test]
fn the_engine_proves_work_as_the_slow_prover_does() {
    for params in [networks::moving(), networks::fixed()] {
        let (chain, headers) = grown(params, 333);
        let prover = Prover::new(&headers);
        for tip in (LEAST_HEIGHT..=333).step_by(21) {
            for start in [0, 1, 7, tip - 102, tip - 101, tip - 100, tip - 99, tip - 1] {
                let entry = headers.entries()[start as usize];
                let own_work = work_of(entry.header.bits);
                let from = toycoin_light::Start { height: start, hash: entry.hash, work: entry.work, own_work };
                let challenge = Challenge::new(seed(tip as u32)).with_start(from);
                let hash = headers.entries()[tip as usize].hash;
                let answer = chain.prove_work(&hash, &challenge.seed, challenge.slices, &entry.hash).unwrap();
                let ProvedWork::Proof(proof) = answer else { panic!("{tip} from {start}: {answer:?}") };
                assert_eq!(*proof, prover.prove_at(tip, &challenge), "{tip} from {start}");
                let proved = judge(&headers, &proof, &challenge).unwrap();
                assert_eq!(proved.work(), headers.entries()[tip as usize].work);
            }
        }
    }
}

#[test]
fn the_engine_proves_ancestors_and_payments() {
    let (chain, headers) = grown(networks::fixed(), 250);
    let (tip, zeros) = (chain.tip().hash, BlockHash::ZERO);
    let answer = chain.prove_work(&zeros, &Challenge::FILE.seed, Challenge::FILE.slices, &zeros).unwrap();
    let ProvedWork::Proof(proof) = answer else { panic!("{answer:?}") };
    let proved = judge(&headers, &proof, &Challenge::FILE).unwrap();
    let heights = BTreeSet::from([0, 1, 100, 101, 249]);
    let hashes: Vec<_> = heights.iter().rev().map(|height| headers.entries()[*height as usize].hash).collect();
    let answer = chain.prove_ancestors(&tip, &hashes).unwrap();
    assert_eq!(answer.proof, Prover::new(&headers).prove_ancestry(250, &heights));
    let ancestors = verify_ancestry(chain.params(), &proved, &answer.proof).unwrap();
    assert_eq!(ancestors.iter().map(|header| header.height()).collect::<BTreeSet<_>>(), heights);
    for header in &ancestors[1..] {
        let txid = chain.block(&header.hash()).unwrap().unwrap().block().coinbase.txid();
        let receipt = chain.receipt(&txid).unwrap().unwrap();
        assert_eq!(verify_receipt(&receipt, header.header()), Ok(txid));
    }
}
