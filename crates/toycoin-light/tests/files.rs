//! Proofs in files: bytes of the challenge that everybody knows.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

mod common;

use common::seed;
use toycoin_light::{
    Challenge, MAX_PROOF, ProofError, ProofFileError, decode_proof, encode_proof,
    test_util::{HeaderChain, Prover, networks},
    verify_file,
};
use toycoin_wire::NodeMessage;

#[test]
fn a_file_is_the_body_of_a_prof_and_is_verified() {
    let chain = HeaderChain::grown(networks::moving(), 700, 1);
    let proof = Prover::new(&chain).prove(&Challenge::FILE);
    let bytes = encode_proof(&proof).unwrap();
    let payload = NodeMessage::Proof(proof.clone()).encode().unwrap();
    assert_eq!(payload, [b"PROF", bytes.as_slice()].concat());
    let now = chain.tip().header.time;
    assert_eq!(verify_file(chain.params(), &bytes, now).unwrap().work(), chain.tip().work);
    assert_eq!(decode_proof(&bytes), Ok(proof));

    // cut anywhere, or with a byte too many, it is none
    for length in [0, 1, 127, 13_023, bytes.len() - 1] {
        let error = verify_file(chain.params(), &bytes[..length], now).unwrap_err();
        assert!(matches!(error, ProofFileError::Malformed(_)), "{length} bytes: {error}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(verify_file(chain.params(), &longer, now), Err(ProofFileError::Malformed(_))));
    assert!(matches!(verify_file(chain.params(), &vec![0; MAX_PROOF + 1], now), Err(ProofFileError::Malformed(_))));
    // lengths from outside allocate nothing
    let mut endless = bytes;
    endless[168..176].fill(0xff);
    assert!(matches!(verify_file(chain.params(), &endless, now), Err(ProofFileError::Malformed(_))));
}

#[test]
fn an_answer_to_a_question_is_no_file() {
    // who chooses the seed, or fewer slices, chooses the points
    let chain = HeaderChain::grown(networks::moving(), 700, 1);
    for challenge in [Challenge { seed: seed(1), ..Challenge::FILE }, Challenge { slices: 24, ..Challenge::FILE }] {
        let bytes = encode_proof(&Prover::new(&chain).prove(&challenge)).unwrap();
        let error = verify_file(chain.params(), &bytes, chain.tip().header.time).unwrap_err();
        let asked = matches!(
            error,
            ProofFileError::Refused(ProofError::PointUncovered { .. } | ProofError::SampleUnasked { .. })
        );
        assert!(asked, "{error}");
    }
}
