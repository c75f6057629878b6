//! What the tests of proofs share.

#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod bench;

use toycoin_core::{Work, proof::WorkProof};
use toycoin_light::{
    Challenge, ProofError, ProvedTip,
    test_util::{HeaderChain, Prover, verify_pardoning},
    verify,
};

/// Returns 32 bytes that a number fills, as a seed.
pub(crate) fn seed(number: u32) -> [u8; 32] {
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&number.to_le_bytes());
    seed
}

/// Returns a small amount of work.
pub(crate) fn work(hashes: u64) -> Work {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&hashes.to_be_bytes());
    Work::from_be_bytes(bytes)
}

/// Returns work as a number, which is small in tests.
pub(crate) fn hashes(work: Work) -> u64 {
    let bytes = work.to_be_bytes();
    assert_eq!(bytes[..24], [0; 24], "more work than a test does");
    u64::from_be_bytes(bytes[24..].try_into().unwrap())
}

/// Verifies a proof of a chain, when its tip is new.
pub(crate) fn judge(chain: &HeaderChain, proof: &WorkProof, challenge: &Challenge) -> Result<ProvedTip, ProofError> {
    verify(chain.params(), proof, challenge, chain.tip().header.time)
}

/// Proves a chain and verifies the proof.
pub(crate) fn prove_and_judge(chain: &HeaderChain, challenge: &Challenge) -> Result<ProvedTip, ProofError> {
    judge(chain, &Prover::new(chain).prove(challenge), challenge)
}

/// Proves a chain and verifies the proof without the checks that `pardon` picks.
pub(crate) fn prove_and_pardon(
    chain: &HeaderChain,
    challenge: &Challenge,
    pardon: impl Fn(&ProofError) -> bool,
) -> Result<ProvedTip, ProofError> {
    let proof = Prover::new(chain).prove(challenge);
    verify_pardoning(chain.params(), &proof, challenge, chain.tip().header.time, pardon)
}
