//! Keys and signatures: BIP-340 Schnorr over secp256k1.
//!
//! The message is the 32-byte sighash as it stands, with no hash of its own before it, as BIP-340 has it. An owner is
//! ANY 32 bytes: a coin whose owner is no point of the curve is valid, counted and unspendable, as in Bitcoin, so
//! [`PublicKey`] never fails to decode and the curve is asked only when a signature is judged.

use std::fmt;

use k256::schnorr;
use thiserror::Error;

use crate::{digest::digest, hex::Hex};

digest! {
    /// A coin's owner: an x-only public key, 32 bytes that need not lie on the curve.
    PublicKey, "a public key"
}

/// A BIP-340 signature, 64 bytes that are judged only by [`verify`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Wraps the bytes: the nonce point's x coordinate, then the scalar, both big-endian.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn to_bytes(self) -> [u8; 64] {
        self.0
    }

    /// Returns the bytes, borrowed.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Hex(&self.0), f)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Signature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::digest::serialize_bytes(&self.0, serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Signature {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::digest::deserialize_bytes(deserializer).map(Self)
    }
}

/// Returns whether `signature` is `key`'s for `message`, by BIP-340.
///
/// False too where key or signature encode no point or scalar.
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    let Ok(key) = schnorr::VerifyingKey::from_slice(key.as_bytes()) else { return false };
    let Ok(signature) = schnorr::Signature::from_slice(signature.as_bytes()) else { return false };
    key.verify_raw(message, &signature).is_ok()
}

/// Why 32 bytes are no secret key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a secret key is a number from 1 to the order of secp256k1, exclusive")]
pub struct SecretKeyError;

/// A secret key; erased from memory when dropped, never shown.
#[derive(Clone)]
pub struct SecretKey {
    key: schnorr::SigningKey,
}

impl SecretKey {
    /// Reads a big-endian number.
    ///
    /// # Errors
    /// When it is 0 or not below the order of the curve.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SecretKeyError> {
        schnorr::SigningKey::from_slice(bytes).map(|key| Self { key }).map_err(|_| SecretKeyError)
    }

    /// Returns the number, big-endian. Whoever sees it owns the coins.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes().into()
    }

    /// Returns the classroom's key `index`, whose secret everyone knows: BLAKE3 of `toycoin classroom key <index>`.
    ///
    /// Keys 0 to 3 own the first coins of the networks `lab` and `regtest`.
    ///
    /// # Panics
    /// For an index whose hash is no secret key; none is known, and the chance is below 2^-127.
    pub fn classroom(index: u32) -> Self {
        let bytes = blake3::hash(format!("toycoin classroom key {index}").as_bytes());
        Self::from_bytes(bytes.as_bytes()).expect("a hash below the order of the curve")
    }

    /// Returns the public key.
    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_bytes(self.key.verifying_key().to_bytes().into())
    }

    /// Signs a message by BIP-340, deterministically: the auxiliary randomness is 32 zero bytes.
    ///
    /// # Panics
    /// When the derived nonce is zero, which nobody has seen happen (chance 2^-256).
    pub fn sign(&self, message: &[u8]) -> Signature {
        self.sign_with(message, &[0; 32])
    }

    /// Signs with auxiliary randomness, which hardens a signer against fault and side-channel attacks.
    ///
    /// # Panics
    /// As [`sign`](Self::sign).
    pub fn sign_with(&self, message: &[u8], auxiliary: &[u8; 32]) -> Signature {
        let signature = self.key.sign_raw(message, auxiliary).expect("a nonce that is not zero");
        Signature(signature.to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public_key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_what_verifies_and_nothing_else() {
        let key = SecretKey::classroom(0);
        let signature = key.sign(&[1; 32]);
        assert!(verify(&key.public_key(), &[1; 32], &signature));
        assert!(!verify(&key.public_key(), &[2; 32], &signature));
        assert!(!verify(&SecretKey::classroom(1).public_key(), &[1; 32], &signature));
    }

    #[test]
    fn bytes_off_the_curve_verify_nothing() {
        let signature = SecretKey::classroom(0).sign(&[1; 32]);
        assert!(!verify(&PublicKey::from_bytes([0xff; 32]), &[1; 32], &signature));
        assert!(!verify(&SecretKey::classroom(0).public_key(), &[1; 32], &Signature::from_bytes([0xff; 64])));
        let error = "02ff".parse::<PublicKey>().unwrap_err();
        assert_eq!(error.to_string(), "a public key is written as 64 hex digits");
    }

    #[test]
    fn zero_is_no_secret_key() {
        assert!(matches!(SecretKey::from_bytes(&[0; 32]), Err(SecretKeyError)));
        assert!(matches!(SecretKey::from_bytes(&[0xff; 32]), Err(SecretKeyError)));
    }

    #[test]
    fn a_secret_is_not_shown() {
        let key = SecretKey::classroom(2);
        let shown = format!("{key:?}");
        assert!(!shown.contains(&Hex(&key.to_bytes()).to_string()));
    }
}
