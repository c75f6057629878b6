//! A verifier with checks switched off, to show what each prevents.

use toycoin_core::{ChainParams, proof::WorkProof};

use crate::{Challenge, ProofError, ProvedTip, verify::Verifier};

/// Verifies as [`verify`](crate::verify) does, but passes over the failures that `pardon` picks.
///
/// # Errors
/// The first check that fails and is not pardoned. A failure after which nothing can be computed, such as a missing
/// node, cannot be pardoned.
pub fn verify_pardoning(
    params: &ChainParams,
    proof: &WorkProof,
    challenge: &Challenge,
    now_ms: u64,
    pardon: impl Fn(&ProofError) -> bool,
) -> Result<ProvedTip, ProofError> {
    Verifier { params, proof, challenge, start: challenge.start_or_genesis(params), pardon }.verify(now_ms)
}
