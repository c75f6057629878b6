//! Proofs of work in files, which nobody has asked for.

use thiserror::Error;
use toycoin_core::{ChainParams, proof::WorkProof};
use toycoin_wire::{DecodeError, EncodeError, codec, limits::MAX_BLOCK_PAYLOAD};

use crate::{Challenge, ProofError, ProvedTip, verify};

/// Most bytes of a proof: those of a `PROF` without its tag.
pub const MAX_PROOF: usize = MAX_BLOCK_PAYLOAD - 4;

/// The reason why a file is not a valid proof.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProofFileError {
    /// The bytes are no proof.
    #[error("the file is no proof of work: {0}")]
    Malformed(#[from] DecodeError),
    /// The proof is refused.
    #[error(transparent)]
    Refused(#[from] ProofError),
}

/// Returns the bytes of a proof: the body of a `PROF`.
///
/// # Errors
/// When the proof takes more than [`MAX_PROOF`] bytes.
pub fn encode_proof(proof: &WorkProof) -> Result<Vec<u8>, EncodeError> {
    codec::encode(proof, MAX_PROOF)
}

/// Parses the bytes of a proof, all of them. The proof is not verified.
///
/// # Errors
/// When the bytes are no proof, or more than [`MAX_PROOF`].
pub fn decode_proof(bytes: &[u8]) -> Result<WorkProof, DecodeError> {
    codec::decode(bytes, MAX_PROOF)
}

/// Verifies a proof in a file, whose samples answer [`Challenge::FILE`].
///
/// # Errors
/// When the bytes are no proof, or the proof is refused.
pub fn verify_file(params: &ChainParams, bytes: &[u8], now_ms: u64) -> Result<ProvedTip, ProofFileError> {
    Ok(verify(params, &decode_proof(bytes)?, &Challenge::FILE, now_ms)?)
}
