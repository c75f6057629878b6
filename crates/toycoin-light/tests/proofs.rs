//! Honest proofs are accepted, and say what the chain says.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use toycoin_light::{
    Challenge, LEAST_HEIGHT,
    test_util::{HeaderChain, Prover, networks},
    verify,
};

#[test]
fn an_honest_proof_gives_the_work_of_the_chain() {
    for params in [networks::moving(), networks::fixed()] {
        for blocks in [LEAST_HEIGHT, 103, 150, 400, 2_000] {
            let chain = HeaderChain::grown(params.clone(), blocks, blocks);
            let challenge = Challenge::new([7; 32]);
            let proof = Prover::new(&chain).prove(&challenge);
            let tip = verify(&params, &proof, &challenge, chain.tip().header.time).unwrap();
            assert_eq!((tip.hash(), tip.work()), (chain.tip().hash, chain.tip().work), "{blocks} blocks");
        }
    }
}
