//! Keys and signatures: BIP-340 Schnorr over secp256k1.
//!
//! The message is the 32-byte sighash itself, as BIP-340 has it, without another hash before it. An owner is ANY 32
//! bytes. As in Bitcoin, a coin whose owner is not a point on the curve is valid, counted and unspendable.
//! [`PublicKey`] therefore always decodes, and only verification uses the curve.

use std::fmt;

use k256::schnorr;
use thiserror::Error;

use crate::{digest::digest, hex::Hex};

digest! {
    /// A coin's owner: an x-only public key, 32 bytes that need not lie on the curve.
    PublicKey, "a public key"
}

/// A BIP-340 signature of 64 bytes. Only [`verify`] judges it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Wraps the bytes: the x coordinate of the nonce point, then the scalar, both big-endian.
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

/// Returns whether `signature` is a valid BIP-340 signature of `message` by `key`.
///
/// Returns false if the key or the signature encodes no point or scalar.
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    toycoin_schnorr::verify(key.as_bytes(), message, signature.as_bytes())
}

/// The error for 32 bytes that are not a secret key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a secret key is a number from 1 to the order of secp256k1, exclusive")]
pub struct SecretKeyError;

/// A secret key. It is erased from memory when dropped, and never shown.
#[derive(Clone)]
pub struct SecretKey {
    key: schnorr::SigningKey,
}

impl SecretKey {
    /// Parses a big-endian number.
    ///
    /// # Errors
    /// When the number is 0 or not below the order of the curve.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SecretKeyError> {
        schnorr::SigningKey::from_slice(bytes).map(|key| Self { key }).map_err(|_| SecretKeyError)
    }

    /// Returns the number, big-endian. Anyone who knows it can spend the owner's coins.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes().into()
    }

    /// Returns classroom key `index`, whose secret is public: BLAKE3 of `toycoin classroom key <index>`.
    ///
    /// Keys 0 to 3 own the first coins of the networks `lab` and `regtest`.
    ///
    /// # Panics
    /// When the hash is not a secret key. No such index is known, and the chance is below 2^-127.
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
    /// When the derived nonce is zero, which has a chance of 2^-256.
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
