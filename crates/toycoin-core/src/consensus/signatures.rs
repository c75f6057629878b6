//! The one door of signature checks.
//!
//! Connecting a block collects its checks as plain triples and hands them over together, so that verifying in batches,
//! remembering what was verified, and spreading over cores have one place to happen.

use crate::{
    digest::Sighash,
    keys::{PublicKey, Signature, verify},
};

/// One signature to be judged: is it this key's, of this message?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignatureCheck {
    /// The owner of the coin that is spent.
    pub key: PublicKey,
    /// The spending transaction's sighash.
    pub message: Sighash,
    /// The input's signature.
    pub signature: Signature,
}

impl SignatureCheck {
    /// Judges it by itself.
    pub fn holds(&self) -> bool {
        verify(&self.key, self.message.as_bytes(), &self.signature)
    }
}

/// Judges signatures: a pure function, whatever it does to be fast.
///
/// Every implementation must accept exactly what [`PlainVerifier`] accepts, or networks split.
pub trait SignatureVerifier: Send + Sync {
    /// Returns the place of the first check that does not hold, `None` if all hold.
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize>;
}

/// Judges one signature after the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainVerifier;

impl SignatureVerifier for PlainVerifier {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        checks.iter().position(|check| !check.holds())
    }
}
