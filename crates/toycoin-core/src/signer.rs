//! Whoever signs for owners.

use crate::{
    digest::Sighash,
    keys::{PublicKey, SecretKey, Signature},
};

/// Signs payments for the owners whose keys it has: a secret key, an unlocked wallet, or a device.
pub trait Signer {
    /// Signs what a payment's signatures sign, for the owner of one of its coins. Returns `None` if the owner's key is
    /// not here.
    fn sign(&self, owner: &PublicKey, sighash: &Sighash) -> Option<Signature>;
}

impl Signer for SecretKey {
    fn sign(&self, owner: &PublicKey, sighash: &Sighash) -> Option<Signature> {
        (self.public_key() == *owner).then(|| Self::sign(self, sighash.as_bytes()))
    }
}
