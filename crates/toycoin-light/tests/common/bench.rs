//! A right proof, and what is done to it.

use std::collections::BTreeSet;

use toycoin_core::{
    ChainParams,
    proof::{TAIL, WorkProof},
};
use toycoin_light::{
    Challenge, ProofError,
    test_util::{HeaderChain, Prover},
};

use super::{judge, seed};

/// A proof that is right, and a tally of what was done to it.
pub(crate) struct Bench {
    pub(crate) chain: HeaderChain,
    pub(crate) challenge: Challenge,
    pub(crate) proof: WorkProof,
    pub(crate) tried: usize,
    pub(crate) seen: BTreeSet<String>,
}

impl Bench {
    pub(crate) fn new(params: ChainParams, blocks: u64) -> Self {
        let chain = HeaderChain::grown(params, blocks, blocks);
        let challenge = Challenge::new(seed(11));
        let proof = Prover::new(&chain).prove(&challenge);
        let tip = judge(&chain, &proof, &challenge).expect("an honest proof");
        assert_eq!(tip.work(), chain.tip().work);
        Self { chain, challenge, proof, tried: 0, seen: BTreeSet::new() }
    }

    /// Asserts that a changed proof is refused for a reason that fits.
    pub(crate) fn refuse(
        &mut self,
        what: &str,
        change: impl FnOnce(&mut WorkProof),
        fits: impl Fn(ProofError) -> bool,
    ) {
        let mut proof = self.proof.clone();
        change(&mut proof);
        self.refuse_proof(what, &proof, fits);
    }

    pub(crate) fn refuse_proof(&mut self, what: &str, proof: &WorkProof, fits: impl Fn(ProofError) -> bool) {
        assert_ne!(*proof, self.proof, "{what}: nothing was changed");
        let error = judge(&self.chain, proof, &self.challenge).expect_err(what);
        assert!(fits(error), "{what}: {error:?}");
        assert!(!error.is_deferred(), "{what}");
        self.seen.insert(format!("{error:?}").split([' ', '(']).next().unwrap().to_owned());
        self.tried += 1;
    }

    /// Asserts that a changed proof is refused with exactly this error.
    pub(crate) fn refuse_with(&mut self, what: &str, error: ProofError, change: impl FnOnce(&mut WorkProof)) {
        self.refuse(what, change, |found| found == error);
    }

    /// Returns the height of the tail's first header.
    pub(crate) fn tail_from(&self) -> u64 {
        self.chain.height() - TAIL as u64
    }
}
