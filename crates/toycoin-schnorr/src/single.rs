//! Verification of one signature.

use k256::schnorr;

/// Returns whether `signature` is a valid BIP-340 signature of `message` by `key`.
///
/// Returns false if the key or the signature encodes no point or scalar.
pub fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let Ok(key) = schnorr::VerifyingKey::from_slice(key) else { return false };
    let Ok(signature) = schnorr::Signature::from_slice(signature) else { return false };
    key.verify_raw(message, &signature).is_ok()
}
