//! The input of a verification.

use crate::keys::{PublicKey, Signature};

/// A signature to be verified, with its key and message: the input of BIP-340's `Verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Triple<'a> {
    /// The key that should have signed.
    pub key: &'a PublicKey,
    /// The message that should be signed, of any length.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a Signature,
}
