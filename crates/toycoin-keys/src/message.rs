//! Signed texts: an owner says something, and no payment follows from it.
//!
//! A payment's signature signs `H_sighash(..)`, a text's signature `H_message(text)`. The two hashes have different
//! keys (docs/consensus.md, "Hashing"), so nobody can show a text to be signed that is a payment.

use toycoin_core::{Domain, PublicKey, SecretKey, Signature, verify};

/// Returns `H_message` of a text's bytes in UTF-8, without a length, an end or any normalization.
pub fn message_hash(text: &str) -> [u8; 32] {
    Domain::Message.hasher().bytes(text.as_bytes()).finish()
}

/// Signs a text by BIP-340, deterministically.
///
/// ```
/// use toycoin_core::SecretKey;
/// use toycoin_keys::{sign_message, verify_message};
///
/// let alice = SecretKey::classroom(0);
/// let signature = sign_message(&alice, "I pay the rent on Friday");
/// assert!(verify_message(&alice.public_key(), "I pay the rent on Friday", &signature));
/// assert!(!verify_message(&alice.public_key(), "I pay the rent on Monday", &signature));
/// ```
///
/// # Panics
/// When the derived nonce is zero, which has a chance of 2^-256.
pub fn sign_message(key: &SecretKey, text: &str) -> Signature {
    key.sign(&message_hash(text))
}

/// Returns whether `owner` signed a text.
pub fn verify_message(owner: &PublicKey, text: &str, signature: &Signature) -> bool {
    verify(owner, &message_hash(text), signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_no_sighash() {
        let (key, text) = (SecretKey::classroom(0), "pay Bob");
        let signature = sign_message(&key, text);
        assert!(verify_message(&key.public_key(), text, &signature));
        let as_sighash = Domain::Sighash.hasher().bytes(text.as_bytes()).finish();
        assert!(!verify(&key.public_key(), &as_sighash, &signature));
        assert!(!verify_message(&SecretKey::classroom(1).public_key(), text, &signature));
        assert!(!verify_message(&key.public_key(), "pay Bob ", &signature));
    }
}
